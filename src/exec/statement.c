/*-------------------------------------------------------------------------
 *
 * statement.c
 *		The extension's own SQL statements; see statement.h.
 *
 * Plans are kept for the life of the backend; PostgreSQL's plan cache replans
 * them when a table changes.  Since a statement always runs as the same role, its
 * plan contains that role's row-level security.
 *
 * A statement about one user has a generic plan, since planning would cost more than
 * running it.  One that looks across users is planned for its arguments each time: it
 * runs once for each call or batch of an administrator, and for a table that is
 * distributed, Citus can plan it only so.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "exec/frame.h"
#include "exec/statement.h"

#define ROWS_PER_FETCH	200

/* The OID of apikey.encrypted, if an argument of the statement has that type or its array. */
static Oid
encrypted_type(const ApikeyStatement *statement)
{
	for (int i = 0; i < statement->arg_count; i++)
		if (statement->arg_types[i] == APIKEY_ENCRYPTED ||
			statement->arg_types[i] == APIKEY_ENCRYPTED_ARRAY)
			return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
								   CStringGetDatum("encrypted"),
								   ObjectIdGetDatum(get_namespace_oid("apikey", false)));
	return InvalidOid;
}

static Oid
argument_type(Oid type, Oid encrypted)
{
	if (type == APIKEY_ENCRYPTED)
		return encrypted;
	return type == APIKEY_ENCRYPTED_ARRAY ? get_array_type(encrypted) : type;
}

/* The plan holds as long as the type of its arguments: an OID is looked up faster than a name. */
static bool
is_prepared(const ApikeyStatement *statement)
{
	return statement->plan != NULL &&
		(!OidIsValid(statement->encrypted) ||
		 SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(statement->encrypted)));
}

static void
prepare_statement(ApikeyStatement *statement)
{
	Oid			types[APIKEY_STATEMENT_MAX_ARGS];
	Oid			encrypted;
	SPIPlanPtr	plan;

	if (is_prepared(statement))
		return;
	encrypted = encrypted_type(statement);
	if (statement->plan != NULL)
		SPI_freeplan(statement->plan);
	statement->plan = NULL;
	for (int i = 0; i < statement->arg_count; i++)
		types[i] = argument_type(statement->arg_types[i], encrypted);
	plan = SPI_prepare_cursor(statement->sql, statement->arg_count, types,
							  statement->across_users ? CURSOR_OPT_CUSTOM_PLAN :
							  CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare statement: %s",
			 SPI_result_code_string(SPI_result));
	statement->encrypted = encrypted;
	statement->plan = plan;
}

/* SPI takes a character for each argument instead of a bool. */
static const char *
spi_nulls(const ApikeyStatement *statement, const bool *nulls, char *buffer)
{
	if (nulls == NULL)
		return NULL;
	for (int i = 0; i < statement->arg_count; i++)
		buffer[i] = nulls[i] ? 'n' : ' ';
	return buffer;
}

/* Copy the result to context; SPI_finish() frees SPI's memory. */
static void
copy_rows(ApikeyRows *rows, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);

	rows->count = SPI_tuptable != NULL ? SPI_processed : 0;
	rows->desc = NULL;
	rows->tuples = NULL;
	if (rows->count > 0)
	{
		rows->desc = CreateTupleDescCopy(SPI_tuptable->tupdesc);
		rows->tuples = palloc(rows->count * sizeof(HeapTuple));
		for (uint64 i = 0; i < rows->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			rows->tuples[i] = heap_copytuple(SPI_tuptable->vals[i]);
		}
	}
	MemoryContextSwitchTo(old);
}

/*
 * The latest snapshot, registered, if the statement asks for it; otherwise none.
 * With *crosscheck, the executor raises 40001 for a row that only the latest
 * snapshot sees.
 */
static Snapshot
newest_snapshot(const ApikeyStatement *statement, Snapshot *crosscheck)
{
	*crosscheck = InvalidSnapshot;
	if (statement->snapshot == APIKEY_SNAPSHOT_TRANSACTION)
		return InvalidSnapshot;
	if (statement->snapshot != APIKEY_SNAPSHOT_LATEST)
	{
		/* READ COMMITTED takes a new one for each statement anyway. */
		if (!IsolationUsesXactSnapshot())
			return InvalidSnapshot;
		CommandCounterIncrement();	/* see this transaction's own changes */
	}
	if (statement->snapshot == APIKEY_SNAPSHOT_FOREIGN_KEY)
		*crosscheck = GetTransactionSnapshot();
	return RegisterSnapshot(GetLatestSnapshot());
}

