/*-------------------------------------------------------------------------
 *
 * data_key_cache.h
 *		The rows of apikey.data_keys and their unwrapped keys, cached in this
 *		backend.  For data_key.c; others use data_key.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_DATA_KEY_CACHE_H
#define APIKEY_DATA_KEY_CACHE_H

#include "core/keys.h"
#include "keys/data_key_row.h"
#include "keys/data_key_state.h"
#include "keys/key_source.h"

typedef struct ApikeyDataKeyEntry
{
	uint8_t		id[APIKEY_DATA_KEY_ID_SIZE];	/* hash key: must be first */
	ApikeyDataKeyRow row;
	const uint8_t *master_id;	/* in row.wrapped; NULL if that is damaged */
	uint64		read_at;		/* from apikey_master_keys_moment() */
	ApikeyDataKey *key;			/* NULL until unwrapped */
	struct ApikeyDataKeyEntry *next_unwrapped;
} ApikeyDataKeyEntry;

/* Data keys in the order of their age. */
typedef struct ApikeyDataKeyList
{
	int			count;
	ApikeyDataKeyEntry **entries;	/* the newest first */
} ApikeyDataKeyList;

/*
 * What is returned here is valid until the end of the transaction.  But any call
 * wipes the unwrapped keys if the rows have changed since they were read.
 */

/* All data keys that are not destroyed. */
extern const ApikeyDataKeyList *apikey_data_keys(void);

/*
 * The data key of that id and purpose (NULL: any), destroyed or not, or NULL.  Reads
 * no other row.
 */
extern ApikeyDataKeyEntry *apikey_data_keys_find(const uint8_t *id, const char *purpose);

/* Have the next call read the rows, though no change is known. */
extern void apikey_data_keys_forget(void);

/* Changes with the rows, as far as this session has heard of it. */
extern uint64 apikey_data_keys_version(void);

/*
 * Unwrap entry->key, unless it is unwrapped.  entry is what the last call of the
 * functions above returned.  Without a master key, *error says why
 * (APIKEY_DATA_KEY_NO_MASTER).  Raises only if libcrypto fails.
 */
extern ApikeyDataKeyState apikey_data_keys_unwrap(ApikeyDataKeyEntry *entry,
												  ApikeyKeySourceError *error);

#endif							/* APIKEY_DATA_KEY_CACHE_H */
