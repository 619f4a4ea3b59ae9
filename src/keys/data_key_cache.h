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
#include "keys/data_key_state.h"
#include "keys/key_source.h"

/* A row of apikey.data_keys. */
typedef struct ApikeyDataKeyEntry
{
	uint8_t		id[APIKEY_DATA_KEY_ID_SIZE];
	char	   *purpose;
	bool		active;			/* neither deactivated nor destroyed */
	bool		lost;			/* abandoned as lost */
	bytea	   *wrapped;		/* NULL once destroyed */
	const uint8_t *master_id;	/* in wrapped; NULL if that is damaged */
	ApikeyDataKey *key;			/* NULL until unwrapped */
} ApikeyDataKeyEntry;

typedef struct ApikeyDataKeys
{
	uint64		version;		/* of the rows */
	uint64		read_at;		/* from apikey_master_keys_moment() */
	bool		source_read;	/* has the source been read again for them? */
	uint64		master_generation;	/* of what unwrapped the keys; 0: none */
	int			count;
	ApikeyDataKeyEntry entries[FLEXIBLE_ARRAY_MEMBER];	/* newest first */
} ApikeyDataKeys;

/*
 * All data keys as they are now; valid for as long as table_cache.h promises.  Any call wipes
 * the unwrapped keys of what an earlier call returned if the rows have changed
 * since.
 */
extern ApikeyDataKeys *apikey_data_keys(void);

/* The same, reading the rows though no change is known. */
extern ApikeyDataKeys *apikey_data_keys_reread(void);

/* The data key of that id and purpose (NULL: any), or NULL. */
extern ApikeyDataKeyEntry *apikey_data_keys_find(ApikeyDataKeys *all,
												 const uint8_t *id,
												 const char *purpose);

/*
 * Unwrap entry->key, unless it is unwrapped.  all is what the last call of
 * apikey_data_keys() returned, and entry one of its entries.  Without a master
 * key, *error says why (APIKEY_DATA_KEY_NO_MASTER).  Raises only if libcrypto
 * fails.
 */
extern ApikeyDataKeyState apikey_data_keys_unwrap(ApikeyDataKeys *all,
												  ApikeyDataKeyEntry *entry,
												  ApikeyKeySourceError *error);

#endif							/* APIKEY_DATA_KEY_CACHE_H */
