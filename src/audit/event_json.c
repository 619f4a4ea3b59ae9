/*-------------------------------------------------------------------------
 *
 * event_json.c
 *		Events as JSON; see event_json.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/elog.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "audit/event_json.h"

/*
 * The names of roles and databases are in the encoding of the database in which
 * they were created: other characters than ASCII may be malformed here.
 */
static const char *
in_database_encoding(const char *text)
{
	char	   *ascii;

	if (pg_verifymbstr(text, strlen(text), true))
		return text;
	ascii = pstrdup(text);
	for (char *c = ascii; *c != '\0'; c++)
		if (IS_HIGHBIT_SET(*c))
			*c = '?';
	return ascii;
}

static void
append_string(StringInfo json, const char *name, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(json, "%s\"%s\":", json->data[json->len - 1] == '{' ? "" : ",", name);
	escape_json(json, in_database_encoding(value));
}

static void
append_number(StringInfo json, const char *name, int64 value)
{
	appendStringInfo(json, ",\"%s\":" INT64_FORMAT, name, value);
}

/* Always in UTC and of the same length, whatever the session's settings are. */
static void
append_time(StringInfo json)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char		text[64];

	if (timestamp2tm(GetCurrentTimestamp(), NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "timestamp out of range");
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
			 tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			 (int) fsec);
	append_string(json, "occurred_at", text);
}

static void
append_key(StringInfo json, const ApikeyEventKey *key)
{
	if (key->has_id)
		append_string(json, "key_id",
					  DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&key->id))));
	append_string(json, "key_name", key->name);
	append_string(json, "key_type", key->key_type);
}

static void
append_changed(StringInfo json, const List *changed)
{
	const char *separator = "";
	ListCell   *cell;

	if (changed == NIL)
		return;
	appendStringInfoString(json, ",\"changed\":[");
	foreach(cell, changed)
	{
		appendStringInfo(json, "%s\"%s\"", separator, (const char *) lfirst(cell));
		separator = ",";
	}
	appendStringInfoChar(json, ']');
}

static void
append_caller(StringInfo json, const ApikeyEventCaller *caller)
{
	append_string(json, "database", caller->database);
	append_string(json, "session_role", caller->session_role);
	append_string(json, "role", caller->role);
	append_string(json, "client_addr", caller->client_addr);
	if (application_name != NULL && *application_name != '\0')
		append_string(json, "application_name", application_name);
	append_number(json, "pid", MyProcPid);
	append_string(json, "audit_context", caller->audit_context);
}

void
apikey_event_json(StringInfo json, const ApikeyEvent *event,
				  const ApikeyEventKey *key, int sqlstate)
{
	appendStringInfoChar(json, '{');
	append_time(json);
	append_string(json, "action", apikey_action_name(event->action));
	append_string(json, "outcome", sqlstate == 0 ? "ok" : unpack_sql_state(sqlstate));
	append_string(json, "user_id", event->user_id);
	append_key(json, key);
	append_changed(json, event->changed);
	if (event->count >= 0)
		append_number(json, "count", event->count);
	append_string(json, "object", event->object);
	append_caller(json, &event->caller);
	appendStringInfoChar(json, '}');
}
