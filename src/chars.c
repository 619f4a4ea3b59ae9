/*-------------------------------------------------------------------------
 *
 * chars.c
 *		Questions about the characters of a text, in the server's encoding.
 *
 * ASCII is judged in any encoding; beyond it, UTF-8 alone is known.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "chars.h"

bool
apikey_has_control(const char *text, size_t len)
{
	bool		utf8 = (GetDatabaseEncoding() == PG_UTF8);
	size_t		i;

	for (i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c < 0x20 || c == 0x7F)
			return true;
		if (utf8 && c == 0xC2 && i + 1 < len &&
			(unsigned char) text[i + 1] < 0xA0)
			return true;
	}
	return false;
}

/* White space outside ASCII: U+A0, U+1680, U+2000-200B, 2028-9, 202F, ... */
static bool
is_space(pg_wchar c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 || c == 0x1680 ||
		(c >= 0x2000 && c <= 0x200B) || c == 0x2028 || c == 0x2029 ||
		c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/* The character that begins at text. */
static pg_wchar
character_at(const char *text)
{
	if (GetDatabaseEncoding() == PG_UTF8)
		return utf8_to_unicode((const unsigned char *) text);
	return (unsigned char) *text < 0x80 ? (unsigned char) *text : '?';
}

bool
apikey_has_outer_space(const char *text, size_t len)
{
	const char *last = text + len - 1;

	if (len == 0)
		return false;
	if (GetDatabaseEncoding() == PG_UTF8)
		while (last > text && (*last & 0xC0) == 0x80)
			last--;
	return is_space(character_at(text)) || is_space(character_at(last));
}
