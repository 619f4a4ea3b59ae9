/*-------------------------------------------------------------------------
 *
 * key_usage_row.c
 *		A row of apikey.key_usage; see key_usage_row.h.
 *
 * A row is looked up by a direct scan of the primary key with a dirty snapshot.
 * It shows rows that others are inserting, changing or deleting, which are left
 * alone, and takes no predicate locks: serializable transactions that reveal
 * different keys do not conflict, though their rows are on the same page.  It
 * also makes a look at a row that needs no change cheap.
 *
 * Writing does not wait, either.  The table is locked only if no one else has a
 * conflicting lock.  A row is locked with SKIP LOCKED before it is changed.  An
 * INSERT would wait for another session that is inserting the same row; so only
 * the holder of a lock on the key inserts it, and none waits for that lock.
 *
 * Statements that change rows see the newest state: a transaction with one snapshot must not fail
 * because others use the same keys.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "exec/table_cache.h"
#include "store/key_usage_row.h"

#define LAST_USED_AT	3		/* the column's number */

/* Those of the rows with a condition that no other transaction has locked. */
#define UNLOCKED(condition) \
	"(SELECT u.ctid FROM apikey.key_usage u WHERE " condition " FOR UPDATE SKIP LOCKED)"
#define UNLOCKED_ROWS(condition) \
	" WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY" UNLOCKED(condition) ")"
#define OF_USER	"u.user_id OPERATOR(pg_catalog.=) $1"
#define OF_KEY	OF_USER " AND u.id OPERATOR(pg_catalog.=) $2"

static ApikeyStatement insert_usage = {
	.sql = "INSERT INTO apikey.key_usage (user_id, id, last_used_at, uses)"
	" VALUES ($1, $2, $3, $4)",
	.arg_count = 4,
	.arg_types = {TEXTOID, UUIDOID, TIMESTAMPTZOID, INT8OID}
};

/*
 * By its place in the table alone: a scan of the index would lock its page, and
 * one of the table all of it.  To keep the planner to that takes a statement
 * without an identity; the row is one that belongs to the key's user.
 */
static ApikeyStatement update_usage = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "UPDATE apikey.key_usage SET last_used_at = $3,"
	" uses = uses OPERATOR(pg_catalog.+) $4 WHERE ctid OPERATOR(pg_catalog.=) "
	UNLOCKED(OF_KEY " AND u.ctid OPERATOR(pg_catalog.=) $5"),
	.snapshot = APIKEY_SNAPSHOT_LATEST_WRITE,
	.arg_count = 5,
	.arg_types = {TEXTOID, UUIDOID, TIMESTAMPTZOID, INT8OID, TIDOID}
};

static ApikeyStatement remove_usage = {
	.sql = "DELETE FROM apikey.key_usage" UNLOCKED_ROWS(OF_KEY),
	.snapshot = APIKEY_SNAPSHOT_LATEST_WRITE,
	.arg_count = 2,
	.arg_types = {TEXTOID, UUIDOID}
};

static ApikeyStatement remove_usage_of_user = {
	.sql = "DELETE FROM apikey.key_usage" UNLOCKED_ROWS(OF_USER),
	.snapshot = APIKEY_SNAPSHOT_LATEST_WRITE,
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

static ApikeyStatement sweep_usage = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "DELETE FROM apikey.key_usage"
	UNLOCKED_ROWS("NOT EXISTS (SELECT FROM apikey.api_keys k"
				  " WHERE k.user_id OPERATOR(pg_catalog.=) u.user_id"
				  " AND k.id OPERATOR(pg_catalog.=) u.id)"),
	.snapshot = APIKEY_SNAPSHOT_LATEST_WRITE
};

static ApikeyStatement move_usage = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "WITH moved AS (DELETE FROM apikey.key_usage" UNLOCKED_ROWS(OF_USER)
	" RETURNING id, last_used_at, uses)"
	" INSERT INTO apikey.key_usage (user_id, id, last_used_at, uses)"
	" SELECT $2, id, last_used_at, uses FROM moved ON CONFLICT DO NOTHING",
	.snapshot = APIKEY_SNAPSHOT_LATEST_WRITE,
	.arg_count = 2,
	.arg_types = {TEXTOID, TEXTOID}
};

/* What a look at the table shows of a key. */
typedef struct UsageRow
{
	bool		exists;
	bool		busy;			/* being written by another transaction */
	ItemPointerData tid;
	TimestampTz last_used_at;
} UsageRow;