static void
execute_statement(ApikeyStatement *statement, const Datum *args, const bool *nulls)
{
	char		buffer[APIKEY_STATEMENT_MAX_ARGS];
	Snapshot	crosscheck;
	Snapshot	newest;
	int			result;

	prepare_statement(statement);
	newest = newest_snapshot(statement, &crosscheck);
	result = SPI_execute_snapshot(statement->plan, unconstify(Datum *, args),
								  spi_nulls(statement, nulls, buffer),
								  newest, crosscheck,
								  statement->snapshot == APIKEY_SNAPSHOT_LATEST,
								  true, 0);
	if (newest != InvalidSnapshot)
		UnregisterSnapshot(newest);
	if (result < 0)
		elog(ERROR, "could not execute statement: %s",
			 SPI_result_code_string(result));
}

static Oid
role_of(const ApikeyStatement *statement)
{
	return statement->role == APIKEY_AS_OWNER ?
		apikey_owner_role() : apikey_maintenance_role();
}

uint64
apikey_statement_run(ApikeyStatement *statement, const char *user_id,
					 const Datum *args, const bool *nulls, ApikeyRows *rows)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile uint64 count = 0;	/* set within PG_TRY */
	ApikeyFrame frame;

	apikey_frame_enter(&frame, role_of(statement), user_id);
	PG_TRY();
	{
		SPI_connect();
		execute_statement(statement, args, nulls);
		count = SPI_processed;
		if (rows != NULL)
			copy_rows(rows, caller);
		SPI_finish();
	}
	PG_FINALLY();
	{
		apikey_frame_leave(&frame);
	}
	PG_END_TRY();
	return count;
}

static void
set_off(const char *setting)
{
	(void) set_config_option(setting, "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * A generic plan does not know that few rows are wanted, and might read and sort the
 * whole table for each batch; one made for the arguments trusts statistics that may
 * be old.  Nor does either know that most index entries belong to dead rows, which an
 * index scan marks and a bitmap scan does not.  But where the planner expects many
 * more rows than there are, as of a column without statistics, it takes a bitmap scan
 * of the right index for cheaper than a plain scan of it, and a plain scan of a
 * whole other index for cheaper still than that: then allow_bitmap.
 * After an error, the end of the transaction restores the settings.
 */
uint64
apikey_statement_run_by_index(ApikeyStatement *statement, const Datum *args,
							  ApikeyRows *rows)
{
	int			level = NewGUCNestLevel();
	uint64		count;

	set_off("enable_seqscan");
	/* A join with the rows of arrays: a nested loop uses the index for each. */
	set_off("enable_hashjoin");
	set_off("enable_mergejoin");
	if (!statement->allow_bitmap)
	{
		set_off("enable_bitmapscan");
		set_off("enable_sort");
	}
	count = apikey_statement_run(statement, NULL, args, NULL, rows);
	AtEOXact_GUC(true, level);
	return count;
}

Datum
apikey_rows_get(const ApikeyRows *rows, uint64 row, int column, bool *is_null)
{
	Assert(row < rows->count);
	return heap_getattr(rows->tuples[row], column, rows->desc, is_null);
}

/* Call work for each row of an open portal; fetches a few at a time. */
static void
fetch_each(Portal portal, ApikeyRowWork work, void *arg)
{
	MemoryContext per_row = AllocSetContextCreate(CurrentMemoryContext,
												  "apikey row",
												  ALLOCSET_DEFAULT_SIZES);

	for (;;)
	{
		SPITupleTable *table;
		uint64		fetched;

		SPI_cursor_fetch(portal, true, ROWS_PER_FETCH);
		table = SPI_tuptable;
		fetched = SPI_processed;
		for (uint64 i = 0; i < fetched; i++)
		{
			MemoryContext old = MemoryContextSwitchTo(per_row);

			CHECK_FOR_INTERRUPTS();
			work(table->vals[i], table->tupdesc, arg);
			MemoryContextSwitchTo(old);
			MemoryContextReset(per_row);
		}
		SPI_freetuptable(table);
		if (fetched == 0)
			break;
	}
	MemoryContextDelete(per_row);
}

void
apikey_statement_run_each(ApikeyStatement *statement, const char *user_id,
						  const Datum *args, const bool *nulls,
						  ApikeyRowWork work, void *arg)
{
	char		buffer[APIKEY_STATEMENT_MAX_ARGS];
	ApikeyFrame frame;

	apikey_frame_enter(&frame, role_of(statement), user_id);
	PG_TRY();
	{
		Portal		portal;

		SPI_connect();
		prepare_statement(statement);
		portal = SPI_cursor_open(NULL, statement->plan,
								 unconstify(Datum *, args),
								 spi_nulls(statement, nulls, buffer), false);
		fetch_each(portal, work, arg);
		SPI_cursor_close(portal);
		SPI_finish();
	}
	PG_FINALLY();
	{
		apikey_frame_leave(&frame);
	}
	PG_END_TRY();
}
