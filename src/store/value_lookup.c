/*-------------------------------------------------------------------------
 *
 * value_lookup.c
 *		Read the rows that have a fingerprint from an index; see value_lookup.h.
 *
 * To start and end the executor, for a statement of two tables, takes twice as long
 * as all else that find_keys does.  So the rows are read from the indexes, where
 * apikey_maintenance, as which the statement runs, is shown all rows of both tables:
 * ordinary heap tables, with policies that take nothing away from "maintenance", and
 * without triggers, which tables have that Citus has distributed.  All this changes
 * only by commands that send a message.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/counter.h"
#include "compat.h"
#include "core/envelope.h"
#include "exec/frame.h"
#include "exec/plain_table.h"
#include "exec/table_cache.h"
#include "exec/table_watch.h"
#include "keys/data_key.h"
#include "store/value_lookup.h"
#include "validate/key_type.h"

/* The columns of apikey.all_keys, in their order. */
typedef enum FoundColumn
{
	FOUND_ID,
	FOUND_USER_ID,
	FOUND_NAME,
	FOUND_KEY_TYPE,
	FOUND_LABEL,
	FOUND_HINT,
	FOUND_ENV_VAR,
	FOUND_METADATA,
	FOUND_CREATED_AT,
	FOUND_UPDATED_AT,
	FOUND_EXPIRES_AT,
	FOUND_DISABLED_AT,
	FOUND_DISABLED_REASON,
	FOUND_DELETED_AT,
	FOUND_IS_ACTIVE,
	FOUND_USABLE,
	FOUND_LAST_USED_AT,
	FOUND_USES
} FoundColumn;

#define FOUND_COLUMNS	(FOUND_USES + 1)

/* Where each is in api_keys; NULL: elsewhere. */
static const char *const found_names[FOUND_COLUMNS] = {
	[FOUND_ID] = "id",
	[FOUND_USER_ID] = "user_id",
	[FOUND_NAME] = "name",
	[FOUND_KEY_TYPE] = "key_type",
	[FOUND_HINT] = "hint",
	[FOUND_ENV_VAR] = "env_var",
	[FOUND_METADATA] = "metadata",
	[FOUND_CREATED_AT] = "created_at",
	[FOUND_UPDATED_AT] = "updated_at",
	[FOUND_EXPIRES_AT] = "expires_at",
	[FOUND_DISABLED_AT] = "disabled_at",
	[FOUND_DISABLED_REASON] = "disabled_reason",
	[FOUND_DELETED_AT] = "deleted_at",
	[FOUND_IS_ACTIVE] = "is_active"
};

/* What is known of the two tables, until the next invalidation message. */
typedef struct FoundTables
{
	bool		are_plain;		/* and can be read; if not, nothing else
								 * counts */
	Oid			by_fingerprint; /* index of api_keys */
	AttrNumber	fingerprint;
	AttrNumber	encrypted_value;
	AttrNumber	columns[FOUND_COLUMNS]; /* of api_keys; 0: elsewhere */
	Oid			by_key;			/* index of key_usage */
	AttrNumber	usage_key[2];	/* user_id and id */
	AttrNumber	last_used_at;
	AttrNumber	uses;
} FoundTables;

/* A search: the tables are open and locked, the snapshot is registered. */
typedef struct Lookup
{
	Relation	keys;
	Relation	usage;
	Snapshot	snapshot;
	TupleDesc	desc;			/* of the result */
} Lookup;

static ApikeyTableWatch watch = {.catalogs = true}; /* api_keys, key_usage */
static uint64 changes_seen;		/* when tables was filled */
static FoundTables tables;

/* The number of a column whose value is in the row; 0 if there is none. */
static AttrNumber
stored_column(Relation table, const char *name, Oid type)
{
	int			column = SPI_fnumber(RelationGetDescr(table), name);
	Form_pg_attribute attribute;

	if (column <= 0)
		return 0;
	attribute = TupleDescAttr(RelationGetDescr(table), column - 1);
	if (attribute->atttypid != type ||
		(attribute->attgenerated != '\0' && attribute->attgenerated != ATTRIBUTE_GENERATED_STORED))
		return 0;
	return column;
}

