/*-------------------------------------------------------------------------
 *
 * key_cache.h
 *		The keys that a key command yielded, for all sessions of the server.
 *
 * When the library is preloaded, a command: source is read once for the server:
 * by the first session that needs its keys, and again, by one session while the
 * others use the old keys, after a reload of the configuration and after
 * apikey.command_cache_time.  Other sources, and servers that do not preload the
 * library, do without this cache.
 *
 * A command that answers with other keys replaces them for all.  One that fails
 * leaves the old ones in use for apikey.command_max_stale.  A failure is
 * remembered for a few seconds, or until the next reload.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_CACHE_H
#define APIKEY_KEY_CACHE_H

#include "keys/key_cache_request.h"
#include "keys/key_source.h"

typedef enum ApikeyKeyCacheAnswer
{
	APIKEY_CACHE_UNCHANGED,		/* the session has these keys */
	APIKEY_CACHE_KEYS,			/* here they are */
	APIKEY_CACHE_FAILED			/* there are none, for this reason */
} ApikeyKeyCacheAnswer;

/* Is this source read through the cache? */
extern bool apikey_key_cache_serves(const char *source);

/*
 * Get the keys of a source that apikey_key_cache_serves().  This session reads
 * the source if necessary, or waits for the one that reads it if there are no
 * keys that can be used meanwhile.  *raw is filled, and the request updated, for
 * APIKEY_CACHE_KEYS; the caller wipes *raw whatever the answer is.  *error is
 * filled for APIKEY_CACHE_FAILED.  Raises an error only if the wait is cancelled.
 */
extern ApikeyKeyCacheAnswer apikey_key_cache_get(ApikeyKeyCacheRequest *request,
												 ApikeyKeytext *raw,
												 ApikeyKeySourceError *error);

/*
 * The present epoch of a kind, for apikey_key_cache_renew(); 0 without the
 * cache.
 */
extern uint64 apikey_key_cache_epoch(ApikeyKeyKind kind);

/*
 * Have the source read again by the next session that asks.  Returns the epoch
 * that begins with this call.
 */
extern uint64 apikey_key_cache_expire(ApikeyKeyKind kind);

/*
 * The same, unless the source has been read since an epoch.  Returns false, and
 * does nothing, if it has not, but was read a moment ago.
 */
extern bool apikey_key_cache_renew(const ApikeyKeyCacheRequest *request,
								   uint64 since);

/*
 * Are keys in use though the source could not be read?  Then *error says why,
 * and *until until when at most.
 */
extern bool apikey_key_cache_is_stale(const ApikeyKeyCacheRequest *request,
									  ApikeyKeySourceError *error,
									  TimestampTz *until);

/* Wipe the keys of a kind, whose setting is now another kind of source. */
extern void apikey_key_cache_clear(ApikeyKeyKind kind);

/*
 * The assign hook of the settings: a reload, as the postmaster processes it
 * before it tells the other processes, ends the epoch.
 */
extern void apikey_key_cache_assign_source(const char *source, void *extra);

/* Define the settings and request the memory; called once, by _PG_init. */
extern void apikey_key_cache_init(void);

#endif							/* APIKEY_KEY_CACHE_H */
