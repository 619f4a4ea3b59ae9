/*-------------------------------------------------------------------------
 *
 * odd_character.c
 *		Characters that make two texts look the same which are not.
 *
 * For secrets this is of no use: a text in another encoding than UTF-8 is
 * converted, and the copy is not wiped.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"

#include "base/encoding.h"
#include "base/odd_character.h"

/*
 * The characters that Unicode lets programs ignore when they show a text
 * (Default_Ignorable_Code_Point), fillers, and the blank Braille pattern.
 */
static const struct
{
	pg_wchar	first;
	pg_wchar	last;
}			invisible[] = {
	{0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C}, {0x115F, 0x1160},
	{0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F}, {0x202A, 0x202E},
	{0x2060, 0x206F}, {0x2800, 0x2800}, {0x3164, 0x3164}, {0xFE00, 0xFE0F},
	{0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3},
	{0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}
};

/*
 * U+FE0E and U+FE0F choose between the two pictures of a symbol: an emoji from a
 * telephone's keyboard often has one.
 */
static bool
is_invisible(pg_wchar c, pg_wchar previous)
{
	if ((c == 0xFE0E || c == 0xFE0F) && previous >= 0x2000)
		return false;
	for (size_t i = 0; i < lengthof(invisible); i++)
		if (c >= invisible[i].first && c <= invisible[i].last)
			return true;
	return false;
}

/* The text in UTF-8, or NULL if it cannot be converted. */
static const char *
in_utf8(const char *text, size_t len, size_t *utf8_len)
{
	const char *utf8 = text;
	int			encoding = GetDatabaseEncoding();

	*utf8_len = len;
	if (encoding != PG_UTF8 && encoding != PG_SQL_ASCII)
		utf8 = IsTransactionState() ? apikey_try_utf8(text, len, utf8_len) : NULL;
	return utf8 != NULL && pg_verify_mbstr(PG_UTF8, utf8, (int) *utf8_len, true) ?
		utf8 : NULL;
}

/* The characters of the text, '?' for one that is unknown; palloc'ed. */
static pg_wchar *
decode_text(const char *text, size_t len, int *count)
{
	pg_wchar   *characters = palloc((len + 1) * sizeof(pg_wchar));
	size_t		utf8_len;
	const char *utf8 = in_utf8(text, len, &utf8_len);
	int			width;

	*count = 0;
	if (utf8 == NULL)
		for (size_t i = 0; i < len; i++)
			characters[(*count)++] = IS_HIGHBIT_SET(text[i]) ? '?' : text[i];
	else
		for (const char *p = utf8; p < utf8 + utf8_len; p += width)
		{
			width = pg_utf_mblen((const unsigned char *) p);
			characters[(*count)++] = utf8_to_unicode((const unsigned char *) p);
		}
	return characters;
}

/* Is character i of count odd, and in which way? */
static bool
is_odd(const pg_wchar *characters, int i, int count, ApikeyOddity *oddity)
{
	pg_wchar	c = characters[i];

	if (apikey_is_control(c))
		*oddity = APIKEY_ODD_CONTROL;
	else if ((i == 0 || i == count - 1) && apikey_is_space(c))
		*oddity = APIKEY_ODD_OUTER_SPACE;
	else if (is_invisible(c, i > 0 ? characters[i - 1] : 0))
		*oddity = APIKEY_ODD_INVISIBLE;
	else
		return false;
	return true;
}

/* Most names and ids: visible ASCII, with spaces within. */
static bool
is_visible_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len > 0 && text[0] != ' ' && text[len - 1] != ' ';
}

bool
apikey_find_odd_character(const char *text, size_t len, ApikeyOddCharacter *odd)
{
	int			count;
	pg_wchar   *characters;
	bool		found = false;

	if (is_visible_ascii(text, len))
		return false;
	characters = decode_text(text, len, &count);
	for (int i = 0; i < count && !found; i++)
	{
		found = is_odd(characters, i, count, &odd->oddity);
		odd->number = i + 1;
		odd->code = characters[i];
	}
	pfree(characters);
	return found;
}

char *
apikey_odd_character_text(const ApikeyOddCharacter *odd)
{
	return psprintf("Character %d is U+%04X.", odd->number, odd->code);
}
