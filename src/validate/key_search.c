/*-------------------------------------------------------------------------
 *
 * key_search.c
 *		Search for API keys in a text, such as a name or metadata.
 *
 * The text is read in place.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "validate/key_search.h"
#include "validate/key_type.h"
#include "validate/pattern_match.h"

/* Does the text as a whole look like a key of some type? */
static bool
is_like_key(const char *text, size_t len)
{
	int			position = 0;
	const ApikeyPrefix *prefix;

	while ((prefix = apikey_key_type_next_prefix(text, len, &position)) != NULL)
		if (prefix->type->pattern != NULL &&
			apikey_pattern_matches(prefix->type, text, len))
			return true;
	return false;
}

/*
 * Does the word look like a key, with or without what precedes a "=" or ":",
 * and without punctuation at its end?
 */
static bool
contains_key(const char *word, const char *end)
{
	while (end > word && strchr(".:!?", end[-1]) != NULL)
		end--;
	for (const char *p = word; p < end; p++)
		if ((p == word || p[-1] == '=' || p[-1] == ':') &&
			is_like_key(p, end - p))
			return true;
	return false;
}

/* A character that no provider's keys contain. */
static bool
is_separator(char c)
{
	return c <= ' ' || c > '~' || strchr("\"'`,;()<>[]{}|\\&@", c) != NULL;
}

/*
 * Only types with a distinctive prefix are considered.  Text that matches
 * another type's pattern (32 hexadecimal digits, for example) is as often
 * something other than a key.
 */
bool
apikey_looks_like_key(const char *text, size_t len)
{
	const char *end = text + len;
	const char *p = text;

	while (p < end)
	{
		const char *word = p;

		CHECK_FOR_INTERRUPTS();
		while (p < end && !is_separator(*p))
			p++;
		if (p > word && contains_key(word, p))
			return true;
		p++;
	}
	return false;
}
