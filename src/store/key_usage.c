/*-------------------------------------------------------------------------
 *
 * key_usage.c
 *		When keys were last used, and about how often; see key_usage.h.
 *
 * This session remembers which keys it has revealed, how often since it last
 * wrote to their rows in apikey.key_usage, and when these were last written by
 * any session.  So most uses cost a look-up in a hash table.  What a session has
 * not written is lost when it ends, and when it has used more keys than the
 * table holds: the number of uses is a lower bound.
 *
 * A write is part of the transaction that reveals the key, and is lost if that
 * is rolled back.  Then the session tries again, but not at once, so that one
 * which always rolls back does not write each time.  If only a part of a
 * transaction is rolled back, its last write is what the session remembers: of
 * several to the same row, some uses are lost rather than counted twice.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/counter.h"
#include "exec/attempt.h"
#include "store/key_usage.h"
#include "store/key_usage_row.h"

/* How many keys a session remembers. */
#define MAX_USES	2048

/* How long a session waits after a write that failed or was rolled back. */
#define RETRY_SECONDS	60

/*
 * Two users can have keys with the same id.  If the hash is the same as well,
 * the uses of one count for the other.
 */
typedef struct KeyUseId
{
	pg_uuid_t	id;
	uint64		user_hash;
} KeyUseId;

typedef struct KeyUse
{
	KeyUseId	key;			/* first, as dynahash expects */
	int64		pending;		/* uses that are not in the row */
	int64		uncommitted;	/* uses that the transaction has written */
	uint64		transaction;	/* which one that is */
	SubTransactionId subtransaction;	/* and which part of it */
	TimestampTz last_used_at;	/* as the row has it; 0: not known */
	TimestampTz retry_at;
} KeyUse;

/* The arguments of write_uses(). */
typedef struct UsesToWrite
{
	const ApikeyKeyRow *const *keys;
	int			count;
	TimestampTz now;
} UsesToWrite;

/*
 * apikey.usage_interval
 *
 * How many seconds pass at least between two writes to the row of a key; -1: no
 * use is recorded.  Only a superuser can set it: otherwise a session could hide
 * its uses.
 */
static int	usage_interval = SECS_PER_HOUR;

static HTAB *uses = NULL;
static uint64 transaction = 1;	/* counts those of this session */
static uint64 last_write = 0;	/* the one that wrote last */

/* When to try again. */
static TimestampTz
retry_time(TimestampTz now)
{
	return now + Min(RETRY_SECONDS, usage_interval) * USECS_PER_SEC;
}

/*
 * The transaction has been rolled back, or its part that is first and all that have
 * begun since, which are parts of that one.
 */
static void
undo_writes(SubTransactionId first)
{
	TimestampTz retry_at;
	HASH_SEQ_STATUS scan;
	KeyUse	   *use;

	if (last_write != transaction)
		return;
	retry_at = retry_time(GetCurrentTimestamp());
	hash_seq_init(&scan, uses);
	while ((use = hash_seq_search(&scan)) != NULL)
	{
		if (use->transaction != transaction || use->subtransaction < first)
			continue;
		use->transaction = 0;
		use->pending += use->uncommitted;
		use->last_used_at = 0;
		use->retry_at = retry_at;
		apikey_count(APIKEY_COUNT_USAGE_ROLLBACKS);
	}
}

static void
end_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		undo_writes(TopSubTransactionId);
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT ||
		event == XACT_EVENT_PREPARE)
		transaction++;
}

static void
end_subtransaction(SubXactEvent event, SubTransactionId ended,
				   SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		undo_writes(ended);
}

