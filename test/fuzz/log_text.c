/*-------------------------------------------------------------------------
 *
 * log_text.c
 *		libFuzzer's entry to hiding secrets in messages that quote them.
 *
 * A value is put into a list of parameters, a message of pgaudit, a quotation, and
 * the bytes of a dumped constant.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "log_text.h"
#include "value_match.h"

#define SECRET	"Zq7xSECRETx7qZ"

typedef void (*Hide) (char *text, size_t len);

static bool
hide_in_bytes(char *bytes, size_t count)
{
	return apikey_value_hide(bytes, count, SECRET, strlen(SECRET));
}

static void
hide_constants(char *text, size_t len)
{
	apikey_log_hide_constants(text, len, hide_in_bytes);
}

static const Hide hides[] = {
	apikey_log_hide_parameters, apikey_log_hide_audit, apikey_log_hide_quoted, hide_constants
};

/* Each byte is as it was or hidden, and the secret, if there is one, is hidden. */
static void
try_text(const char *text, size_t len, Hide hide, const char *secret)
{
	char	   *hidden = room(len);

	if (len > 0)
		memcpy(hidden, text, len);
	(void) apikey_log_is_node_dump(hidden, len);
	hide(hidden, len);
	for (size_t i = 0; i < len; i++)
		demand(hidden[i] == text[i] || hidden[i] == '\0');
	demand(secret == NULL || !contains(hidden, len, secret, strlen(secret)));
	free(hidden);
}

static void
try_built(Builder *builder, Hide hide, const char *secret)
{
	char	   *text = finish(builder);

	try_text(text, builder->len, hide, secret);
	free(text);
}

/* parameters: $1 = 'value', $2 = 'secret' */
static void
try_parameters(const char *value, size_t len)
{
	Builder		builder = {0};

	add_string(&builder, "parameters: $1 = '");
	add_doubled(&builder, value, len, "'");
	add_string(&builder, "', $12 = '" SECRET);
	add_doubled(&builder, value, len, "'");
	add_string(&builder, "', $3 = NULL");
	try_built(&builder, apikey_log_hide_parameters, SECRET);
}

/* What follows the statement is a field, or several, with the secret. */
static void
try_audit(const char *value, size_t len)
{
	Builder		builder = {0};

	add_string(&builder, "AUDIT: SESSION,1,1,READ,SELECT,,,\"");
	add_doubled(&builder, value, len, "\"");
	add_string(&builder, "\"," SECRET);
	add(&builder, value, len);
	try_built(&builder, apikey_log_hide_audit, SECRET);
}

static void
try_quoted(const char *value, size_t len)
{
	Builder		builder = {0};

	for (size_t i = 0; i < len; i++)
		add(&builder, value[i] == '"' ? "." : value + i, 1);
	add_string(&builder, "\"" SECRET "\" is not valid");
	try_built(&builder, apikey_log_hide_quoted, SECRET);
}

/* Bytes as numbers, signed or not, of which all must be hidden. */
static void
try_constant(const char *value, size_t len, bool is_signed)
{
	static const char secret[] = " 83 69 67 82 69 84 "; /* SECRET */
	Builder		bytes = {0};
	Builder		builder = {0};
	char		number[16];

	add(&bytes, value, len);
	add_string(&bytes, SECRET);
	add(&bytes, value, len);
	add_string(&builder, "{CONST :constvalue 4 [ ");
	for (size_t i = 0; i < bytes.len; i++)
	{
		snprintf(number, sizeof(number), "%d ",
				 is_signed ? (signed char) bytes.data[i] : (unsigned char) bytes.data[i]);
		add_string(&builder, number);
	}
	add_string(&builder, "]}");
	free(bytes.data);
	try_built(&builder, hide_constants, secret);
}

/* More numbers than there is room for. */
static void
try_long_constant(const char *value, size_t len)
{
	Builder		builder = {0};

	add_string(&builder, "[");
	for (int i = 0; i < 8300; i++)
		add_string(&builder, " 7");
	add(&builder, value, len);
	try_built(&builder, hide_constants, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};
	uint8_t		flags = take_byte(&input);
	size_t		len;
	char	   *value = take_text(&input, 1000, &len);

	try_text(value, len, hides[flags / 2 % 4], NULL);
	if (contains(value, len, SECRET, strlen(SECRET)))
		len = 0;
	try_parameters(value, len);
	try_audit(value, len);
	try_quoted(value, len);
	try_constant(value, len, flags & 1);
	if (flags & 128)
		try_long_constant(value, len);
	free(value);
	return 0;
}
