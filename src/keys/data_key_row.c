/*-------------------------------------------------------------------------
 *
 * data_key_row.c
 *		Reading the rows of apikey.data_keys; see data_key_row.h.
 *
 * To plan and run a statement takes longer than all else that the first reveal of
 * a session does.  So a single row is read from the index of the primary key, where
 * the table is as the extension's script made it: an ordinary heap table without
 * row-level security, which the role of the statement may read.  That is looked at
 * each time, as a session reads few rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

#include "compat.h"
#include "exec/frame.h"
#include "exec/plain_table.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "keys/data_key_row.h"

#define COLUMNS \
	"SELECT id, purpose, deactivated_at, wrapped_key, lost_at FROM apikey.data_keys"

static ApikeyStatement select_all = {
	.role = APIKEY_AS_OWNER,
	.sql = COLUMNS " WHERE destroyed_at IS NULL ORDER BY created_at DESC, id",
	.snapshot = APIKEY_SNAPSHOT_LATEST
};

static ApikeyStatement select_one = {
	.role = APIKEY_AS_OWNER,
	.sql = COLUMNS " WHERE id OPERATOR(pg_catalog.=) $1",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 1,
	.arg_types = {UUIDOID}
};

/* Where the columns are in a row. */
typedef struct RowColumns
{
	TupleDesc	desc;
	int			id;
	int			purpose;
	int			deactivated_at;
	int			wrapped_key;
	int			lost_at;
} RowColumns;

static RowColumns
columns_of(TupleDesc desc)
{
	RowColumns	columns = {
		.desc = desc,
		.id = SPI_fnumber(desc, "id"),
		.purpose = SPI_fnumber(desc, "purpose"),
		.deactivated_at = SPI_fnumber(desc, "deactivated_at"),
		.wrapped_key = SPI_fnumber(desc, "wrapped_key"),
		.lost_at = SPI_fnumber(desc, "lost_at")
	};

	return columns;
}

static bool
are_found(const RowColumns *columns)
{
	return columns->id > 0 && columns->purpose > 0 && columns->deactivated_at > 0 &&
		columns->wrapped_key > 0 && columns->lost_at > 0;
}

static void
copy_row(HeapTuple tuple, const RowColumns *columns, ApikeyDataKeyRow *row)
{
	bool		is_null;
	bool		destroyed;
	Datum		wrapped = heap_getattr(tuple, columns->wrapped_key, columns->desc, &destroyed);

	memcpy(row->id,
		   DatumGetUUIDP(heap_getattr(tuple, columns->id, columns->desc, &is_null))->data,
		   APIKEY_DATA_KEY_ID_SIZE);
	row->purpose = TextDatumGetCString(heap_getattr(tuple, columns->purpose, columns->desc, &is_null));
	row->wrapped = destroyed ? NULL : DatumGetByteaPCopy(wrapped);
	row->active = heap_attisnull(tuple, columns->deactivated_at, columns->desc) && !destroyed;
	row->lost = !heap_attisnull(tuple, columns->lost_at, columns->desc);
}

int
apikey_data_key_row_read_all(ApikeyDataKeyRow **rows)
{
	ApikeyRows	read;
	RowColumns	columns;

	apikey_statement_run(&select_all, NULL, NULL, NULL, &read);
	*rows = palloc(Max(read.count, 1) * sizeof(ApikeyDataKeyRow));
	if (read.count > 0)
		columns = columns_of(read.desc);
	for (uint64 i = 0; i < read.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		copy_row(read.tuples[i], &columns, &(*rows)[i]);
		heap_freetuple(read.tuples[i]);
	}
	return (int) read.count;
}

static bool
read_by_statement(const uint8_t *id, ApikeyDataKeyRow *row)
{
	Datum		arg = PointerGetDatum(id);
	ApikeyRows	read;
	RowColumns	columns;

	if (apikey_statement_run(&select_one, NULL, &arg, NULL, &read) == 0)
		return false;
	columns = columns_of(read.desc);
	copy_row(read.tuples[0], &columns, row);
	return true;
}

static bool
scan_index(Relation table, Oid index, const RowColumns *columns, const uint8_t *id,
		   ApikeyDataKeyRow *row)
{
	Snapshot	latest = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, columns->id, BTEqualStrategyNumber, F_UUID_EQ, PointerGetDatum(id));
	scan = systable_beginscan(table, index, true, latest, 1, &key);
	tuple = systable_getnext(scan);
	if (tuple != NULL)
		copy_row(tuple, columns, row);
	systable_endscan(scan);
	UnregisterSnapshot(latest);
	return tuple != NULL;
}

bool
apikey_data_key_row_read(const uint8_t *id, ApikeyDataKeyRow *row)
{
	Relation	table = table_open(apikey_table_oid("data_keys"), AccessShareLock);
	Oid			index = RelationGetPrimaryKeyIndex(table, false);
	RowColumns	columns = columns_of(RelationGetDescr(table));
	bool		found;

	if (apikey_direct_lookup && OidIsValid(index) && are_found(&columns) &&
		apikey_table_is_plain(table, apikey_owner_role()) && !table->rd_rel->relrowsecurity)
		found = scan_index(table, index, &columns, id, row);
	else
		found = read_by_statement(id, row);
	table_close(table, NoLock);
	return found;
}
