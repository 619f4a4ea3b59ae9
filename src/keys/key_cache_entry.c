/*-------------------------------------------------------------------------
 *
 * key_cache_entry.c
 *		An entry of the cache of keys; see key_cache_entry.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/procarray.h"
#include "utils/guc.h"

#include "keys/key_cache_entry.h"

/*
 * apikey.command_cache_time
 *
 * The time, in seconds, after which a command is run again although nothing is
 * known to have changed.
 */
static int	command_cache_time = 5 * 60;

/*
 * apikey.command_max_stale
 *
 * The time, in seconds, for which keys are used after they should have been read
 * again, if the command fails.  0: a failure ends their use.
 */
static int	command_max_stale = 60 * 60;

/* A time in the future, after the clock was set back, is not within the limit. */
static bool
is_within(TimestampTz since, int seconds)
{
	TimestampTz now = GetCurrentTimestamp();

	return now >= since && now - since < seconds * USECS_PER_SEC;
}

bool
apikey_key_cache_entry_is_of(const ApikeyKeyCacheEntry *entry, const char *source)
{
	return strcmp(entry->source, source) == 0;
}

bool
apikey_key_cache_entry_is_read(const ApikeyKeyCacheEntry *entry)
{
	return entry->reader != 0 && BackendPidGetProc(entry->reader) != NULL;
}

bool
apikey_key_cache_entry_is_foreign(const ApikeyKeyCacheEntry *entry,
								  const ApikeyKeyCacheRequest *request)
{
	return request->generation != 0 && request->min_epoch == 0 &&
		!apikey_key_cache_entry_is_of(entry, request->source) &&
		is_within(request->keys_read, command_cache_time);
}

bool
apikey_key_cache_entry_is_recent(const ApikeyKeyCacheEntry *entry)
{
	return is_within(entry->read_end, APIKEY_FAILURE_MEMORY);
}

/* Is there no reason to read the source again? */
static bool
is_up_to_date(ApikeyKeyCacheEntry *entry, const ApikeyKeyCacheRequest *request)
{
	return entry->read_epoch == pg_atomic_read_u64(&entry->epoch) &&
		entry->read_start >= request->not_before &&
		is_within(entry->read_end,
				  entry->failed ? APIKEY_FAILURE_MEMORY : command_cache_time);
}

/*
 * When keys that cannot be read again are used no longer.  The time counts from
 * the failure, but not from later than when they should have been read.
 */
static TimestampTz
end_of_use(const ApikeyKeyCacheEntry *entry)
{
	return Min(entry->failing_since,
			   entry->keys_read + command_cache_time * USECS_PER_SEC) +
		command_max_stale * USECS_PER_SEC;
}

/* May the keys be used as they are, however old? */
static bool
is_usable(const ApikeyKeyCacheEntry *entry, uint64 min_epoch)
{
	if (entry->generation == 0 || entry->keys_epoch < min_epoch)
		return false;
	return !entry->failed || GetCurrentTimestamp() < end_of_use(entry);
}

ApikeyKeyCacheState
apikey_key_cache_entry_state(ApikeyKeyCacheEntry *entry,
							 const ApikeyKeyCacheRequest *request, bool has_read)
{
	bool		ours = apikey_key_cache_entry_is_of(entry, request->source);
	bool		usable = ours && is_usable(entry, request->min_epoch);

	if (ours && (has_read || is_up_to_date(entry, request)))
		return usable ? APIKEY_CACHE_USE : APIKEY_CACHE_FAIL;
	if (apikey_key_cache_entry_is_read(entry))
		return usable ? APIKEY_CACHE_USE : APIKEY_CACHE_WAIT;
	return APIKEY_CACHE_READ;
}

bool
apikey_key_cache_entry_is_stale(const ApikeyKeyCacheEntry *entry, TimestampTz *until)
{
	*until = end_of_use(entry);
	return entry->failed && is_usable(entry, 0);
}

static void
wipe_keys(ApikeyKeyCacheEntry *entry)
{
	explicit_bzero(&entry->keys, sizeof(entry->keys));
	entry->generation = 0;
}

void
apikey_key_cache_entry_clear(ApikeyKeyCacheEntry *entry)
{
	wipe_keys(entry);
	entry->source[0] = '\0';
	entry->read_epoch = 0;
	entry->failed = false;
}

uint64
apikey_key_cache_entry_claim(ApikeyKeyCacheEntry *entry, const char *source)
{
	if (!apikey_key_cache_entry_is_of(entry, source))
	{
		apikey_key_cache_entry_clear(entry);
		strlcpy(entry->source, source, sizeof(entry->source));
	}
	entry->reader = MyProcPid;
	return pg_atomic_read_u64(&entry->epoch);
}

void
apikey_key_cache_entry_release(ApikeyKeyCacheEntry *entry)
{
	entry->reader = 0;
}

/* The same keys keep their generation: no session needs to derive them again. */
static void
publish(ApikeyKeyCacheEntry *entry, const ApikeyKeytext *raw)
{
	if (entry->generation == 0 || entry->keys.count != raw->count ||
		memcmp(entry->keys.keys, raw->keys, sizeof(raw->keys)) != 0)
	{
		entry->keys = *raw;
		entry->generation = ++apikey_key_cache_memory->last_generation;
	}
	entry->keys_epoch = entry->read_epoch;
	entry->keys_read = entry->read_end;
	entry->failed = false;
}

static void
note_failure(ApikeyKeyCacheEntry *entry, const ApikeyKeySourceError *error)
{
	if (!entry->failed)
		entry->failing_since = entry->read_end;
	entry->failed = true;
	entry->error = *error;
	if (!is_usable(entry, 0))
		wipe_keys(entry);
}

void
apikey_key_cache_entry_end(ApikeyKeyCacheEntry *entry, uint64 epoch,
						   TimestampTz start, const ApikeyKeytext *raw,
						   const ApikeyKeySourceError *error)
{
	entry->reader = 0;
	entry->read_epoch = epoch;
	entry->read_start = start;
	entry->read_end = GetCurrentTimestamp();
	if (raw != NULL)
		publish(entry, raw);
	else
		note_failure(entry, error);
}

void
apikey_key_cache_entry_init(void)
{
	DefineCustomIntVariable("apikey.command_cache_time",
							"Sets the time after which a key command is run again.",
							"With shared_preload_libraries, the keys that a command yields are kept for all sessions.  A reload of the configuration also has it run again.",
							&command_cache_time,
							5 * 60,
							1,
							30 * 24 * 60 * 60,
							PGC_SIGHUP,
							GUC_UNIT_S,
							NULL,
							NULL,
							NULL);
	DefineCustomIntVariable("apikey.command_max_stale",
							"Sets the time for which the previous keys are used if a key command fails.",
							"It counts from the failure, or from when the command should have run.  0 means that a failure ends the use of the keys at once.",
							&command_max_stale,
							60 * 60,
							0,
							30 * 24 * 60 * 60,
							PGC_SIGHUP,
							GUC_UNIT_S,
							NULL,
							NULL,
							NULL);
}
