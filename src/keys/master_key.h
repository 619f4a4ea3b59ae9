/*-------------------------------------------------------------------------
 *
 * master_key.h
 *		The master keys of this backend.
 *
 * Read from apikey.master_key_source on first need, and again after each
 * reload of the configuration.  A failure is not kept: the next call tries
 * again.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_MASTER_KEY_H
#define APIKEY_MASTER_KEY_H

#include "compat.h"
#include "core/keys.h"
#include "keys/key_source.h"

#define APIKEY_MASTER_ID_TEXT	(2 * APIKEY_MASTER_ID_SIZE + 1)

/* Newest first; the first is primary. Owned by master_key.c. */
typedef struct ApikeyMasterKeys
{
	int			count;
	uint64		generation;		/* changes whenever the keys are read anew */
	ApikeyMasterKey *keys[APIKEY_KEYTEXT_MAX_KEYS];
} ApikeyMasterKeys;

/*
 * The keys, or NULL with *error filled.  Never raises.  The result is valid
 * until the next call.
 */
extern const ApikeyMasterKeys *apikey_master_keys_try(ApikeyKeySourceError *error);

/*
 * Have the next call read the source again, without a reload: for what must
 * not work with older keys.
 */
extern void apikey_master_keys_reread(void);

/*
 * Read the source again for a key that is missing: what it has got since is
 * added behind the keys at hand, which stay, also when the reading fails.
 */
extern void apikey_master_keys_extend(void);

/* The same as apikey_master_keys_try(), raising KA001 (the source's detail goes to the log alone). */
extern const ApikeyMasterKeys *apikey_master_keys(void);

/* The key of that id, or NULL. */
extern const ApikeyMasterKey *apikey_master_keys_find(const ApikeyMasterKeys *keys,
													  const uint8_t *id);

/* An id as 16 hexadecimal digits; text has APIKEY_MASTER_ID_TEXT bytes. */
extern void apikey_master_key_id_text(const uint8_t *id, char *text);

/* The ids of all keys, the primary one first, for a message; palloc'ed. */
extern char *apikey_master_key_id_list(const ApikeyMasterKeys *keys);

/* Raise KA001 for a failure that apikey_master_keys_try() told. */
pg_attribute_noreturn() extern void
			apikey_master_keys_raise(const ApikeyKeySourceError *error);

/*
 * The value of apikey.master_key_source: not to be shown to everybody, see
 * apikey_key_source_shown() and apikey_key_source_scheme().
 */
extern const char *apikey_master_key_source(void);

/* Define that setting; called once, by _PG_init. */
extern void apikey_master_key_init(void);

#endif							/* APIKEY_MASTER_KEY_H */
