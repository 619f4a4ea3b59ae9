/*-------------------------------------------------------------------------
 *
 * encoding.c
 *		Tests on the characters of a text, and conversion from and to UTF-8.
 *
 * The tests recognize ASCII characters in any server encoding, and other
 * characters only in UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "common/unicode_norm.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "compat.h"
#include "base/encoding.h"
#include "base/errors.h"

bool
apikey_is_control(pg_wchar c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) ||
		(c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

bool
apikey_is_space(pg_wchar c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 || c == 0x1680 ||
		(c >= 0x2000 && c <= 0x200B) || c == 0x2028 || c == 0x2029 ||
		c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/* The character at text, and its width; '?' if it is neither ASCII nor UTF-8. */
static pg_wchar
character_at(const char *text, const char *end, int *width)
{
	const unsigned char *p = (const unsigned char *) text;

	*width = 1;
	if (*p < 0x80)
		return *p;
	if (GetDatabaseEncoding() != PG_UTF8 || pg_utf_mblen(p) > end - text)
		return '?';
	*width = pg_utf_mblen(p);
	return utf8_to_unicode(p);
}

bool
apikey_has_control(const char *text, size_t len)
{
	const char *end = text + len;
	int			width;

	for (const char *p = text; p < end; p += width)
		if (apikey_is_control(character_at(p, end, &width)))
			return true;
	return false;
}

bool
apikey_has_outer_space(const char *text, size_t len)
{
	const char *end = text + len;
	const char *last = end - 1;
	int			width;

	if (len == 0)
		return false;
	if (GetDatabaseEncoding() == PG_UTF8)
		while (last > text && (*last & 0xC0) == 0x80)
			last--;
	return apikey_is_space(character_at(text, end, &width)) ||
		apikey_is_space(character_at(last, end, &width));
}

static bool
is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (IS_HIGHBIT_SET(text[i]))
			return false;
	return true;
}

bool
apikey_is_nfc(const char *text, size_t len)
{
	pg_wchar   *characters;
	pg_wchar   *normalized;
	size_t		i = 0;
	bool		result;

	if (GetDatabaseEncoding() != PG_UTF8 || is_ascii(text, len))
		return true;
	characters = palloc((len + 1) * sizeof(pg_wchar));
	pg_mb2wchar_with_len(text, characters, (int) len);
	normalized = unicode_normalize(UNICODE_NFC, characters);
	while (characters[i] == normalized[i] && characters[i] != 0)
		i++;
	result = (characters[i] == normalized[i]);
	pfree(characters);
	pfree(normalized);
	return result;
}

/*
 * The converted text, palloc'ed, or NULL.  It does not raise, since
 * PostgreSQL's own error would quote a character of the text.
 */
static const char *
convert(const char *text, size_t len, int from, int to, size_t *converted_len)
{
	size_t		size = len * MAX_CONVERSION_GROWTH + 1;
	char	   *converted = MemoryContextAllocHuge(CurrentMemoryContext, size);
	Oid			conversion = FindDefaultConversionProc(from, to);

	if (!OidIsValid(conversion) ||
		pg_do_encoding_conversion_buf(conversion, from, to,
									  (unsigned char *) unconstify(char *, text),
									  (int) len, (unsigned char *) converted,
									  (int) size, true) != (int) len)
	{
		explicit_bzero(converted, size);
		return NULL;
	}
	*converted_len = strlen(converted);
	return converted;
}

const char *
apikey_try_utf8(const char *text, size_t len, size_t *utf8_len)
{
	int			encoding = GetDatabaseEncoding();

	*utf8_len = len;
	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || is_ascii(text, len))
		return text;
	return convert(text, len, encoding, PG_UTF8, utf8_len);
}

const char *
apikey_to_utf8(const char *text, size_t len, size_t *utf8_len)
{
	const char *utf8 = apikey_try_utf8(text, len, utf8_len);

	if (utf8 == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
				 errmsg("text contains characters that cannot be represented in UTF-8"),
				 apikey_err_hide_statement()));
	return utf8;
}

void
apikey_wipe_utf8(const char *utf8, size_t utf8_len, const char *text)
{
	if (utf8 != text)
		explicit_bzero(unconstify(char *, utf8), utf8_len);
}

/* A text in UTF-8, converted to the database's encoding; NULL if that is not possible. */
static text *
convert_text(const text *value)
{
	size_t		len;
	const char *converted = convert(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), PG_UTF8,
									GetDatabaseEncoding(), &len);
	text	   *result = NULL;

	if (converted == NULL)
		return NULL;
	PG_TRY();
	{
		result = cstring_to_text_with_len(converted, (int) len);
	}
	PG_FINALLY();
	{
		explicit_bzero(unconstify(char *, converted), len);
	}
	PG_END_TRY();
	return result;
}

/* The same if the text may have to be converted; wipes it, also on error. */
static text *
convert_and_wipe(text *value)
{
	text	   *result = NULL;

	PG_TRY();
	{
		result = convert_text(value);
	}
	PG_FINALLY();
	{
		explicit_bzero(VARDATA(value), VARSIZE(value) - VARHDRSZ);
	}
	PG_END_TRY();
	return result;
}

/* The text itself if it is valid in UTF-8; otherwise NULL, and it is wiped. */
static text *
verify_or_wipe(text *value)
{
	if (pg_verify_mbstr(PG_UTF8, VARDATA(value), (int) (VARSIZE(value) - VARHDRSZ), true))
		return value;
	explicit_bzero(VARDATA(value), VARSIZE(value) - VARHDRSZ);
	return NULL;
}

text *
apikey_text_from_utf8(text *value)
{
	int			encoding = GetDatabaseEncoding();
	text	   *result;

	if (encoding == PG_SQL_ASCII || is_ascii(VARDATA(value), VARSIZE(value) - VARHDRSZ))
		return value;
	result = encoding == PG_UTF8 ? verify_or_wipe(value) : convert_and_wipe(value);
	if (result == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
				 errmsg("value contains characters that cannot be represented in the database encoding"),
				 apikey_err_hide_statement()));
	return result;
}
