/*-------------------------------------------------------------------------
 *
 * key_cache.c
 *		The keys that a key command yielded, for all sessions; see key_cache.h.
 *
 * A session that finds that the source must be read claims it and reads it
 * without any lock.  Between claim and release nothing may raise an error or
 * check for interrupts: reading does neither, and a cancel that stops the command
 * is raised later, by the caller.  In case a reader ends all the same, a claim of
 * a process that is gone does not count.
 *
 * The entry of a kind is for one source, which it names: keys of another text of
 * the setting are never returned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/wait_event.h"

#include "keys/key_cache.h"
#include "keys/key_cache_entry.h"
#include "keys/key_cache_memory.h"
#include "keys/key_read_event.h"

#define WAIT_SLICE	1000		/* ms between two looks at a reader */

static ApikeyKeyCacheEntry *
entry_of(ApikeyKeyKind kind)
{
	return &apikey_key_cache_memory->entries[kind];
}

static void
lock_cache(LWLockMode mode)
{
	LWLockAcquire(apikey_key_cache_memory->lock, mode);
}

static void
unlock_cache(void)
{
	LWLockRelease(apikey_key_cache_memory->lock);
}

/* Become the reader, unless another session was faster; *epoch is the present. */
static bool
claim(ApikeyKeyCacheEntry *entry, const ApikeyKeyCacheRequest *request,
	  uint64 *epoch)
{
	bool		claimed;

	lock_cache(LW_EXCLUSIVE);
	claimed = apikey_key_cache_entry_state(entry, request, false) == APIKEY_CACHE_READ;
	if (claimed)
		*epoch = apikey_key_cache_entry_claim(entry, request->source);
	unlock_cache();
	return claimed;
}

/* One entry in the log for each failure, and not one in each session. */
static void
log_failure(const ApikeyKeyCacheRequest *request, const ApikeyKeySourceError *error)
{
	ApikeyKeySourceError ignored;
	TimestampTz until;
	bool		stale = apikey_key_cache_is_stale(request, &ignored, &until);

	ereport(LOG_SERVER_ONLY,
			(errmsg("could not read the keys of \"%s\"", request->setting),
			 stale ? errdetail("%s  %s  The previous keys can be used until %s.",
							   error->summary, error->detail,
							   timestamptz_to_str(until)) :
			 errdetail("%s  %s", error->summary, error->detail),
			 error->hint[0] ? errhint("%s", error->hint) : 0,
			 errhidestmt(true), errhidecontext(true)));
}

/*
 * Read the source as its reader.  False, with *error, if a cancel or a
 * termination stopped that: then another session reads it.
 */
static bool
read_as_reader(ApikeyKeyCacheEntry *entry, const ApikeyKeyCacheRequest *request,
			   uint64 epoch, ApikeyKeySourceError *error)
{
	TimestampTz start = GetCurrentTimestamp();
	ApikeyKeytext raw;
	bool		ok = apikey_key_source_read(request->source, &raw, error);
	bool		ended = ok || !error->interrupted;

	lock_cache(LW_EXCLUSIVE);
	if (ended)
		apikey_key_cache_entry_end(entry, epoch, start, ok ? &raw : NULL, error);
	else
		apikey_key_cache_entry_release(entry);
	unlock_cache();
	explicit_bzero(&raw, sizeof(raw));
	ConditionVariableBroadcast(&entry->read_ended);
	if (!ok && ended)
		log_failure(request, error);
	apikey_key_read_event(request->kind, request->source, ok, error);
	return ended;
}

