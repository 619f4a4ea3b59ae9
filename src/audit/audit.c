/*-------------------------------------------------------------------------
 *
 * audit.c
 *		The trace; see audit.h.
 *
 * In the write-ahead log, an event is a logical message that is not transactional:
 * it stays where it is whatever becomes of the transaction, needs no transaction
 * id, is there at any wal_level, and goes where the log goes, to the archive and
 * to standbys.
 *
 * Nothing is recorded of a call that PostgreSQL refuses before it reaches us: a
 * role without the privilege to execute a function.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "replication/message.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "audit/audit.h"
#include "audit/event_json.h"
#include "base/counter.h"
#include "base/errors.h"
#include "compat.h"

#define TO_LOG	0x01
#define TO_WAL	0x02

/*
 * apikey.audit
 *
 * Where events are recorded: a list of "log" and "wal".  Only superusers may set
 * it, also for a role or a database.  The default is empty: nothing is recorded,
 * and nothing spent on it.  It is not "wal", since then no value could be revealed
 * on a standby without another setting, nor "log", since nobody who installs an
 * extension expects a line in the server log for each of its calls.
 */
static char *audit_setting = NULL;
static int	audit_targets = 0;	/* TO_LOG, TO_WAL */

/*
 * apikey.audit_flush
 *
 * Whether an event is on disk before the result is returned, so that not even a
 * crash of the server loses it.  Only superusers may set it.  The default is off:
 * the event is in the write-ahead log's buffers, which survive the death of a
 * session but not of the server, for as long as wal_writer_delay at most.
 */
static bool audit_flush = false;

/* The configured places where an event can be recorded now. */
static int
available_targets(void)
{
	int			targets = audit_targets;

	if ((targets & TO_WAL) && RecoveryInProgress())
		targets &= ~TO_WAL;
	if ((targets & TO_LOG) && !message_level_is_interesting(LOG_SERVER_ONLY))
		targets &= ~TO_LOG;
	return targets;
}

static void
require_target(void)
{
	if (available_targets() != 0)
		return;
	if (audit_targets & TO_WAL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot record the use of API keys on a standby"),
				 errdetail("The parameter \"apikey.audit\" requires a record in the write-ahead log, which only the primary writes."),
				 errhint("Use the primary, or set apikey.audit to \"log, wal\" on this server and reload its configuration."),
				 apikey_err_hide_statement()));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot record the use of API keys in the server log"),
			 errdetail("The parameter \"log_min_messages\" keeps messages of level \"log\" out of it."),
			 errhint("Set log_min_messages to \"error\" or a lower level, or apikey.audit to \"wal\"."),
			 apikey_err_hide_statement()));
}

/* The callbacks of the statement's context must not run: it is not logged. */
static void
write_to_log(const char *json)
{
	ErrorContextCallback *outer = error_context_stack;

	error_context_stack = NULL;
	ereport(LOG_SERVER_ONLY,
			(errmsg_internal("apikey audit: %s", json),
			 errhidestmt(true), errhidecontext(true)));
	error_context_stack = outer;
}

/* Returns the end of the record in the write-ahead log, if it is there. */
static XLogRecPtr
record_for_key(const ApikeyEvent *event, const ApikeyEventKey *key, int sqlstate)
{
	int			targets = available_targets();
	XLogRecPtr	end = InvalidXLogRecPtr;
	StringInfoData json;

	initStringInfo(&json);
	apikey_event_json(&json, event, key, sqlstate);
	if (targets & TO_WAL)
	{
		end = LogLogicalMessage(APIKEY_AUDIT_PREFIX, json.data, json.len, false, false);
		apikey_count(APIKEY_COUNT_AUDIT_WAL);
	}
	if (targets & TO_LOG)
	{
		write_to_log(json.data);
		apikey_count(APIKEY_COUNT_AUDIT_LOG);
	}
	pfree(json.data);
	return end;
}

static void
record(const ApikeyEvent *event, int sqlstate)
{
	XLogRecPtr	end = InvalidXLogRecPtr;
	ListCell   *cell;

	if (event->keys == NIL)
		end = record_for_key(event, &event->key, sqlstate);
	foreach(cell, event->keys)
	{
		CHECK_FOR_INTERRUPTS();
		end = record_for_key(event, lfirst(cell), sqlstate);
	}
	if (audit_flush && end != InvalidXLogRecPtr)
		XLogFlush(end);
}

