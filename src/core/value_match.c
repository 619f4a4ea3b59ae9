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

/* A quotation mark or backslash may stand there that many times for each, at most. */
#define MAX_COPIES	4

/* How many of that byte stand there? */
static size_t
run_of(const char *text, size_t len, char c)
{
	size_t		run = 0;

	while (run < len && text[run] == c)
		run++;
	return run;
}

/*
 * The length of the character with a backslash before it; 0 if it does not stand
 * there like that.  In a text that is quoted twice, there are several.
 */
static size_t
escaped_at(const char *text, size_t len, char c)
{
	size_t		run = run_of(text, len, '\\');
	char		letter = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c;

	if (c == '\\' || run == 0 || run >= MAX_COPIES || run == len)
		return 0;
	return text[run] == c || text[run] == letter ? run + 1 : 0;
}

static bool
is_doubled(char c)
{
	return c == '\'' || c == '"' || c == '\\';
}

/*
 * The length of a run of a character that may be doubled, wanted times or, where the
 * text is cut off, fewer.
 */
static size_t
run_at(const char *text, size_t len, char c, size_t wanted)
{
	size_t		run = run_of(text, len, c);
	size_t		size = wanted;

	if (run == len && run < MAX_COPIES * wanted)
		return run;
	while (2 * size <= run && 2 * size <= MAX_COPIES * wanted)
		size *= 2;
	return size < run ? size : run;
}

/*
 * How many bytes of the text are the beginning of the value, which may be
 * escaped; *matched is how many bytes of the value that is.
 */
static size_t
match_at(const char *text, size_t len, const char *value, size_t value_len, size_t *matched)
{
	size_t		i = 0;

	*matched = 0;
	while (*matched < value_len && i < len)
	{
		char		c = value[*matched];
		size_t		wanted = is_doubled(c) ? run_of(value + *matched, value_len - *matched, c) : 1;
		size_t		size = escaped_at(text + i, len - i, c);

		if (size > 0)
			wanted = 1;
		else if (is_doubled(c))
			size = run_at(text + i, len - i, c, wanted);
		else
			size = text[i] == c;
		if (size == 0)
			break;
		i += size;
		*matched += size < wanted ? size : wanted;
	}
	return i;
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
