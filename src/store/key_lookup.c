/*-------------------------------------------------------------------------
 *
 * key_lookup.c
 *		Read rows of api_keys from an index; see key_lookup.h.
 *
 * Most of what a statement costs that reads one row is starting and ending the
 * executor.  So reveal_key reads the row, reveal_env those that are named, and
 * create_key counts the user's keys, as PostgreSQL checks a foreign key since version
 * 19: by a scan of the unique index.
 * The user id is in the scan key, as it is in the statement, and is compared byte
 * for byte; store/key_table.c makes sure that no policy, privilege or kind of table
 * would have given another result.  What the statement does is done here too: the
 * lock on the table, which is kept until the end of the transaction; the privilege
 * of the role that the statement runs as; a snapshot of its own under READ
 * COMMITTED, which sees the transaction's own changes; and predicate locks under
 * SERIALIZABLE, which the index scan takes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/counter.h"
#include "compat.h"
#include "exec/plain_table.h"
#include "store/key_lookup.h"
#include "store/key_table.h"

static void
init_scan_keys(const ApikeyKeySelector *selector, ScanKey scan_keys)
{
	ScanKeyInit(&scan_keys[0], 1, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(selector->user_id));
	if (selector->name != NULL)
		ScanKeyInit(&scan_keys[1], 2, BTEqualStrategyNumber, F_TEXTEQ,
					CStringGetTextDatum(selector->name));
	else
		ScanKeyInit(&scan_keys[1], 2, BTEqualStrategyNumber, F_UUID_EQ,
					UUIDPGetDatum(&selector->id));
}

/* The columns point into the row's page, on which there is a pin, or are toasted. */
static void
read_columns(TupleTableSlot *row, const ApikeyKeyTable *table, ApikeyKeyColumns *columns)
{
	for (int i = 0; i < APIKEY_KEY_COLUMNS; i++)
		columns->values[i] = slot_getattr(row, table->columns[i], &columns->nulls[i]);
	columns->values[APIKEY_KEY_IS_DISABLED] = BoolGetDatum(!columns->nulls[APIKEY_KEY_IS_DISABLED]);
	columns->values[APIKEY_KEY_IS_DELETED] = BoolGetDatum(!columns->nulls[APIKEY_KEY_IS_DELETED]);
}

/* A scan of an index of the table, with what it needs. */
typedef struct KeyScan
{
	Relation	index;
	TupleTableSlot *row;
	IndexScanDesc scan;
} KeyScan;

/* The commands of this transaction that are complete count, as for a statement. */
static Snapshot
take_snapshot(void)
{
	CommandCounterIncrement();
	return RegisterSnapshot(GetTransactionSnapshot());
}

static void
begin_scan(Relation keys, Snapshot snapshot, Oid index, ScanKey scan_keys, int count,
		   KeyScan *scan)
{
	scan->index = index_open(index, AccessShareLock);
	scan->row = table_slot_create(keys, NULL);
	scan->scan = index_beginscan(keys, scan->index, snapshot, NULL, count, 0, 0);
	index_rescan(scan->scan, scan_keys, count, NULL, 0);
}

static bool
next_row(KeyScan *scan)
{
	return index_getnext_slot(scan->scan, ForwardScanDirection, scan->row);
}

static void
end_scan(KeyScan *scan)
{
	index_endscan(scan->scan);
	ExecDropSingleTupleTableSlot(scan->row);
	index_close(scan->index, NoLock);
}

static bool
scan_index(Relation keys, Snapshot snapshot, const ApikeyKeyTable *table,
		   const ApikeyKeySelector *selector, ApikeyColumnsRead read, void *arg)
{
	Oid			index = selector->name != NULL ? table->by_name : table->by_id;
	ScanKeyData scan_keys[2];
	ApikeyKeyColumns columns;
	KeyScan		scan;
	bool		found;

	init_scan_keys(selector, scan_keys);
	begin_scan(keys, snapshot, index, scan_keys, 2, &scan);
	found = next_row(&scan);
	if (found)
	{
		read_columns(scan.row, table, &columns);
		read(&columns, arg);
	}
	end_scan(&scan);
	return found;
}

/* The rows of the index by name, which has none that are deleted. */
static int64
count_rows(Relation keys, const ApikeyKeyTable *table, const char *user_id)
{
	Snapshot	snapshot = take_snapshot();
	ScanKeyData scan_key;
	KeyScan		scan;
	int64		count = 0;

	ScanKeyInit(&scan_key, 1, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(user_id));
	begin_scan(keys, snapshot, table->by_name, &scan_key, 1, &scan);
	while (next_row(&scan))
	{
		CHECK_FOR_INTERRUPTS();
		count++;
	}
	end_scan(&scan);
	UnregisterSnapshot(snapshot);
	return count;
}

/* The table, open and locked, or NULL if a statement must be used. */
static Relation
open_keys(const ApikeyKeyTable **table)
{
	Relation	keys;

	if (!apikey_direct_lookup)
		return NULL;
	keys = table_open(apikey_key_table_oid(), AccessShareLock);
	*table = apikey_key_table(keys);
	if ((*table)->is_plain)
		return keys;
	table_close(keys, NoLock);
	return NULL;
}

int
apikey_key_lookup(const ApikeyKeySelector *selectors, int count,
				  ApikeyColumnsRead read, void *arg)
{
	const ApikeyKeyTable *table;
	Relation	keys = open_keys(&table);
	Snapshot	snapshot;
	int			found = 0;

	if (keys == NULL)
		return APIKEY_LOOKUP_IMPOSSIBLE;
	apikey_count_add(APIKEY_COUNT_LOOKUPS_DIRECT, count);
	snapshot = take_snapshot();
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		found += scan_index(keys, snapshot, table, &selectors[i], read, arg);
	}
	UnregisterSnapshot(snapshot);
	table_close(keys, NoLock);
	return found;
}

bool
apikey_key_lookup_count(const char *user_id, int64 *count)
{
	const ApikeyKeyTable *table;
	Relation	keys = open_keys(&table);

	if (keys == NULL)
		return false;
	*count = count_rows(keys, table, user_id);
	table_close(keys, NoLock);
	return true;
}