/* From PG_CATCH, for the error that was caught; reads no catalog. */
static void
record_error(const ApikeyEvent *event)
{
	int			sqlstate = geterrcode();
	MemoryContext error_context = MemoryContextSwitchTo(event->context);

	record(event, sqlstate);
	MemoryContextSwitchTo(error_context);
}

/* A value that is not returned, because its event was not recorded. */
static void
wipe_result(ApikeyAction action, FunctionCallInfo fcinfo, Datum result)
{
	if (apikey_action_returns_value(action) && !fcinfo->isnull)
		explicit_bzero(VARDATA_ANY(DatumGetPointer(result)),
					   VARSIZE_ANY_EXHDR(DatumGetPointer(result)));
}

static Datum
record_work(ApikeyAction action, ApikeyAuditedWork work, const void *arg,
			FunctionCallInfo fcinfo)
{
	volatile bool has_returned = false;
	volatile Datum result = (Datum) 0;
	ApikeyEvent event;

	require_target();
	apikey_event_begin(&event, action);
	PG_TRY();
	{
		result = work(fcinfo, arg);
		has_returned = true;
		if (!event.omitted)
			record(&event, 0);
	}
	PG_CATCH();
	{
		apikey_event_end(&event);
		if (has_returned)
			wipe_result(action, fcinfo, result);
		else
			record_error(&event);
		PG_RE_THROW();
	}
	PG_END_TRY();
	apikey_event_end(&event);
	return result;
}

Datum
apikey_audited_work(ApikeyAction action, ApikeyAuditedWork work, const void *arg,
					FunctionCallInfo fcinfo)
{
	ErrorContextCallback *outer = error_context_stack;
	ErrorContextCallback callback;
	Datum		result;

	if (apikey_action_takes_value(action))
		apikey_hide_errors(&callback);
	result = audit_targets == 0 ? work(fcinfo, arg) :
		record_work(action, work, arg, fcinfo);
	error_context_stack = outer;
	return result;
}

static Datum
call_function(FunctionCallInfo fcinfo, const void *arg)
{
	return (*(const PGFunction *) arg) (fcinfo);
}

Datum
apikey_audited(ApikeyAction action, PGFunction function, FunctionCallInfo fcinfo)
{
	return apikey_audited_work(action, call_function, &function, fcinfo);
}

void
apikey_audit_source_read(ApikeyAction action, const char *scheme, bool ok)
{
	ApikeyEvent event;

	if (available_targets() == 0)
		return;
	apikey_event_begin(&event, action);
	apikey_event_end(&event);
	event.object = scheme;
	record(&event, ok ? 0 : ERRCODE_APIKEY_NO_MASTER_KEY);
}

static bool
check_audit(char **newval, void **extra, GucSource source)
{
	int			targets = 0;
	char	   *text = pstrdup(*newval);
	List	   *names;
	ListCell   *cell;

	if (!SplitIdentifierString(text, ',', &names))
	{
		GUC_check_errdetail("List syntax is invalid.");
		return false;
	}
	foreach(cell, names)
	{
		if (strcmp(lfirst(cell), "log") == 0)
			targets |= TO_LOG;
		else if (strcmp(lfirst(cell), "wal") == 0)
			targets |= TO_WAL;
		else
		{
			GUC_check_errdetail("It is a list of \"log\" and \"wal\".");
			return false;
		}
	}
	list_free(names);
	pfree(text);
	*extra = guc_malloc(LOG, sizeof(int));
	if (*extra == NULL)
		return false;
	*(int *) *extra = targets;
	return true;
}

static void
assign_audit(const char *newval, void *extra)
{
	audit_targets = *(int *) extra;
}

void
apikey_audit_init(void)
{
	apikey_event_caller_init();
	DefineCustomStringVariable("apikey.audit",
							   "Sets where each use of a key is recorded.",
							   "A list of \"log\", the server log, and \"wal\", the write-ahead log.  Empty: nowhere.",
							   &audit_setting,
							   "",
							   PGC_SUSET,
							   GUC_LIST_INPUT,
							   check_audit,
							   assign_audit,
							   NULL);
	DefineCustomBoolVariable("apikey.audit_flush",
							 "Flushes the record of each use of a key to disk before the result is returned.",
							 "For records in the write-ahead log.",
							 &audit_flush,
							 false,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}
