/*-------------------------------------------------------------------------
 *
 * key_cache_request.h
 *		What a session asks the cache of key_cache.h for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_CACHE_REQUEST_H
#define APIKEY_KEY_CACHE_REQUEST_H

#include "utils/timestamp.h"

typedef enum ApikeyKeyKind
{
	APIKEY_KEY_MASTER,
	APIKEY_KEY_FERNET
} ApikeyKeyKind;

#define APIKEY_KEY_KINDS	2

/* How long a failure of a command is remembered, in seconds. */
#define APIKEY_FAILURE_MEMORY	3

/*
 * The keys that a session asks for, and those that it has.  Initialize to zeros,
 * and set the first part before each call.
 */
typedef struct ApikeyKeyCacheRequest
{
	ApikeyKeyKind kind;
	const char *setting;		/* the name of its setting, for the log */
	const char *source;			/* the value of the setting */
	uint64		min_epoch;		/* no older keys than of this epoch; 0: any */
	TimestampTz not_before;		/* have them read if they are older than this */

	/* Kept by apikey_key_cache_get(). */
	uint64		generation;		/* of the session's keys; 0: it has none */
	TimestampTz keys_read;		/* 0: they may be another source's */
} ApikeyKeyCacheRequest;

#endif							/* APIKEY_KEY_CACHE_REQUEST_H */
