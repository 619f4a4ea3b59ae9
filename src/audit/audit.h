/*-------------------------------------------------------------------------
 *
 * audit.h
 *		The trace: a record of every use of the keys, which ROLLBACK does not
 *		undo.
 *
 * apikey.audit says where events are recorded: in the server log, in the
 * write-ahead log, or both.  The record comes first, then the result: a call whose
 * event cannot be recorded fails, and returns nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_AUDIT_H
#define APIKEY_AUDIT_H

#include "fmgr.h"

#include "audit/event.h"

/* The prefix of our logical messages in the write-ahead log. */
#define APIKEY_AUDIT_PREFIX	"apikey"

/*
 * Call a function of SQL, and record the call: its outcome, and what the function
 * notes in the event.  If it raises an error, that is recorded and raised again.
 * Raises 55000 before the function is called if an event could not be recorded now.
 * If the action takes a value, errors hide the statement, as those of
 * apikey_call_hidden() do.
 */
extern Datum apikey_audited(ApikeyAction action, PGFunction function,
							FunctionCallInfo fcinfo);

/* The same for a function with an argument of its own. */
typedef Datum (*ApikeyAuditedWork) (FunctionCallInfo fcinfo, const void *arg);
extern Datum apikey_audited_work(ApikeyAction action, ApikeyAuditedWork work,
								 const void *arg, FunctionCallInfo fcinfo);

/*
 * Record that a key source was read, or that this failed.  source is shown by its
 * scheme alone.  Where nothing can be recorded, as in a standby's write-ahead log,
 * nothing is: keys that are loaded have not left the server.
 */
extern void apikey_audit_source_read(ApikeyAction action, const char *scheme, bool ok);

/* Define the settings; called once, by _PG_init. */
extern void apikey_audit_init(void);

#endif							/* APIKEY_AUDIT_H */
