/*-------------------------------------------------------------------------
 *
 * value_match.c
 *		libFuzzer's entry to hiding a known value in a text.
 *
 * The value is put into the text, escaped in each of the ways in which a message
 * may quote it, and whole or cut off.  White space before a value is not searched for.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "value_match.h"

/* As many characters of the beginning must not stay. */
#define BEGINNING	16

/* The ways in which a message quotes a value. */
typedef enum Form
{
	FORM_PLAIN,
	FORM_LITERAL,				/* quotation marks doubled */
	FORM_BACKSLASHES,			/* backslashes doubled */
	FORM_ESCAPED_LITERAL,		/* both */
	FORM_NESTED_LITERAL,		/* quotation marks four times */
	FORM_CSV,					/* double quotation marks doubled */
	FORM_JSON,					/* a backslash before several characters */
	FORMS
} Form;

static void
add_json(Builder *builder, const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		char		c = value[i];

		if (c == '"' || c == '\\')
			add_string(builder, "\\");
		if (c == '\n')
			add_string(builder, "\\n");
		else
			add(builder, &c, 1);
	}
}

static void
add_value(Builder *builder, const char *value, size_t len, Form form)
{
	static const char *const doubled[] = {"", "'", "\\", "'\\", "'", "\""};
	Builder		once = {0};

	if (form == FORM_JSON)
		add_json(builder, value, len);
	else if (form == FORM_NESTED_LITERAL)
	{
		add_doubled(&once, value, len, "'");
		add_doubled(builder, once.data, once.len, "'");
	}
	else
		add_doubled(builder, value, len, doubled[form]);
	free(once.data);
}

/* No form of the value, nor of its beginning, is in the text. */
static void
demand_absent(const char *text, size_t len, const char *value, size_t value_len)
{
	size_t		part = value_len < BEGINNING ? value_len : BEGINNING;

	for (Form form = 0; form < FORMS; form++)
	{
		Builder		builder = {0};

		add_value(&builder, value, part, form);
		demand(!contains(text, len, builder.data, builder.len));
		free(builder.data);
	}
	demand(!apikey_value_is_in(text, len, value, value_len));
}

static void
try_text(const char *text, size_t len, const char *value, size_t value_len, bool must_find)
{
	char	   *hidden = room(len);
	bool		found;

	if (len > 0)
		memcpy(hidden, text, len);
	found = apikey_value_hide(hidden, len, value, value_len);
	demand(found || !must_find);
	for (size_t i = 0; i < len; i++)
		demand(hidden[i] == text[i] || (found && hidden[i] == '\0'));
	if (value_len >= APIKEY_VALUE_MATCH_MIN && *value != '\n')
	{
		demand_absent(hidden, len, value, value_len);
		demand(!apikey_value_hide(hidden, len, value, value_len));
	}
	free(hidden);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};
	Form		form = take_byte(&input) % FORMS;
	size_t		cut = take_byte(&input);
	size_t		value_len;
	size_t		before_len;
	size_t		after_len;
	char	   *value = take_text(&input, 200, &value_len);
	char	   *before = take_text(&input, 400, &before_len);
	char	   *after = take_text(&input, 400, &after_len);
	Builder		builder = {0};
	bool		is_long = value_len >= APIKEY_VALUE_MATCH_MIN && *value != '\n';
	char	   *text;

	add(&builder, before, before_len);
	if (cut > APIKEY_VALUE_MATCH_MIN && cut < value_len)
		add_value(&builder, value, cut, form);
	else
	{
		add_value(&builder, value, value_len, form);
		add(&builder, after, after_len);
	}
	text = finish(&builder);
	try_text(text, builder.len, value, value_len, is_long);
	free(text);
	try_text(after, after_len, value, value_len, false);
	free(value);
	free(before);
	free(after);
	return 0;
}
