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

#include "compat.h"
#include "base/encoding.h"
#include "validate/value_characters.h"

/* The length of the character at p, in bytes; end may truncate it. */
static int
character_len(const char *p, const char *end)
{
	return Min(pg_mblen(p), (int) (end - p));
}

/*
 * Scans only forward, since not every server encoding can be read backward.
 */
static void
trim_value(const char **value, size_t *len)
{
	const char *end = *value + *len;
	const char *first = NULL;
	const char *last = *value;
	int			width;

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
apikey_value_read(FunctionCallInfo fcinfo, int arg, const char **value, size_t *len)
{
	text	   *argument;

	*value = "";
	*len = 0;
	if (PG_ARGISNULL(arg))
		return;
	argument = PG_GETARG_TEXT_PP(arg);
	*value = VARDATA_ANY(argument);
	*len = VARSIZE_ANY_EXHDR(argument);
	trim_value(value, len);
}

/*
 * Control characters and inner white space.  They come from copying too much
 * or from a web page, and no provider's keys contain them.
 */
ApikeyFinding *
apikey_value_check_characters(const ApikeyKeyType *type, const char *value, size_t len)
{
	const char *end = value + len;
	int			width;

	for (const char *p = value; p < end; p += width)
	{
		CHECK_FOR_INTERRUPTS();
		width = character_len(p, end);
		if (type->allow_whitespace && strchr(" \t\r\n", *p) != NULL)
			continue;
		if (apikey_has_outer_space(p, width))
			return apikey_value_finding(true, "characters",
										pstrdup("value contains white space"),
										"Check that the whole value was copied, and nothing else.");
		if (apikey_has_control(p, width))
			return apikey_value_finding(true, "characters",
										pstrdup("value contains a control character"),
										"Check that the whole value was copied, and nothing else.");
	}
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
