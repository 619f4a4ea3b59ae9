/*-------------------------------------------------------------------------
 *
 * event_caller.c
 *		Who makes a call; see event_caller.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "audit/event_caller.h"
#include "base/encoding.h"
#include "compat.h"
#include "exec/identity.h"
#include "validate/key_search.h"

/*
 * apikey.audit_context
 *
 * What the application says of its request, such as the request's id.  It counts
 * only in the transaction in which it is set, as a user id does, so that behind a
 * connection pool it is never taken for that of the next client.
 */
static char *audit_context_setting = NULL;

/* A database cannot be renamed while a session is connected to it. */
static const char *
database_name(void)
{
	static char *name = NULL;
	MemoryContext caller;

	if (name != NULL)
		return name;
	caller = MemoryContextSwitchTo(TopMemoryContext);
	name = get_database_name(MyDatabaseId);
	MemoryContextSwitchTo(caller);
	return name;
}

/* Of a session, this does not change either. */
static const char *
client_address(void)
{
	static char address[64];

	LOCAL_FCINFO(fcinfo, 0);
	Datum		result;

	if (address[0] != '\0')
		return address;
	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	result = inet_client_addr(fcinfo);
	if (fcinfo->isnull)
		return NULL;
	strlcpy(address, DatumGetCString(DirectFunctionCall1(inet_out, result)),
			sizeof(address));
	return address;
}

/* A copy, since the setting can change while the event is filled. */
static const char *
audit_context(void)
{
	const char *context = apikey_set_in_transaction("apikey.audit_context");

	if (context == NULL || *context == '\0')
		return NULL;
	if (apikey_looks_like_key(context, strlen(context)))
		return APIKEY_NOT_SHOWN;
	return pstrdup(context);
}

void
apikey_event_caller_find(ApikeyEventCaller *caller)
{
	caller->database = database_name();
	caller->session_role = GetUserNameFromId(GetSessionUserId(), true);
	caller->role = GetUserNameFromId(GetUserId(), true);
	caller->client_addr = client_address();
	caller->audit_context = audit_context();
}

static bool
check_audit_context(char **newval, void **extra, GucSource source)
{
	size_t		len = strlen(*newval);

	if (!apikey_has_control(*newval, len) &&
		pg_mbstrlen_with_len(*newval, len) <= APIKEY_AUDIT_CONTEXT_MAX)
		return true;
	GUC_check_errdetail("It can have at most %d characters, none of them a control character.",
						APIKEY_AUDIT_CONTEXT_MAX);
	return false;
}

void
apikey_event_caller_init(void)
{
	DefineCustomStringVariable("apikey.audit_context",
							   "Sets a text that is recorded with each use of a key in the current transaction.",
							   "For example, the id of the request that the application is processing.  It counts only if it is set within the transaction.",
							   &audit_context_setting,
							   "",
							   PGC_USERSET,
							   GUC_NOT_IN_SAMPLE,
							   check_audit_context,
							   NULL,
							   NULL);
}