/* The slices are for a reader that is gone without having released its claim. */
static void
wait_for_reader(ApikeyKeyCacheEntry *entry)
{
	bool		wait;

	ConditionVariablePrepareToSleep(&entry->read_ended);
	for (;;)
	{
		lock_cache(LW_SHARED);
		wait = apikey_key_cache_entry_is_read(entry);
		unlock_cache();
		if (!wait)
			break;
		(void) ConditionVariableTimedSleep(&entry->read_ended, WAIT_SLICE,
										   PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
}

/* Answer from an entry whose keys can be used; the caller holds the lock. */
static ApikeyKeyCacheAnswer
answer_keys(const ApikeyKeyCacheEntry *entry, ApikeyKeyCacheRequest *request,
			ApikeyKeytext *raw)
{
	bool		unchanged = entry->generation == request->generation;

	if (!unchanged)
		*raw = entry->keys;
	request->generation = entry->generation;
	request->keys_read = entry->keys_read;
	return unchanged ? APIKEY_CACHE_UNCHANGED : APIKEY_CACHE_KEYS;
}

/*
 * The state of the entry, and the answer if there is one.
 *
 * Until every session has processed a reload that changes the source, sessions
 * ask for two sources.  One that has its keys then keeps them, so that the two
 * groups do not take the entry from each other at every turn.
 */
static ApikeyKeyCacheState
look(ApikeyKeyCacheEntry *entry, ApikeyKeyCacheRequest *request, bool has_read,
	 ApikeyKeyCacheAnswer *answer, ApikeyKeytext *raw, ApikeyKeySourceError *error)
{
	ApikeyKeyCacheState state = APIKEY_CACHE_USE;

	*answer = APIKEY_CACHE_UNCHANGED;
	lock_cache(LW_SHARED);
	if (!apikey_key_cache_entry_is_foreign(entry, request))
	{
		state = apikey_key_cache_entry_state(entry, request, has_read);
		if (state == APIKEY_CACHE_USE)
			*answer = answer_keys(entry, request, raw);
		else if (state == APIKEY_CACHE_FAIL)
		{
			*answer = APIKEY_CACHE_FAILED;
			*error = entry->error;
		}
	}
	unlock_cache();
	return state;
}

ApikeyKeyCacheAnswer
apikey_key_cache_get(ApikeyKeyCacheRequest *request, ApikeyKeytext *raw,
					 ApikeyKeySourceError *error)
{
	ApikeyKeyCacheEntry *entry = entry_of(request->kind);
	bool		has_read = false;

	for (;;)
	{
		ApikeyKeyCacheAnswer answer;
		uint64		epoch;

		switch (look(entry, request, has_read, &answer, raw, error))
		{
			case APIKEY_CACHE_USE:
			case APIKEY_CACHE_FAIL:
				return answer;
			case APIKEY_CACHE_WAIT:
				wait_for_reader(entry);
				break;
			case APIKEY_CACHE_READ:
				if (!claim(entry, request, &epoch))
					break;
				if (!read_as_reader(entry, request, epoch, error))
					return APIKEY_CACHE_FAILED;
				has_read = true;
		}
	}
}

bool
apikey_key_cache_serves(const char *source)
{
	return apikey_key_cache_memory != NULL &&
		strcmp(apikey_key_source_scheme(source), "command") == 0;
}

uint64
apikey_key_cache_epoch(ApikeyKeyKind kind)
{
	return apikey_key_cache_memory == NULL ? 0 :
		pg_atomic_read_u64(&entry_of(kind)->epoch);
}

uint64
apikey_key_cache_expire(ApikeyKeyKind kind)
{
	return pg_atomic_add_fetch_u64(&entry_of(kind)->epoch, 1);
}

bool
apikey_key_cache_renew(const ApikeyKeyCacheRequest *request, uint64 since)
{
	ApikeyKeyCacheEntry *entry = entry_of(request->kind);
	bool		is_new;
	bool		is_recent;

	lock_cache(LW_SHARED);
	is_new = apikey_key_cache_entry_is_of(entry, request->source) &&
		entry->read_epoch > since;
	is_recent = apikey_key_cache_entry_is_recent(entry);
	unlock_cache();
	if (!is_new && !is_recent)
		(void) apikey_key_cache_expire(request->kind);
	return is_new || !is_recent;
}

bool
apikey_key_cache_is_stale(const ApikeyKeyCacheRequest *request,
						  ApikeyKeySourceError *error, TimestampTz *until)
{
	ApikeyKeyCacheEntry *entry = entry_of(request->kind);
	bool		stale;

	lock_cache(LW_SHARED);
	stale = apikey_key_cache_entry_is_of(entry, request->source) &&
		apikey_key_cache_entry_is_stale(entry, until);
	if (stale)
		*error = entry->error;
	unlock_cache();
	return stale;
}

void
apikey_key_cache_clear(ApikeyKeyKind kind)
{
	if (apikey_key_cache_memory == NULL)
		return;
	lock_cache(LW_EXCLUSIVE);
	if (!apikey_key_cache_entry_is_read(entry_of(kind)))
		apikey_key_cache_entry_clear(entry_of(kind));
	unlock_cache();
}

void
apikey_key_cache_assign_source(const char *source, void *extra)
{
	if (apikey_key_cache_memory == NULL || IsUnderPostmaster)
		return;
	for (int i = 0; i < APIKEY_KEY_KINDS; i++)
		(void) apikey_key_cache_expire(i);
}

void
apikey_key_cache_init(void)
{
	apikey_key_cache_entry_init();
	apikey_key_cache_memory_init();
}
