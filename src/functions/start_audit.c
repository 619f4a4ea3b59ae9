/*-------------------------------------------------------------------------
 *
 * start_audit.c
 *		start_audit and stop_audit: the server keeps its write-ahead log until
 *		events have been collected, or no longer does.
 *
 * Both are events, unless there is nothing to do: who stops the trail leaves the
 * last record in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/pg_lsn.h"

#include "audit/audit.h"
#include "audit/audit_slot.h"
#include "exec/precondition.h"

PG_FUNCTION_INFO_V1(apikey_start_audit);
PG_FUNCTION_INFO_V1(apikey_stop_audit);

/*
 * apikey.start_audit() -> pg_lsn
 */
static Datum
start_audit(PG_FUNCTION_ARGS)
{
	XLogRecPtr	position;
	bool		is_new;

	apikey_refuse_restricted();
	position = apikey_audit_slot_create(&is_new);
	if (!is_new)
		apikey_event_omit();
	PG_RETURN_LSN(position);
}

Datum
apikey_start_audit(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_START_AUDIT, start_audit, fcinfo);
}

/*
 * apikey.stop_audit() -> boolean
 */
static Datum
stop_audit(PG_FUNCTION_ARGS)
{
	bool		was_there;

	apikey_refuse_restricted();
	was_there = apikey_audit_slot_drop();
	if (!was_there)
		apikey_event_omit();
	PG_RETURN_BOOL(was_there);
}

Datum
apikey_stop_audit(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_STOP_AUDIT, stop_audit, fcinfo);
}
