/*-------------------------------------------------------------------------
 *
 * value_match.c
 *		Hiding a known value wherever it stands in a text; see value_match.h.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "hidden_text.h"
#include "value_match.h"

/* That many characters of a value are enough: PostgreSQL cuts long texts off. */
#define ENOUGH	16

/*
 * How many bytes of the text are the beginning of the value, which may be
 * escaped; *matched is how many bytes of the value that is.
 */
static size_t
match_at(const char *text, size_t len, const char *value, size_t value_len, size_t *matched)
{
	size_t		i = 0;
	size_t		end = 0;		/* after the last byte that matched */

	for (*matched = 0; *matched < value_len && i < len; (*matched)++)
	{
		char		c = value[*matched];

		if (text[i] == '\\' && i + 1 < len && text[i + 1] == c)
			i++;				/* escaped, or a doubled backslash */
		else if (text[i] == '\'' && c == '\'' && i + 1 < len && text[i + 1] == c &&
				 !(*matched + 1 < value_len && value[*matched + 1] == c))
			i++;
		if (text[i] != c)
			break;
		end = ++i;
	}
	return end;
}

bool
apikey_value_is_in(const char *text, size_t len, const char *value, size_t value_len)
{
	size_t		matched;

	if (value_len == 0)
		return false;
	for (size_t pos = 0; pos < len; pos++)
	{
		match_at(text + pos, len - pos, value, value_len, &matched);
		if (matched == value_len)
			return true;
	}
	return false;
}

bool
apikey_value_hide(char *text, size_t len, const char *value, size_t value_len)
{
	size_t		wanted = value_len < ENOUGH ? value_len : ENOUGH;
	bool		found = false;
	size_t		matched;

	if (value_len < APIKEY_VALUE_MATCH_MIN)
		return false;
	for (size_t pos = 0; pos < len; pos++)
	{
		const char *candidate = memchr(text + pos, value[0], len - pos);
		size_t		size;

		if (candidate == NULL)
			break;
		pos = candidate - text;
		size = match_at(candidate, len - pos, value, value_len, &matched);
		if (matched < wanted && (matched < APIKEY_VALUE_MATCH_MIN || pos + size < len))
			continue;
		apikey_hide(text, pos, pos + size);
		found = true;
		pos += size - 1;
	}
	return found;
}