/* An empty table of uses. */
static void
start_uses(void)
{
	HASHCTL		control = {.keysize = sizeof(KeyUseId),.entrysize = sizeof(KeyUse),.hcxt = TopMemoryContext};

	if (uses == NULL)
	{
		RegisterXactCallback(end_transaction, NULL);
		RegisterSubXactCallback(end_subtransaction, NULL);
	}
	else
		hash_destroy(uses);
	uses = NULL;				/* in case that the next call raises an error */
	last_write = 0;
	uses = hash_create("apikey uses of keys", 64, &control,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static KeyUse *
find_use(const ApikeyKeyRow *key)
{
	KeyUseId	id = {.id = key->id};
	bool		found;
	KeyUse	   *use;

	id.user_hash = hash_bytes_extended((const unsigned char *) key->user_id,
									   strlen(key->user_id), 0);
	use = hash_search(uses, &id, HASH_ENTER, &found);
	if (!found)
		memset((char *) use + sizeof(KeyUseId), 0, sizeof(KeyUse) - sizeof(KeyUseId));
	return use;
}

static bool
is_due(const KeyUse *use, TimestampTz now)
{
	return now >= use->retry_at &&
		apikey_usage_is_due(use->last_used_at, now, usage_interval * USECS_PER_SEC);
}

static void
write_use(const ApikeyKeyRow *key, KeyUse *use, TimestampTz now)
{
	SubTransactionId subtransaction = GetCurrentSubTransactionId();
	ApikeyUsage usage = {.uses = use->pending,.now = now,.interval = usage_interval * USECS_PER_SEC};

	switch (apikey_key_usage_row_write(key, &usage, &use->last_used_at))
	{
		case APIKEY_USAGE_WRITTEN:
			if (use->transaction != transaction || use->subtransaction != subtransaction)
				use->uncommitted = 0;
			use->uncommitted += use->pending;
			use->pending = 0;
			use->transaction = last_write = transaction;
			use->subtransaction = subtransaction;
			apikey_count(APIKEY_COUNT_USAGE_WRITES);
			break;
		case APIKEY_USAGE_RECENT:
			break;
		case APIKEY_USAGE_BUSY:
			use->retry_at = retry_time(now);
			break;
	}
}

static void
write_uses(void *arg)
{
	const UsesToWrite *due = arg;

	for (int i = 0; i < due->count; i++)
	{
		KeyUse	   *use = find_use(due->keys[i]);

		CHECK_FOR_INTERRUPTS();
		if (is_due(use, due->now))
			write_use(due->keys[i], use, due->now);
	}
}

/* After a failure. */
static void
postpone_uses(const UsesToWrite *due)
{
	apikey_count(APIKEY_COUNT_USAGE_FAILURES);
	for (int i = 0; i < due->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		find_use(due->keys[i])->retry_at = retry_time(due->now);
	}
}

/*
 * A transaction on a standby is read-only, too.
 */
void
apikey_key_usage_note(const ApikeyKeyRow *const *keys, int count)
{
	UsesToWrite due = {.keys = keys,.count = count,.now = GetCurrentTimestamp()};
	bool		any_due = false;

	if (usage_interval < 0)
		return;
	if (uses == NULL || hash_get_num_entries(uses) + count > MAX_USES)
		start_uses();
	for (int i = 0; i < count; i++)
	{
		KeyUse	   *use = find_use(keys[i]);

		CHECK_FOR_INTERRUPTS();
		use->pending++;
		any_due = any_due || is_due(use, due.now);
	}
	if (any_due && !XactReadOnly && !IsInParallelMode() &&
		!apikey_attempt(write_uses, &due, "could not record the use of an API key"))
		postpone_uses(&due);
}

int
apikey_key_usage_interval(void)
{
	return usage_interval;
}

void
apikey_key_usage_init(void)
{
	DefineCustomIntVariable("apikey.usage_interval",
							"Sets how often the last use of a key is recorded.",
							"At most once in this time for each key.  -1 turns it off.",
							&usage_interval,
							SECS_PER_HOUR,
							-1,
							365 * SECS_PER_DAY,
							PGC_SUSET,
							GUC_UNIT_S,
							NULL,
							NULL,
							NULL);
}
