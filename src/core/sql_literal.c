/*-------------------------------------------------------------------------
 *
 * sql_literal.c
 *		String literals, comments and words in SQL text; see sql_literal.h.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "sql_literal.h"

bool
apikey_sql_begins_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		(unsigned char) c >= 0x80;
}

bool
apikey_sql_in_word(char c)
{
	return apikey_sql_begins_word(c) || (c >= '0' && c <= '9') || c == '$';
}

size_t
apikey_sql_word_end(const char *text, size_t len, size_t pos)
{
	while (pos < len && apikey_sql_in_word(text[pos]))
		pos++;
	return pos;
}

bool
apikey_sql_is_word(const char *text, size_t begin, size_t end, const char *word)
{
	for (size_t i = begin; i < end; i++, word++)
	{
		char		c = text[i];

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (*word == '\0' || c != *word)
			return false;
	}
	return *word == '\0';
}

static bool
is_at(const char *text, size_t len, size_t pos, const char *what)
{
	size_t		size = strlen(what);

	return size <= len - pos && memcmp(text + pos, what, size) == 0;
}

/* Comments of this kind nest. */
static size_t
block_comment_end(const char *text, size_t len, size_t pos)
{
	size_t		depth = 0;

	while (pos < len)
	{
		if (is_at(text, len, pos, "/*"))
		{
			depth++;
			pos += 2;
		}
		else if (is_at(text, len, pos, "*/"))
		{
			pos += 2;
			if (--depth == 0)
				return pos;
		}
		else
			pos++;
	}
	return len;
}

size_t
apikey_sql_comment_end(const char *text, size_t len, size_t pos)
{
	if (is_at(text, len, pos, "/*"))
		return block_comment_end(text, len, pos);
	if (!is_at(text, len, pos, "--"))
		return pos;
	while (pos < len && text[pos] != '\n' && text[pos] != '\r')
		pos++;
	return pos;
}

/* How many of that byte stand there? */
static size_t
run_of(const char *text, size_t len, size_t pos, char c)
{
	size_t		start = pos;

	while (pos < len && text[pos] == c)
		pos++;
	return pos - start;
}

/*
 * After the opening delimiter, a run of quotation marks is a sequence of escaped
 * ones, two units each, and ends the literal if one unit is left over.
 */
bool
apikey_sql_quoted(const char *text, size_t len, size_t pos, size_t unit,
				  bool escapes, ApikeySqlLiteral *literal)
{
	if (run_of(text, len, pos, '\'') < unit)
		return false;
	pos += unit;
	literal->begin = pos;
	literal->unit = 2 * unit;
	while (pos < len)
	{
		size_t		run = run_of(text, len, pos, '\'');

		if (escapes && text[pos] == '\\')
			pos += 1 + (pos + 1 < len && text[pos + 1] == '\'' ? unit : 1);
		else if (run == 0)
			pos++;
		else if (run % unit != 0)
			return false;
		else if ((run / unit) % 2 == 0)
			pos += run;
		else
		{
			literal->next = pos + run;
			literal->end = literal->next - unit;
			return true;
		}
	}
	return false;
}

size_t
apikey_sql_dollar_end(const char *text, size_t len, size_t pos)
{
	size_t		end = pos + 1;

	if (pos >= len || text[pos] != '$')
		return pos;
	if (end < len && apikey_sql_begins_word(text[end]))
		while (end < len && text[end] != '$' && apikey_sql_in_word(text[end]))
			end++;
	return end < len && text[end] == '$' ? end + 1 : pos;
}

bool
apikey_sql_dollar_quoted(const char *text, size_t len, size_t pos,
						 size_t unit, ApikeySqlLiteral *literal)
{
	size_t		tag = apikey_sql_dollar_end(text, len, pos) - pos;

	literal->begin = pos + tag;
	literal->unit = unit;
	for (size_t end = literal->begin; end + tag <= len; end++)
		if (text[end] == '$' && memcmp(text + end, text + pos, tag) == 0)
		{
			literal->end = end;
			literal->next = end + tag;
			return true;
		}
	return false;
}
