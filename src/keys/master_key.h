/*-------------------------------------------------------------------------
 *
 * master_key.h
 *		The master keys of this backend.
 *
 * They are read from apikey.master_key_source on first use, and again after
 * each reload of the configuration; key_loader.h has the details.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_MASTER_KEY_H
#define APIKEY_MASTER_KEY_H

#include "utils/timestamp.h"

#include "compat.h"
#include "core/keys.h"
#include "keys/key_source.h"

#define APIKEY_MASTER_ID_TEXT	(2 * APIKEY_MASTER_ID_SIZE + 1)

/* Newest first; the first one is the primary key.  Owned by master_key.c. */
typedef struct ApikeyMasterKeys
{
	int			count;
	uint64		generation;		/* changes when the keys are read again */
	ApikeyMasterKey *keys[APIKEY_KEYTEXT_MAX_KEYS];
} ApikeyMasterKeys;

/*
 * The keys, or NULL with *error filled.  The result is valid until the next call.
 * Raises an error only if a wait for the source is cancelled.
 */
extern const ApikeyMasterKeys *apikey_master_keys_try(ApikeyKeySourceError *error);

/*
 * Have the next call read the source again, even without a reload: for
 * functions that must not work with older keys.
 */
extern void apikey_master_keys_reread(void);

/* Marks this moment, for apikey_master_keys_extend(). */
extern uint64 apikey_master_keys_moment(void);

/*
 * Read the source again, unless that has happened since a moment, for a key that
 * is missing: keys that are new in the source are added behind the loaded keys,
 * which stay, also if that fails.  Returns false if it was put off, since a
 * command ran a few seconds ago.
 */
extern bool apikey_master_keys_extend(uint64 since);

/*
 * Are keys in use though their source could not be read?  Then *error says why,
 * and *until until when at most.
 */
extern bool apikey_master_keys_are_stale(ApikeyKeySourceError *error,
										 TimestampTz *until);

/* The same as apikey_master_keys_try(), but raises KA001. */
extern const ApikeyMasterKeys *apikey_master_keys(void);

/* The key with that id (APIKEY_MASTER_ID_SIZE bytes), or NULL. */
extern const ApikeyMasterKey *apikey_master_keys_find(const ApikeyMasterKeys *keys,
													  const uint8_t *id);

/*
 * An id as 16 hexadecimal digits, terminated by a zero; text has room for
 * APIKEY_MASTER_ID_TEXT bytes.
 */
extern void apikey_master_key_id_text(const uint8_t *id, char *text);

/*
 * The ids of all keys, in their order and separated by commas, for a message;
 * palloc'ed.
 */
extern char *apikey_master_key_id_list(const ApikeyMasterKeys *keys);

/* Raise KA001 for a failure of apikey_master_keys_try(). */
pg_noreturn extern void apikey_master_keys_raise(const ApikeyKeySourceError *error);

/*
 * The value of apikey.master_key_source.  Not every role may see it: see
 * apikey_key_source_shown() and apikey_key_source_scheme().
 */
extern const char *apikey_master_key_source(void);

/* Define apikey.master_key_source; called once, by _PG_init. */
extern void apikey_master_key_init(void);

#endif							/* APIKEY_MASTER_KEY_H */
