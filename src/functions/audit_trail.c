/*-------------------------------------------------------------------------
 *
 * audit_trail.c
 *		audit_trail: the events in the server's write-ahead log.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "funcapi.h"
#include "utils/pg_lsn.h"
#include "utils/tuplestore.h"

#include "audit/wal_trail.h"
#include "exec/precondition.h"

PG_FUNCTION_INFO_V1(apikey_audit_trail);

static void
put_event(ApikeyEventRow *row, void *arg)
{
	ReturnSetInfo *result = arg;

	tuplestore_putvalues(result->setResult, result->setDesc, row->values, row->nulls);
}

/*
 * apikey.audit_trail(from_lsn, to_lsn) -> setof apikey.audit_log
 */
Datum
apikey_audit_trail(PG_FUNCTION_ARGS)
{
	XLogRecPtr	from;
	XLogRecPtr	to;

	apikey_refuse_restricted();
	from = PG_ARGISNULL(0) ? apikey_wal_trail_start() : PG_GETARG_LSN(0);
	to = PG_ARGISNULL(1) ? apikey_wal_trail_end() : PG_GETARG_LSN(1);
	InitMaterializedSRF(fcinfo, 0);
	(void) apikey_wal_trail_each(Max(from, (XLogRecPtr) wal_segment_size), to, put_event,
								 fcinfo->resultinfo);
	return (Datum) 0;
}
