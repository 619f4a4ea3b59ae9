/*-------------------------------------------------------------------------
 *
 * json_text.c
 *		Can a text be given to PostgreSQL's JSON parser?  See json_text.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "compat.h"
#include "base/json_text.h"

#define JSON_MAX_DEPTH	64
#define JSON_MAX_SIZE	(64 * 1024)

/*
 * Does the database's encoding have the character of this escape, and of a
 * second one with which it forms a surrogate pair?  True for what is no such
 * escape, and for half of a pair, which the parser itself rejects.
 */
static bool
is_representable(const char *escape)
{
	unsigned char buffer[MAX_UNICODE_EQUIVALENT_STRING + 1];
	unsigned int c;
	unsigned int low;
	int			count = sscanf(escape, "\\u%4x\\u%4x", &c, &low);

	if (count < 1 || c <= 0x7f || is_utf16_surrogate_second(c))
		return true;
	if (is_utf16_surrogate_first(c))
	{
		if (count < 2 || !is_utf16_surrogate_second(low))
			return true;
		c = surrogate_pair_to_codepoint(c, low);
	}
	return pg_unicode_to_server_noerror(c, buffer);
}

/*
 * Brackets within strings count too.
 */
bool
apikey_json_is_parsable(const char *text)
{
	bool		is_utf8 = GetDatabaseEncoding() == PG_UTF8;
	int			depth = 0;

	for (size_t i = 0; text[i] != '\0'; i++)
	{
		if (text[i] == '{' || text[i] == '[')
			depth++;
		else if (text[i] == '}' || text[i] == ']')
			depth--;
		else if (text[i] == '\\' && text[i + 1] != '\0')
		{
			if (!is_utf8 && !is_representable(&text[i]))
				return false;
			i++;				/* the next character may be a backslash */
		}
		if (depth > JSON_MAX_DEPTH || i > JSON_MAX_SIZE)
			return false;
	}
	return true;
}
