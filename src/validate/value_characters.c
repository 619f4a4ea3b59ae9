/*-------------------------------------------------------------------------
 *
 * value_characters.c
 *		The length and the characters of a value.
 *
 * The value is read in place.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "compat.h"
#include "base/encoding.h"
#include "validate/pattern_scan.h"
#include "validate/value_characters.h"

#define COPY_HINT	"Check that the whole value was copied, and nothing else."
#define LINES_HINT	COPY_HINT "  A secret of several lines needs another type, such as custom_multiline."

/* The length of the character at p, in bytes; end may truncate it. */
static int
character_len(const char *p, const char *end)
{
	return Min(pg_mblen(p), (int) (end - p));
}

static bool
is_ascii_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_graphic_ascii(char c)
{
	return c > ' ' && c <= '~';
}

/*
 * In the encodings of a server, a byte of ASCII is that character and no part of
 * another.  Otherwise scans only forward, since not every one can be read backward.
 */
void
apikey_value_trim(const char **value, size_t *len)
{
	const char *end = *value + *len;
	const char *first = NULL;
	const char *last = *value;
	int			width;

	if (*len > 0 && is_graphic_ascii(**value) && is_graphic_ascii(end[-1]))
		return;
	for (const char *p = *value; p < end; p += width)
	{
		CHECK_FOR_INTERRUPTS();
		width = character_len(p, end);
		if (apikey_has_outer_space(p, width))
			continue;
		if (first == NULL)
			first = p;
		last = p + width;
	}
	*value = first != NULL ? first : *value;
	*len = last - *value;
}

void
apikey_value_read_exact(FunctionCallInfo fcinfo, int arg, const char **value, size_t *len)
{
	text	   *argument;

	*value = "";
	*len = 0;
	if (PG_ARGISNULL(arg))
		return;
	argument = PG_GETARG_TEXT_PP(arg);
	*value = VARDATA_ANY(argument);
	*len = VARSIZE_ANY_EXHDR(argument);
}

void
apikey_value_read_trimmed(FunctionCallInfo fcinfo, int arg, const char **value, size_t *len)
{
	apikey_value_read_exact(fcinfo, arg, value, len);
	apikey_value_trim(value, len);
}

/* White space alone is no value of any type. */
void
apikey_value_read(FunctionCallInfo fcinfo, int arg, const ApikeyKeyType *type,
				  const char **value, size_t *len)
{
	apikey_value_read_trimmed(fcinfo, arg, value, len);
	if (type->allow_whitespace && *len > 0)
		apikey_value_read_exact(fcinfo, arg, value, len);
}

bool
apikey_value_has_space(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_ascii_space(value[i]))
			return true;
	return false;
}

/*
 * Which character of the value it is, for a message, if a person cannot see what
 * is wrong with it; otherwise an empty string.
 */
static char *
describe_character(const char *p, int number)
{
	if (!IS_HIGHBIT_SET(*p))
		return "";
	if (GetDatabaseEncoding() != PG_UTF8)
		return psprintf(" (character %d)", number);
	return psprintf(" (character %d, U+%04X)", number,
					utf8_to_unicode((const unsigned char *) p));
}

/*
 * Control characters and inner white space.  They come from copying too much
 * or from a web page, and no provider's keys contain them.
 */
ApikeyFinding *
apikey_value_check_characters(const ApikeyKeyType *type, const char *value, size_t len)
{
	const char *end = value + len;
	int			number = 1;
	int			width;

	for (const char *p = value; p < end; p += width, number++)
	{
		CHECK_FOR_INTERRUPTS();
		width = character_len(p, end);
		if (is_graphic_ascii(*p) || (type->allow_whitespace && is_ascii_space(*p)))
			continue;
		if (apikey_has_outer_space(p, width))
			return apikey_value_finding(true, "characters",
										psprintf("value contains white space%s",
												 describe_character(p, number)),
										memchr(value, '\n', len) != NULL ? LINES_HINT : COPY_HINT);
		if (apikey_has_control(p, width))
			return apikey_value_finding(true, "characters",
										psprintf("value contains a control character%s",
												 describe_character(p, number)), COPY_HINT);
	}
	return NULL;
}

/* Can a valid pattern match a character that is not ASCII? */
static bool
permits_non_ascii(const text *pattern)
{
	const char *next;

	for (const char *p = text_to_cstring(pattern); *p != '\0'; p = next)
	{
		next = apikey_pattern_next(p);
		if (*p == '.' || IS_HIGHBIT_SET(*p) || strncmp(p, "[^", 2) == 0 ||
			(*p == '\\' && strchr("DSWdsw", p[1]) != NULL))
			return true;
		for (const char *c = p; *p == '[' && c < next; c++)
			if (IS_HIGHBIT_SET(*c) || *c == '\\')
				return true;
	}
	return false;
}

ApikeyFinding *
apikey_value_check_ascii(const ApikeyKeyType *type, const char *value, size_t len)
{
	const char *end = value + len;
	int			number = 1;

	for (const char *p = value; p < end; p += character_len(p, end), number++)
		if (IS_HIGHBIT_SET(*p))
			return type->pattern == NULL || permits_non_ascii(type->pattern) ? NULL :
				apikey_value_finding(type->reject, "characters",
									 psprintf("value contains a character that is not ASCII%s",
											  describe_character(p, number)),
									 "It may only look like the right one: copy the key from the provider's own page.");
	return NULL;
}

ApikeyFinding *
apikey_value_check_length(size_t len)
{
	if (len == 0)
		return apikey_value_finding(true, "empty", pstrdup("value is empty"),
									"Pass the key that the provider issued.");
	if (len > APIKEY_VALUE_MAX)
		return apikey_value_finding(true, "too_long",
									psprintf("value is longer than %d bytes",
											 APIKEY_VALUE_MAX),
									"Check that nothing else was copied with it.");
	return NULL;
}