static bool
find_columns(Relation keys, TupleDesc desc)
{
	for (int i = 0; i < FOUND_COLUMNS; i++)
	{
		if (found_names[i] == NULL)
			continue;
		tables.columns[i] = stored_column(keys, found_names[i], TupleDescAttr(desc, i)->atttypid);
		if (tables.columns[i] == 0)
			return false;
	}
	return true;
}

static bool
shows_all(Relation table)
{
	Oid			role = apikey_maintenance_role();

	return apikey_table_is_plain(table, role) && !table->rd_rel->relhastriggers &&
		apikey_table_shows_all(table, role);
}

static bool
can_read_keys(Relation keys, TupleDesc desc)
{
	tables.fingerprint = stored_column(keys, "fingerprint", BYTEAOID);
	tables.encrypted_value = SPI_fnumber(RelationGetDescr(keys), "encrypted_value");
	if (tables.encrypted_value <= 0 || desc->natts != FOUND_COLUMNS ||
		!shows_all(keys) || !find_columns(keys, desc))
		return false;
	tables.by_fingerprint = apikey_table_index_on(keys, &tables.fingerprint, 1);
	return OidIsValid(tables.by_fingerprint);
}

static bool
can_read_usage(Relation usage)
{
	tables.usage_key[0] = stored_column(usage, "user_id", TEXTOID);
	tables.usage_key[1] = stored_column(usage, "id", UUIDOID);
	tables.last_used_at = stored_column(usage, "last_used_at", TIMESTAMPTZOID);
	tables.uses = stored_column(usage, "uses", INT8OID);
	if (tables.last_used_at == 0 || tables.uses == 0 || !shows_all(usage))
		return false;
	tables.by_key = apikey_table_index_on(usage, tables.usage_key, 2);
	return OidIsValid(tables.by_key);
}

static bool
are_known(void)
{
	return watch.started && changes_seen == watch.changes;
}

/* A message that comes meanwhile has the next call look again. */
static bool
can_read(const Lookup *lookup)
{
	uint64		changes;

	if (are_known() && watch.oids[0] == RelationGetRelid(lookup->keys) &&
		watch.oids[1] == RelationGetRelid(lookup->usage))
		return tables.are_plain;
	watch.oids[0] = RelationGetRelid(lookup->keys);
	watch.oids[1] = RelationGetRelid(lookup->usage);
	apikey_table_watch_start(&watch);
	changes = watch.changes;
	changes_seen = changes - 1; /* in case of an error */
	tables.are_plain = can_read_keys(lookup->keys, lookup->desc) && can_read_usage(lookup->usage);
	changes_seen = changes;
	return tables.are_plain;
}

/* The columns of key_usage, where there is at most one row. */
static void
read_usage(const Lookup *lookup, Datum *values, bool *nulls)
{
	TupleDesc	desc = RelationGetDescr(lookup->usage);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&keys[0], tables.usage_key[0], BTEqualStrategyNumber, F_TEXTEQ, values[FOUND_USER_ID]);
	ScanKeyInit(&keys[1], tables.usage_key[1], BTEqualStrategyNumber, F_UUID_EQ, values[FOUND_ID]);
	scan = systable_beginscan(lookup->usage, tables.by_key, true, lookup->snapshot, 2, keys);
	row = systable_getnext(scan);
	nulls[FOUND_LAST_USED_AT] = row == NULL;
	values[FOUND_USES] = Int64GetDatum(0);
	if (row != NULL)
	{
		values[FOUND_LAST_USED_AT] = heap_getattr(row, tables.last_used_at, desc, &nulls[FOUND_LAST_USED_AT]);
		values[FOUND_USES] = heap_getattr(row, tables.uses, desc, &nulls[FOUND_USES]);
	}
	systable_endscan(scan);
}

