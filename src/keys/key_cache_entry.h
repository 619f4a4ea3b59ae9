/*-------------------------------------------------------------------------
 *
 * key_cache_entry.h
 *		An entry of the cache of key_cache.c: what may be done with it, and what
 *		an attempt to read its source changes.
 *
 * The caller holds the cache's lock, in exclusive mode to change an entry.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_CACHE_ENTRY_H
#define APIKEY_KEY_CACHE_ENTRY_H

#include "keys/key_cache_memory.h"

/* What a session that needs the keys of an entry has to do. */
typedef enum ApikeyKeyCacheState
{
	APIKEY_CACHE_USE,			/* use them */
	APIKEY_CACHE_FAIL,			/* fail with entry->error */
	APIKEY_CACHE_WAIT,			/* wait for the reader */
	APIKEY_CACHE_READ			/* read the source */
} ApikeyKeyCacheState;

/* Is the entry for this text of the setting? */
extern bool apikey_key_cache_entry_is_of(const ApikeyKeyCacheEntry *entry,
										 const char *source);

/* Is the source being read, by a process that exists? */
extern bool apikey_key_cache_entry_is_read(const ApikeyKeyCacheEntry *entry);

/* has_read: the caller has just read the source, and does so only once. */
extern ApikeyKeyCacheState apikey_key_cache_entry_state(ApikeyKeyCacheEntry *entry,
														const ApikeyKeyCacheRequest *request,
														bool has_read);

/*
 * May the session keep the keys that it has, although the entry is of another
 * source?
 */
extern bool apikey_key_cache_entry_is_foreign(const ApikeyKeyCacheEntry *entry,
											  const ApikeyKeyCacheRequest *request);

/*
 * Was the last attempt within the time for which a failure is remembered?
 */
extern bool apikey_key_cache_entry_is_recent(const ApikeyKeyCacheEntry *entry);

/*
 * Are keys in use though the last attempt failed?  *until is the end of that.
 */
extern bool apikey_key_cache_entry_is_stale(const ApikeyKeyCacheEntry *entry,
											TimestampTz *until);

/* Make this process the reader of the source; returns the present epoch. */
extern uint64 apikey_key_cache_entry_claim(ApikeyKeyCacheEntry *entry,
										   const char *source);

/* End the claim; the attempt was interrupted. */
extern void apikey_key_cache_entry_release(ApikeyKeyCacheEntry *entry);

/*
 * End the claim of an attempt that began at start, in that epoch: with these
 * keys, or NULL and the error.
 */
extern void apikey_key_cache_entry_end(ApikeyKeyCacheEntry *entry, uint64 epoch,
									   TimestampTz start,
									   const ApikeyKeytext *raw,
									   const ApikeyKeySourceError *error);

/* Wipe the keys and forget the source. */
extern void apikey_key_cache_entry_clear(ApikeyKeyCacheEntry *entry);

/*
 * Define apikey.command_cache_time and apikey.command_max_stale; called once, by
 * apikey_key_cache_init().
 */
extern void apikey_key_cache_entry_init(void);

#endif							/* APIKEY_KEY_CACHE_ENTRY_H */
