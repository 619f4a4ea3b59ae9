/*-------------------------------------------------------------------------
 *
 * pattern_text.c
 *		Description of the values that match a pattern, in words.
 *
 * A pattern without groups is described by its literal beginning and the
 * number of characters after that, with their class if they all have the same.
 * For other patterns, the description names the type's prefixes or, if there
 * are none, the pattern itself.  Patterns and prefixes are not secret.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "validate/pattern_scan.h"
#include "validate/pattern_text.h"

#define NO_LIMIT	(-1)

typedef struct Outline
{
	StringInfoData literal;		/* the beginning */
	bool		literal_ended;
	int			min;			/* characters after that */
	int			max;			/* or NO_LIMIT */
	const char *alphabet;		/* their class, in the pattern; NULL if none */
	int			alphabet_len;
	bool		mixed;			/* there are several classes */
} Outline;

/* Read the quantifier at *p, if there is one, and move *p past it. */
static void
read_quantifier(const char **p, int *min, int *max)
{
	char	   *end;

	*min = *max = 1;
	if (**p == '{' && isdigit((unsigned char) (*p)[1]))
	{
		*min = *max = (int) strtol(*p + 1, &end, 10);
		if (*end == ',')
			*max = end[1] == '}' ? NO_LIMIT : (int) strtol(end + 1, &end, 10);
		*p = strchr(end, '}');
		*p = *p != NULL ? *p + 1 : end;
		return;
	}
	if (**p != '?' && **p != '*' && **p != '+')
		return;
	*min = **p == '+' ? 1 : 0;
	*max = **p == '?' ? 1 : NO_LIMIT;
	(*p)++;
}

/*
 * Read the atom at *p, and move *p past it.  *literal is set to its character,
 * or to 0 if it matches several.  Returns false if it is something else, or a
 * multibyte character.
 */
static bool
read_atom(const char **p, char *literal)
{
	const char *atom = *p;

	*literal = '\0';
	if (*atom == '\0' || strchr("()|^$?*+{", *atom) != NULL)
		return false;
	*p = apikey_pattern_next(atom);
	if (*atom == '[')
	{
		/* These two match the ends of a word, not characters. */
		return strncmp(atom, "[[:<:]]", 7) != 0 &&
			strncmp(atom, "[[:>:]]", 7) != 0;
	}
	if (*atom == '.')
		return true;
	*literal = (*p)[-1];
	return !IS_HIGHBIT_SET(*literal) &&
		(*atom != '\\' || !isalnum((unsigned char) atom[1]));
}

/* Record the atom from start to end as the class of some characters. */
static void
add_alphabet(Outline *outline, const char *start, const char *end)
{
	int			len = (int) (end - start);

	if (outline->alphabet == NULL)
	{
		outline->alphabet = start;
		outline->alphabet_len = len;
	}
	else if (len != outline->alphabet_len ||
			 strncmp(start, outline->alphabet, len) != 0)
		outline->mixed = true;
}

/* Add min to max characters that match the atom from start to end. */
static void
add_characters(Outline *outline, const char *start, const char *end, int min, int max)
{
	outline->literal_ended = true;
	add_alphabet(outline, start, end);
	outline->min += min;
	outline->max = (max == NO_LIMIT || outline->max == NO_LIMIT) ?
		NO_LIMIT : outline->max + max;
}

/* Fill in *outline; returns false if the pattern is too complex. */
static bool
read_pattern(const char *p, Outline *outline)
{
	const char *end = p + strlen(p) - 1;

	if (*p++ != '^' || *end != '$')
		return false;
	while (p < end)
	{
		const char *atom = p;
		const char *atom_end;
		char		literal;
		int			min;
		int			max;

		CHECK_FOR_INTERRUPTS();
		if (!read_atom(&p, &literal))
			return false;
		atom_end = p;
		read_quantifier(&p, &min, &max);
		if (literal && min == 1 && max == 1 && !outline->literal_ended)
		{
			appendStringInfoChar(&outline->literal, literal);
			continue;
		}
		add_characters(outline, atom, atom_end, min, max);
	}
	return true;
}

static char *
describe(const Outline *outline)
{
	StringInfoData result;
	const char *more = outline->literal.len > 0 ? "more " : "";

	initStringInfo(&result);
	if (outline->literal.len > 0)
		appendStringInfo(&result, "\"%s\" and ", outline->literal.data);
	if (outline->max == NO_LIMIT)
		appendStringInfo(&result, "at least %d %scharacters", outline->min, more);
	else if (outline->max > outline->min)
		appendStringInfo(&result, "%d to %d %scharacters", outline->min,
						 outline->max, more);
	else
		appendStringInfo(&result, "%d %scharacters", outline->min, more);
	if (outline->alphabet != NULL && !outline->mixed && *outline->alphabet != '.')
		appendStringInfo(&result, " of %.*s", outline->alphabet_len,
						 outline->alphabet);
	return result.data;
}

static char *
name_prefixes(const ApikeyKeyType *type)
{
	StringInfoData result;

	initStringInfo(&result);
	appendStringInfoString(&result, "a value that usually begins with ");
	for (char **prefix = type->prefixes; *prefix != NULL; prefix++)
	{
		if (prefix != type->prefixes)
			appendStringInfoString(&result, prefix[1] != NULL ? ", " : " or ");
		appendStringInfo(&result, "\"%s\"", *prefix);
	}
	return result.data;
}

char *
apikey_pattern_text(const ApikeyKeyType *type)
{
	char	   *pattern = text_to_cstring(type->pattern);
	Outline		outline = {.literal_ended = false};

	initStringInfo(&outline.literal);
	if (read_pattern(pattern, &outline))
		return describe(&outline);
	if (type->prefixes[0] != NULL)
		return name_prefixes(type);
	return psprintf("a match for %s", pattern);
}
