/*-------------------------------------------------------------------------
 *
 * fernet_key.h
 *		The Fernet keys of this backend.
 *
 * They are read from apikey.fernet_key_source on first use, and again after
 * each reload of the configuration; key_loader.h has the details.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_FERNET_KEY_H
#define APIKEY_FERNET_KEY_H

#include "utils/timestamp.h"

#include "core/fernet.h"
#include "keys/key_source.h"

/* Newest first; the first one encrypts.  Owned by fernet_key.c. */
typedef struct ApikeyFernetKeys
{
	int			count;
	ApikeyFernetKey *keys[APIKEY_KEYTEXT_MAX_KEYS];
} ApikeyFernetKeys;

/*
 * The keys, or NULL with *error filled.  The result is valid until the next call.
 * Raises an error only if a wait for the source is cancelled.
 */
extern const ApikeyFernetKeys *apikey_fernet_keys_try(ApikeyKeySourceError *error);

/* The same, but raises KA001. */
extern const ApikeyFernetKeys *apikey_fernet_keys(void);

/*
 * Are keys in use though their source could not be read?  Then *error says why,
 * and *until until when at most.
 */
extern bool apikey_fernet_keys_are_stale(ApikeyKeySourceError *error,
										 TimestampTz *until);

/*
 * The ids of all keys, as hexadecimal digits, in their order and separated by
 * commas, for a message; palloc'ed.
 */
extern char *apikey_fernet_key_id_list(const ApikeyFernetKeys *keys);

/*
 * The value of apikey.fernet_key_source.  Not every role may see it: see
 * apikey_key_source_shown() and apikey_key_source_scheme().
 */
extern const char *apikey_fernet_key_source(void);

/* Define apikey.fernet_key_source; called once, by _PG_init. */
extern void apikey_fernet_key_init(void);

#endif							/* APIKEY_FERNET_KEY_H */
