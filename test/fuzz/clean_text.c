/*-------------------------------------------------------------------------
 *
 * clean_text.c
 *		libFuzzer's entry to cleaning texts of the log: the searches together.
 *
 * A value in flight is put into a text of any kind.
 *
 *-------------------------------------------------------------------------
 */
#include "backend.h"

#include "access/xact.h"
#include "commands/prepare.h"
#include "parser/parser.h"

#include "core/hidden_text.h"
#include "core/value_match.h"
#include "redact/clean_text.h"
#include "redact/in_flight.h"
#include "redact/key_prefixes.h"

#define KINDS	32

bool		standard_conforming_strings = true;
bool		log_duration = false;
int			log_min_duration_statement = -1;
int			log_min_duration_sample = -1;

static TimestampTz statement = 0;

TimestampTz
GetCurrentStatementStartTimestamp(void)
{
	return statement;
}

/* One prepared statement, with a call. */
PreparedStatement *
FetchPreparedStatement(const char *stmt_name, bool throwError)
{
	static CachedPlanSource source =
	{
		.query_string = "SELECT apikey.create_key($1, $2, $3)"
	};
	static PreparedStatement prepared =
	{
		.plansource = &source
	};

	demand(!throwError);
	return strcmp(stmt_name, "q") == 0 ? &prepared : NULL;
}

/* Could it be a part of what is written for a hidden part, with what is around it? */
static bool
is_like_mark(const char *value)
{
	return strpbrk(value, "<>") != NULL || strstr(APIKEY_HIDDEN, value) != NULL;
}

static void
check_text(const char *text, const char *value, int kind)
{
	ApikeyCleanText once;
	ApikeyCleanText twice;

	apikey_clean_text(&once, text, kind);
	demand(once.is_changed == (once.text != text));
	demand(strstr(once.text, value) == NULL);
	apikey_clean_text(&twice, once.text, kind);
	demand(strstr(twice.text, value) == NULL);
	apikey_clean_text_free(&twice);
	apikey_clean_text_free(&once);
}

/* The same, in place. */
static void
check_statement(const char *text, const char *value)
{
	char	   *copy = pstrdup(text);
	bool		changed = apikey_clean_statement(copy, strlen(copy));

	demand(strlen(copy) == strlen(text) && strstr(copy, value) == NULL);
	demand(changed == (strcmp(copy, text) != 0));
	(void) apikey_text_has_call(text);
	(void) apikey_text_is_node_dump(text);
}

static void
read_input(Input *input)
{
	uint8_t		flags = take_byte(input);
	char	   *value = take_string(input, 9000);
	char	   *before = take_string(input, 1000);
	char	   *after = take_string(input, 1000);
	char	   *text = psprintf("%s%s%s", before, value, after);
	ApikeyCleanText clean;

	statement++;				/* what was in flight is forgotten */
	standard_conforming_strings = (flags & 128) == 0;
	apikey_clean_text(&clean, text, flags % KINDS);
	apikey_clean_text_free(&clean);
	if (strlen(value) < APIKEY_VALUE_MATCH_MIN || strpbrk(value, " ") != NULL || is_like_mark(value))
		return;
	apikey_in_flight_add(value, strlen(value));
	check_text(text, value, flags % KINDS);
	check_statement(text, value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};

	if (statement == 0)
		apikey_key_prefixes_init();
	demand(call_backend(read_input, &input));
	return 0;
}
