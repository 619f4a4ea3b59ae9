/*-------------------------------------------------------------------------
 *
 * key_lookup.c
 *		Read the row of a selected key from an index; see key_lookup.h.
 *
 * Most of what a statement costs that reads one row is starting and ending the
 * executor.  So reveal_key reads the row as PostgreSQL checks a foreign key since
 * version 19: by a scan of the unique index.  The user id is in the scan key, as it
 * is in the statement, and is compared byte for byte; store/key_table.c
 * makes sure that no policy, privilege or kind of table would have given another
 * result.  What the statement does is done here too: the lock on the table, which
 * is kept until the end of the transaction; the privilege of the role that the
 * statement runs as; a snapshot of its own under READ COMMITTED, which sees the
 * transaction's own changes; and predicate locks under SERIALIZABLE, which the
 * index scan takes.
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
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/counter.h"
#include "compat.h"
#include "exec/frame.h"
#include "exec/table_cache.h"
#include "store/key_lookup.h"
#include "store/key_table.h"

/*
 * apikey.direct_lookup
 *
 * Whether rows are read without a statement where that gives the same result.
 * Only superusers may set it: to see that it does, or to rule it out as the cause
 * of a problem.
 */
static bool direct_lookup = true;

/* As for a statement, which needs it each time that it runs. */
static bool
is_permitted(Relation keys)
{
	return pg_class_aclcheck(RelationGetRelid(keys), apikey_owner_role(),
							 ACL_SELECT) == ACLCHECK_OK;
}

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

/* A copy that outlives the row's page, and its toast table's rows. */
static Datum
copy_value(Datum value, Form_pg_attribute column)
{
	if (column->attlen == -1)
		return PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	return datumCopy(value, column->attbyval, column->attlen);
}

static Datum
column_value(TupleTableSlot *row, const ApikeyKeyTable *table, int i, bool *is_null)
{
	AttrNumber	column = table->columns[i];
	Datum		value = slot_getattr(row, column, is_null);

	if (i == APIKEY_KEY_IS_DISABLED || i == APIKEY_KEY_IS_DELETED)
	{
		value = BoolGetDatum(!*is_null);
		*is_null = false;
		return value;
	}
	return *is_null ? (Datum) 0 :
		copy_value(value, TupleDescAttr(row->tts_tupleDescriptor, column - 1));
}

static void
copy_columns(TupleTableSlot *row, const ApikeyKeyTable *table, ApikeyKeyColumns *columns)
{
	for (int i = 0; i < APIKEY_KEY_COLUMNS; i++)
		columns->values[i] = column_value(row, table, i, &columns->nulls[i]);
}

/* The commands of this transaction that are complete count, as for a statement. */
static bool
scan_index(Relation keys, const ApikeyKeyTable *table,
		   const ApikeyKeySelector *selector, ApikeyKeyColumns *columns)
{
	Relation	index = index_open(selector->name != NULL ? table->by_name : table->by_id,
								   AccessShareLock);
	TupleTableSlot *row = table_slot_create(keys, NULL);
	ScanKeyData scan_keys[2];
	Snapshot	snapshot;
	IndexScanDesc scan;
	bool		found;

	init_scan_keys(selector, scan_keys);
	CommandCounterIncrement();
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	scan = index_beginscan(keys, index, snapshot, NULL, 2, 0, 0);
	index_rescan(scan, scan_keys, 2, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, row);
	if (found)
		copy_columns(row, table, columns);
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(row);
	index_close(index, NoLock);
	return found;
}

ApikeyLookup
apikey_key_lookup(const ApikeyKeySelector *selector, ApikeyKeyColumns *columns)
{
	ApikeyLookup result = APIKEY_LOOKUP_IMPOSSIBLE;
	const ApikeyKeyTable *table;
	Relation	keys;

	if (!direct_lookup)
		return result;
	keys = table_open(apikey_table_oid("api_keys"), AccessShareLock);
	table = apikey_key_table(keys);
	if (table->is_plain && is_permitted(keys))
	{
		apikey_count(APIKEY_COUNT_LOOKUPS_DIRECT);
		result = scan_index(keys, table, selector, columns) ?
			APIKEY_LOOKUP_FOUND : APIKEY_LOOKUP_ABSENT;
	}
	table_close(keys, NoLock);
	return result;
}

void
apikey_key_lookup_init(void)
{
	DefineCustomBoolVariable("apikey.direct_lookup",
							 "Reads keys from an index, without a statement, where that gives the same result.",
							 NULL,
							 &direct_lookup,
							 true,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}
