/*-------------------------------------------------------------------------
 *
 * sql.c
 *		libFuzzer's entry to hiding secrets in SQL text.
 *
 * Any text keeps its length, and each of its bytes is as it was or hidden.  And
 * whatever precedes and follows a call with a secret, as somebody may write it,
 * the secret does not stay.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "hidden_text.h"
#include "sql_redact.h"

#define SECRET	"Zq7xSECRETx7qZ"

/* The prepared statement "q" calls a function of ours. */
static bool
executes_q(const char *name, size_t len)
{
	return len == 1 && *name == 'q';
}

/* Is the secret absent from what is left? */
static void
check_left(const char *hidden, size_t len)
{
	size_t		size = apikey_hidden_size(hidden, len);
	char	   *out = room(size);

	apikey_hidden_write(hidden, len, out);
	demand(!contains(out, size, SECRET, strlen(SECRET)));
	free(out);
}

/* Redact a text, which has a call if must_hide. */
static void
try_text(const char *text, size_t len, const ApikeySqlDialect *dialect, bool must_hide)
{
	char	   *hidden = room(len);
	bool		found;

	if (len > 0)
		memcpy(hidden, text, len);
	found = apikey_sql_redact(hidden, len, dialect);
	demand(found || !must_hide);
	for (size_t i = 0; i < len; i++)
		demand(hidden[i] == text[i] || (found && hidden[i] == '\0'));
	if (must_hide)
		check_left(hidden, len);
	apikey_hidden_fill(hidden, len);
	apikey_sql_redact(hidden, len, dialect);
	free(hidden);
}

/* Calls with a secret in the place of each "?". */
static const char *const calls[] = {
	"apikey.create_key('n', 'openai', ?)",
	"create_key('n', 't', ? || ?)",
	"apikey.update_key('n', new_value => ?)",
	"apikey . set_key ('n', 'openai', ?)",
	"\"apikey\".\"create_key_for\"('u', 'n', 'openai', ?)",
	"APIKEY.Create_Key(name => 'n', value => ?)",
	"apikey.craete_key('n', 'openai', ?)",
	"apikey.unknown('n', ?)",
	"find_keys('n', ?)",
	"EXECUTE q('n', ?)"
};

/* The secret among other characters, as a literal of some kind. */
static void
add_literal(Builder *builder, int kind, const char *value, size_t len)
{
	static const char *const begin[] = {"'", "E'", "$v$", "N'"};
	static const char *const end[] = {"'", "'", "$v$", "'"};
	const char *doubled[] = {"'", "'\\", "", "'"};

	add_string(builder, begin[kind]);
	add_doubled(builder, value, len, doubled[kind]);
	add_string(builder, SECRET);
	add_string(builder, end[kind]);
}

static void
add_call(Builder *builder, const char *call, int kind, const char *value, size_t len)
{
	for (; *call != '\0'; call++)
		if (*call == '?')
			add_literal(builder, kind, value, len);
		else
			add(builder, call, 1);
}

/* Can it be within a literal of that kind, and not be taken for SQL itself? */
static bool
is_literal(int kind, const char *value, size_t len)
{
	return memchr(value, '(', len) == NULL && (kind != 2 || memchr(value, '$', len) == NULL);
}

/*
 * Can a statement follow?  After an open comment or dollar-quoted literal, the call
 * would be a part of it; after a single quotation mark, it still has to be hidden.
 */
static bool
is_beginning(const char *text, size_t len)
{
	return memchr(text, '$', len) == NULL && !contains(text, len, "/*", 2) &&
		!contains(text, len, SECRET, strlen(SECRET));
}

/* A call between two texts. */
static void
try_call(Input *input, const ApikeySqlDialect *dialect)
{
	const char *call = calls[take_byte(input) % (sizeof(calls) / sizeof(calls[0]))];
	int			kind = take_byte(input) % 4;
	size_t		before_len;
	size_t		value_len;
	size_t		after_len;
	char	   *before = take_text(input, 64, &before_len);
	char	   *value = take_text(input, 64, &value_len);
	char	   *after = take_text(input, 64, &after_len);
	Builder		builder = {0};
	char	   *text;

	if (is_literal(kind, value, value_len) && is_beginning(before, before_len) &&
		!contains(after, after_len, SECRET, strlen(SECRET)))
	{
		add(&builder, before, before_len);
		add_string(&builder, "\nSELECT ");
		add_call(&builder, call, dialect->escapes && kind != 2 ? 1 : kind, value, value_len);
		add(&builder, after, after_len);
		text = finish(&builder);
		try_text(text, builder.len, dialect, true);
		free(text);
	}
	free(before);
	free(value);
	free(after);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};
	uint8_t		flags = take_byte(&input);
	ApikeySqlDialect dialect = {flags & 1, executes_q};
	size_t		len;
	char	   *text;

	if (flags & 2)
		try_call(&input, &dialect);
	text = take_text(&input, size, &len);
	try_text(text, len, &dialect, false);
	free(text);
	return 0;
}
