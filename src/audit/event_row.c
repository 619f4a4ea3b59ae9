/*-------------------------------------------------------------------------
 *
 * event_row.c
 *		Events as rows of apikey.audit_log; see event_row.h.
 *
 * The columns are the members of the JSON (event_json.h), after the position in the
 * write-ahead log.  Members of other names, and of other types than expected, are
 * ignored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "audit/event_row.h"
#include "base/json_text.h"
#include "compat.h"
#include "validate/arguments.h"

typedef enum ColumnKind
{
	COLUMN_LSN,
	COLUMN_TIME,
	COLUMN_TEXT,
	COLUMN_UUID,
	COLUMN_BIGINT,
	COLUMN_INTEGER,
	COLUMN_ARRAY
} ColumnKind;

/* The first columns are not null. */
#define REQUIRED_COLUMNS	4

#define ACTION_COLUMN	2

/* In the order of the table. */
static const struct
{
	const char *name;
	ColumnKind	kind;
}			columns[APIKEY_EVENT_COLUMNS] = {
	{"lsn", COLUMN_LSN},
	{"occurred_at", COLUMN_TIME},
	{"action", COLUMN_TEXT},
	{"outcome", COLUMN_TEXT},
	{"user_id", COLUMN_TEXT},
	{"key_id", COLUMN_UUID},
	{"key_name", COLUMN_TEXT},
	{"key_type", COLUMN_TEXT},
	{"changed", COLUMN_ARRAY},
	{"count", COLUMN_BIGINT},
	{"object", COLUMN_TEXT},
	{"database", COLUMN_TEXT},
	{"session_role", COLUMN_TEXT},
	{"role", COLUMN_TEXT},
	{"client_addr", COLUMN_TEXT},
	{"application_name", COLUMN_TEXT},
	{"pid", COLUMN_INTEGER},
	{"audit_context", COLUMN_TEXT}
};

/* State of the parser. */
typedef struct EventParse
{
	ApikeyEventRow *row;
	int			depth;
	int			column;			/* of the member at depth 1; -1: none */
	ArrayBuildState *array;
} EventParse;

static void
put_column(EventParse *parse, Datum value)
{
	parse->row->values[parse->column] = value;
	parse->row->nulls[parse->column] = false;
}

/* As event_json.c writes it. */
static bool
read_time(const char *text, TimestampTz *time)
{
	struct pg_tm tm = {0};
	int			fsec;
	int			len = 0;
	int			zone = 0;

	return sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%6dZ%n", &tm.tm_year, &tm.tm_mon,
				  &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &fsec, &len) == 7 &&
		text[len] == '\0' && len == (int) strlen("YYYY-MM-DDTHH:MM:SS.ffffffZ") &&
		tm.tm_year > 0 && tm.tm_mon >= 1 && tm.tm_mon <= MONTHS_PER_YEAR &&
		tm.tm_mday >= 1 && tm.tm_mday <= 31 &&
		tm.tm_hour >= 0 && tm.tm_hour < HOURS_PER_DAY &&
		tm.tm_min >= 0 && tm.tm_min < MINS_PER_HOUR &&
		tm.tm_sec >= 0 && tm.tm_sec < SECS_PER_MINUTE && fsec >= 0 &&
		tm2timestamp(&tm, fsec, &zone, time) == 0;
}

static void
read_string(EventParse *parse, const char *text)
{
	pg_uuid_t  *uuid;
	TimestampTz time;

	switch (columns[parse->column].kind)
	{
		case COLUMN_TEXT:
			put_column(parse, CStringGetTextDatum(text));
			break;
		case COLUMN_UUID:
			uuid = palloc(sizeof(pg_uuid_t));
			if (apikey_arg_is_uuid(text, uuid->data))
				put_column(parse, UUIDPGetDatum(uuid));
			break;
		case COLUMN_TIME:
			if (read_time(text, &time))
				put_column(parse, TimestampTzGetDatum(time));
			break;
		default:
			break;
	}
}

static void
read_number(EventParse *parse, const char *text)
{
	char	   *end;
	int64		number;

	errno = 0;
	number = strtoi64(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return;
	if (columns[parse->column].kind == COLUMN_BIGINT)
		put_column(parse, Int64GetDatum(number));
	else if (columns[parse->column].kind == COLUMN_INTEGER &&
			 number >= 0 && number <= PG_INT32_MAX)
		put_column(parse, Int32GetDatum((int32) number));
}

/* The parser's callbacks; see compat.h. */
static apikey_json_result
event_start(void *state)
{
	((EventParse *) state)->depth++;
	apikey_json_return;
}

static apikey_json_result
event_end(void *state)
{
	((EventParse *) state)->depth--;
	apikey_json_return;
}

static apikey_json_result
event_field_start(void *state, char *field, bool is_null)
{
	EventParse *parse = state;

	if (parse->depth == 1)
	{
		parse->column = -1;
		for (int i = 0; i < APIKEY_EVENT_COLUMNS; i++)
			if (strcmp(field, columns[i].name) == 0)
				parse->column = i;
	}
	apikey_json_return;
}

static apikey_json_result
event_scalar(void *state, char *token, JsonTokenType type)
{
	EventParse *parse = state;

	if (parse->column < 0 || token == NULL)
		apikey_json_return;
	if (parse->depth == 1 && type == JSON_TOKEN_STRING)
		read_string(parse, token);
	else if (parse->depth == 1 && type == JSON_TOKEN_NUMBER)
		read_number(parse, token);
	else if (parse->depth == 2 && type == JSON_TOKEN_STRING &&
			 columns[parse->column].kind == COLUMN_ARRAY)
		parse->array = accumArrayResult(parse->array, CStringGetTextDatum(token), false,
										TEXTOID, CurrentMemoryContext);
	apikey_json_return;
}

static bool
parse_event(const char *json, EventParse *parse)
{
	JsonSemAction actions = {0};
	JsonLexContext *lexer = makeJsonLexContextCstringLen(NULL, unconstify(char *, json),
														 strlen(json), GetDatabaseEncoding(),
														 true);

	actions.semstate = parse;
	actions.object_start = event_start;
	actions.object_end = event_end;
	actions.object_field_start = event_field_start;
	actions.array_start = event_start;
	actions.array_end = event_end;
	actions.scalar = event_scalar;
	return pg_parse_json(lexer, &actions) == JSON_SUCCESS;
}

bool
apikey_event_row_is(const ApikeyEventRow *row, ApikeyAction action)
{
	return strcmp(TextDatumGetCString(row->values[ACTION_COLUMN]),
				  apikey_action_name(action)) == 0;
}

bool
apikey_event_row_read(XLogRecPtr lsn, const char *json, size_t len, ApikeyEventRow *row)
{
	EventParse	parse = {.row = row,.column = -1};
	char	   *text = pnstrdup(json, len);

	memset(row->nulls, true, sizeof(row->nulls));
	if (strlen(text) != len || !pg_verifymbstr(text, len, true) ||
		!apikey_json_is_parsable(text) || !parse_event(text, &parse))
		return false;
	row->values[0] = LSNGetDatum(lsn);
	row->nulls[0] = false;
	for (int i = 0; i < APIKEY_EVENT_COLUMNS; i++)
	{
		if (columns[i].kind == COLUMN_ARRAY && parse.array != NULL)
		{
			row->values[i] = makeArrayResult(parse.array, CurrentMemoryContext);
			row->nulls[i] = false;
		}
		if (i < REQUIRED_COLUMNS && row->nulls[i])
			return false;
	}
	return true;
}
