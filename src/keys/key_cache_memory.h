/*-------------------------------------------------------------------------
 *
 * key_cache_memory.h
 *		The shared memory of key_cache.c, the only file that uses it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_CACHE_MEMORY_H
#define APIKEY_KEY_CACHE_MEMORY_H

#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/lwlock.h"
#include "utils/timestamp.h"

#include "keys/key_cache_request.h"
#include "keys/key_source.h"

/*
 * What the command of one source yielded, and how the last attempt to read it
 * ended.  Protected by the lock, except epoch.
 */
typedef struct ApikeyKeyCacheEntry
{
	/* Counts the events after which the source must be read again. */
	pg_atomic_uint64 epoch;
	ConditionVariable read_ended;

	/* Whose keys these are: the text of the setting; "" at first. */
	char		source[sizeof("command:") + APIKEY_COMMAND_SIZE];
	int			reader;			/* the process that is reading; 0: none */

	/* The last attempt that has ended and was not interrupted. */
	uint64		read_epoch;		/* the epoch in which it began */
	TimestampTz read_start;
	TimestampTz read_end;
	bool		failed;
	TimestampTz failing_since;	/* the first failure since the last success */
	ApikeyKeySourceError error; /* of the last failure */

	/* The keys of the last successful attempt. */
	uint64		generation;		/* 0: there are none */
	uint64		keys_epoch;		/* its read_epoch ... */
	TimestampTz keys_read;		/* ... and its read_end */
	ApikeyKeytext keys;
} ApikeyKeyCacheEntry;

typedef struct ApikeyKeyCacheMemory
{
	LWLock	   *lock;
	uint64		last_generation;	/* no two lists of keys have the same */
	ApikeyKeyCacheEntry entries[APIKEY_KEY_KINDS];
} ApikeyKeyCacheMemory;

/* NULL unless the library is preloaded, and while the server starts. */
extern ApikeyKeyCacheMemory *apikey_key_cache_memory;

/* Have the memory allocated; called once, by apikey_key_cache_init(). */
extern void apikey_key_cache_memory_init(void);

#endif							/* APIKEY_KEY_CACHE_MEMORY_H */
