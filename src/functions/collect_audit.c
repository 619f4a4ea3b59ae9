/*-------------------------------------------------------------------------
 *
 * collect_audit.c
 *		collect_audit and purge_audit: the events kept in a table.
 *
 * The position up to which events have been collected is a row, which is changed in
 * the transaction that stores the events: both commit, or neither.  The row is
 * locked first, so that collectors run one after the other, and each begins where
 * the one before has ended.
 *
 * Write-ahead log is released only when the commit is on disk: a crash would
 * otherwise undo the transaction after the log it has read is gone.  Within a
 * transaction block, the next run releases it.
 *
 * Collecting is an event itself, which the next run collects: that alone is no
 * reason for another one, which would have no end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/pg_lsn.h"
#include "utils/snapmgr.h"

#include "audit/audit.h"
#include "audit/audit_slot.h"
#include "audit/wal_trail.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "validate/arguments.h"

PG_FUNCTION_INFO_V1(apikey_collect_audit);
PG_FUNCTION_INFO_V1(apikey_purge_audit);

/* Of another server is the position that pg_upgrade has brought along. */
static ApikeyStatement make_position = {
	.sql = "INSERT INTO apikey.audit_position AS p (system_identifier, lsn) VALUES ($1, $2)"
	" ON CONFLICT (one) DO UPDATE SET system_identifier = EXCLUDED.system_identifier,"
	" lsn = EXCLUDED.lsn"
	" WHERE p.system_identifier OPERATOR(pg_catalog.<>) EXCLUDED.system_identifier",
	.arg_count = 2,
	.arg_types = {INT8OID, LSNOID}
};

static ApikeyStatement lock_position = {
	.sql = "SELECT lsn FROM apikey.audit_position FOR UPDATE"
};

static ApikeyStatement set_position = {
	.sql = "UPDATE apikey.audit_position SET lsn = $1,"
	" collected_at = pg_catalog.clock_timestamp()",
	.arg_count = 1,
	.arg_types = {LSNOID}
};

static ApikeyStatement insert_event = {
	.sql = "INSERT INTO apikey.audit_log VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
	" $10, $11, $12, $13, $14, $15, $16, $17, $18)",
	.arg_count = APIKEY_EVENT_COLUMNS,
	.arg_types = {LSNOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID,
		TEXTOID, TEXTARRAYOID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	INT4OID, TEXTOID}
};

static ApikeyStatement insert_gap = {
	.sql = "INSERT INTO apikey.audit_log (lsn, occurred_at, action, outcome, object)"
	" VALUES ($1, pg_catalog.clock_timestamp(), 'gap', 'lost', $2)",
	.arg_count = 2,
	.arg_types = {LSNOID, TEXTOID}
};

static ApikeyStatement delete_old = {
	.sql = "DELETE FROM apikey.audit_log WHERE occurred_at"
	" OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) $1)",
	.arg_count = 1,
	.arg_types = {INTERVALOID}
};

/* What a run has found. */
typedef struct Collected
{
	int64		count;
	bool		is_news;		/* more than events of earlier runs */
} Collected;

/* The position, with its row locked; that of the oldest log if there is none yet. */
static XLogRecPtr
find_position(XLogRecPtr oldest)
{
	ApikeyRows	rows;
	Datum		args[2];
	bool		is_null;		/* never */

	args[0] = Int64GetDatum((int64) GetSystemIdentifier());
	args[1] = LSNGetDatum(oldest);
	apikey_statement_run(&make_position, NULL, args, NULL, NULL);
	apikey_statement_run(&lock_position, NULL, NULL, NULL, &rows);
	if (rows.count != 1)
		apikey_raise_old_snapshot();
	return DatumGetLSN(apikey_rows_get(&rows, 0, 1, &is_null));
}

/* What was removed before it was collected leaves a row, and is skipped. */
static void
note_gap(XLogRecPtr from, XLogRecPtr to)
{
	char	   *range = psprintf("%X/%X - %X/%X", LSN_FORMAT_ARGS(from), LSN_FORMAT_ARGS(to));
	Datum		args[2];

	args[0] = LSNGetDatum(from);
	args[1] = CStringGetTextDatum(range);
	apikey_statement_run(&insert_gap, NULL, args, NULL, NULL);
	ereport(WARNING,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("write-ahead log was removed before its events were collected"),
			 errdetail("Its range is %s; a row of apikey.audit_log says so.", range),
			 errhint("Call apikey.start_audit(), so that the server keeps it until then.")));
}

static void
store_event(ApikeyEventRow *row, void *arg)
{
	Collected  *collected = arg;

	apikey_statement_run(&insert_event, NULL, row->values, row->nulls, NULL);
	collected->count++;
	if (!apikey_event_row_is(row, APIKEY_ACTION_COLLECT_AUDIT))
		collected->is_news = true;
}

/* Returns the position up to which events are collected now. */
static XLogRecPtr
collect_events(Collected *collected)
{
	XLogRecPtr	oldest = apikey_wal_trail_start();
	XLogRecPtr	from = find_position(oldest);
	XLogRecPtr	end = apikey_wal_trail_end();
	XLogRecPtr	next;
	Datum		arg;

	if (from < oldest)
	{
		note_gap(from, oldest);
		collected->is_news = true;
		from = oldest;
	}
	next = apikey_wal_trail_each(from, end, store_event, collected);
	arg = LSNGetDatum(next);
	apikey_statement_run(&set_position, NULL, &arg, NULL, NULL);
	return next;
}

/*
 * apikey.collect_audit()
 */
static Datum
collect_audit(PG_FUNCTION_ARGS)
{
	CallContext *call = (CallContext *) fcinfo->context;
	Collected	collected = {0};
	XLogRecPtr	position;

	apikey_refuse_restricted();
	apikey_refuse_read_only("collecting events");
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	PushActiveSnapshot(GetTransactionSnapshot());
	position = collect_events(&collected);
	PopActiveSnapshot();
	if (!call->atomic && !IsSubTransaction())
	{
		SPI_commit();
		XLogFlush(XactLastCommitEnd);
		apikey_audit_slot_advance(position);
	}
	SPI_finish();
	apikey_event_count(collected.count);
	if (!collected.is_news)
		apikey_event_omit();
	return (Datum) 0;
}

Datum
apikey_collect_audit(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_COLLECT_AUDIT, collect_audit, fcinfo);
}

/*
 * apikey.purge_audit(older_than) -> bigint
 */
static Datum
purge_audit(PG_FUNCTION_ARGS)
{
	Datum		args[1];
	int64		count;

	apikey_refuse_restricted();
	args[0] = IntervalPGetDatum(apikey_arg_age(fcinfo, 0, "older_than"));
	count = apikey_statement_run(&delete_old, NULL, args, NULL, NULL);
	apikey_event_count(count);
	PG_RETURN_INT64(count);
}

Datum
apikey_purge_audit(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_PURGE_AUDIT, purge_audit, fcinfo);
}