static void
read_usage_row(IndexScanDesc scan, const SnapshotData *dirty, TupleTableSlot *slot,
			   UsageRow *row)
{
	bool		is_null;		/* never */

	row->exists = index_getnext_slot(scan, ForwardScanDirection, slot);
	if (!row->exists)
		return;
	row->busy = TransactionIdIsValid(dirty->xmin) || TransactionIdIsValid(dirty->xmax);
	row->tid = slot->tts_tid;
	row->last_used_at = DatumGetTimestampTz(slot_getattr(slot, LAST_USED_AT, &is_null));
}

static void
look_at_usage_row(Relation table, const ApikeyKeyRow *key, UsageRow *row)
{
	Relation	index = index_open(RelationGetPrimaryKeyIndex(table, false), AccessShareLock);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	SnapshotData dirty;
	ScanKeyData keys[2];
	IndexScanDesc scan;

	InitDirtySnapshot(dirty);
	/* The columns have the collation "C", as ScanKeyInit() assumes. */
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(key->user_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(&key->id));
	scan = index_beginscan(table, index, &dirty, NULL, 2, 0, 0);
	index_rescan(scan, keys, 2, NULL, 0);
	read_usage_row(scan, &dirty, slot, row);
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
}

/* Insert or update the row; false if another transaction has locked it since. */
static bool
write_usage(const ApikeyKeyRow *key, const ApikeyUsage *usage, UsageRow *row)
{
	Datum		args[5];

	args[0] = CStringGetTextDatum(key->user_id);
	args[1] = UUIDPGetDatum(&key->id);
	args[2] = TimestampTzGetDatum(usage->now);
	args[3] = Int64GetDatum(usage->uses);
	args[4] = PointerGetDatum(&row->tid);
	if (row->exists)
		return apikey_statement_run_by_index(&update_usage, args, NULL) == 1;
	return apikey_statement_run(&insert_usage, key->user_id, args, NULL, NULL) == 1;
}

/* The right to insert the key's row, until the end of the transaction. */
static bool
lock_key_of_usage(Relation table, const ApikeyKeyRow *key)
{
	uint64		hash = hash_combine64(hash_bytes_extended((const unsigned char *) key->user_id,
														  strlen(key->user_id), 0),
									  hash_bytes_extended(key->id.data, UUID_LEN, 0));
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationGetRelid(table),
					   (uint32) hash, (uint16) (hash >> 32));
	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

static ApikeyUsageResult
write_usage_to(Relation table, const ApikeyKeyRow *key, const ApikeyUsage *usage,
			   TimestampTz *last_used_at)
{
	UsageRow	row;

	look_at_usage_row(table, key, &row);
	if (!row.exists)
	{
		if (!lock_key_of_usage(table, key))
			return APIKEY_USAGE_BUSY;
		/* Another session may have inserted it since, with the lock. */
		look_at_usage_row(table, key, &row);
	}
	if (row.exists && row.busy)
		return APIKEY_USAGE_BUSY;
	if (row.exists && !apikey_usage_is_due(row.last_used_at, usage->now, usage->interval))
	{
		*last_used_at = row.last_used_at;
		return APIKEY_USAGE_RECENT;
	}
	if (!write_usage(key, usage, &row))
		return APIKEY_USAGE_BUSY;
	*last_used_at = usage->now;
	return APIKEY_USAGE_WRITTEN;
}

ApikeyUsageResult
apikey_key_usage_row_write(const ApikeyKeyRow *key, const ApikeyUsage *usage,
						   TimestampTz *last_used_at)
{
	Oid			oid = apikey_table_oid("key_usage");
	ApikeyUsageResult result;
	Relation	table;

	if (!ConditionalLockRelationOid(oid, RowExclusiveLock))
		return APIKEY_USAGE_BUSY;
	table = table_open(oid, NoLock);
	result = write_usage_to(table, key, usage, last_used_at);
	table_close(table, NoLock);
	return result;
}

void
apikey_key_usage_row_remove(const ApikeyKeyRow *key)
{
	apikey_key_row_run(&remove_usage, key);
}

void
apikey_key_usage_rows_remove(const char *user_id)
{
	Datum		arg = CStringGetTextDatum(user_id);

	apikey_statement_run(&remove_usage_of_user, user_id, &arg, NULL, NULL);
}

void
apikey_key_usage_rows_sweep(void)
{
	apikey_statement_run(&sweep_usage, NULL, NULL, NULL, NULL);
}

void
apikey_key_usage_rows_move(const char *from, const char *to)
{
	Datum		args[2];

	args[0] = CStringGetTextDatum(from);
	args[1] = CStringGetTextDatum(to);
	apikey_statement_run(&move_usage, NULL, args, NULL, NULL);
}