/* Is the data key lost?  Only the header of the envelope is read. */
static bool
is_lost(const Lookup *lookup, HeapTuple row)
{
	bool		is_null;		/* never */
	Datum		envelope = heap_getattr(row, tables.encrypted_value, RelationGetDescr(lookup->keys), &is_null);
	bytea	   *head = DatumGetByteaPSlice(envelope, 0, APIKEY_ENVELOPE_HEADER_SIZE);

	return VARSIZE_ANY_EXHDR(head) < APIKEY_ENVELOPE_HEADER_SIZE ||
		apikey_data_key_is_lost(apikey_envelope_data_key_id((const uint8_t *) VARDATA_ANY(head)));
}

/* What the view computes of the row's other columns. */
static void
compute_columns(const Lookup *lookup, HeapTuple row, Datum *values, bool *nulls)
{
	const ApikeyKeyType *type = apikey_key_type_find(TextDatumGetCString(values[FOUND_KEY_TYPE]));
	bool		has_expired = !nulls[FOUND_EXPIRES_AT] &&
	DatumGetTimestampTz(values[FOUND_EXPIRES_AT]) <= GetCurrentStatementStartTimestamp();

	nulls[FOUND_LABEL] = type == NULL;
	if (type != NULL)
		values[FOUND_LABEL] = CStringGetTextDatum(type->label);
	values[FOUND_USABLE] = BoolGetDatum(DatumGetBool(values[FOUND_IS_ACTIVE]) && !has_expired && !is_lost(lookup, row));
}

static void
add_row(const Lookup *lookup, HeapTuple row, Tuplestorestate *store)
{
	Datum		values[FOUND_COLUMNS] = {0};
	bool		nulls[FOUND_COLUMNS] = {0};

	for (int i = 0; i < FOUND_COLUMNS; i++)
		if (tables.columns[i] != 0)
			values[i] = heap_getattr(row, tables.columns[i], RelationGetDescr(lookup->keys), &nulls[i]);
	compute_columns(lookup, row, values, nulls);
	read_usage(lookup, values, nulls);
	tuplestore_putvalues(store, lookup->desc, values, nulls);
}

static void
add_rows(const Lookup *lookup, Datum fingerprints, Tuplestorestate *store)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyEntryInitialize(&key, SK_SEARCHARRAY, tables.fingerprint, BTEqualStrategyNumber,
						   InvalidOid, InvalidOid, F_BYTEAEQ, fingerprints);
	scan = systable_beginscan(lookup->keys, tables.by_fingerprint, true, lookup->snapshot, 1, &key);
	while (HeapTupleIsValid(row = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		add_row(lookup, row, store);
	}
	systable_endscan(scan);
}

/* The OIDs are looked up where they may have changed. */
static void
open_tables(Lookup *lookup)
{
	lookup->keys = table_open(are_known() ? watch.oids[0] : apikey_table_oid("api_keys"), AccessShareLock);
	lookup->usage = table_open(are_known() ? watch.oids[1] : apikey_table_oid("key_usage"), AccessShareLock);
}

bool
apikey_value_lookup(Datum fingerprints, TupleDesc desc, Tuplestorestate *store)
{
	Lookup		lookup = {.desc = desc};
	bool		possible;

	if (!apikey_direct_lookup)
		return false;
	open_tables(&lookup);
	possible = can_read(&lookup);
	if (possible)
	{
		apikey_count(APIKEY_COUNT_LOOKUPS_DIRECT);
		lookup.snapshot = RegisterSnapshot(GetLatestSnapshot());
		add_rows(&lookup, fingerprints, store);
		UnregisterSnapshot(lookup.snapshot);
	}
	table_close(lookup.usage, NoLock);
	table_close(lookup.keys, NoLock);
	return possible;
}
