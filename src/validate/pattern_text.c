/*-------------------------------------------------------------------------
 *
 * pattern_text.c
 *		The form of a type's values, in words.
 *
 * A pattern without groups is told by its literal beginning and the number of
 * characters, with their class when it is one for all.  Of other patterns, the
 * type's prefixes are named, or the pattern itself where there are none.
 * Patterns and prefixes are no secrets.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "validate/pattern_text.h"

#define NO_LIMIT	(-1)

typedef struct Shape
{
	StringInfoData literal;		/* what it begins with */
	bool		literal_ended;
	int			min;			/* characters after that */
	int			max;			/* or NO_LIMIT */
	const char *alphabet;		/* the one class that they are of, or NULL */
	int			alphabet_len;
	bool		mixed;			/* they are of more than one */
} Shape;

/* One quantifier at *p, if there is any. */
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

/* The end of the escape at p; "\cX" names a control character by any X. */
static const char *
skip_escape(const char *p)
{
	int			len = p[1] == 'c' ? 3 : 2;

	return p + strnlen(p, len);
}

/* The end of the bracket expression at p. */
static const char *
skip_brackets(const char *p)
{
	/* A "]" at the very beginning stands for itself. */
	p += p[1] == '^' ? 2 : 1;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']')
	{
		if (*p == '\\')
			p = skip_escape(p);
		else if (*p == '[' && p[1] != '\0' && strchr(":.=", p[1]) != NULL)
		{
			const char	closing[] = {p[1], ']', '\0'};
			const char *end = strstr(p + 2, closing);

			p = end != NULL ? end + 2 : p + strlen(p);
		}
		else
			p++;
	}
	return *p != '\0' ? p + 1 : p;
}

const char *
apikey_pattern_next(const char *p)
{
	const char *end;

	if (*p == '\\')
		return skip_escape(p);
	if (*p == '[')
		return skip_brackets(p);
	if (strncmp(p, "(?#", 3) != 0)
		return p + 1;
	end = strchr(p, ')');
	return end != NULL ? end + 1 : p + strlen(p);
}

/*
 * One atom at *p, stepping over it: its character, or 0 for any of several.
 * False for what is not understood, and for characters of more than a byte.
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
		/* These two are the ends of a word, no characters. */
		return strncmp(atom, "[[:<:]]", 7) != 0 &&
			strncmp(atom, "[[:>:]]", 7) != 0;
	}
	if (*atom == '.')
		return true;
	*literal = (*p)[-1];
	return !IS_HIGHBIT_SET(*literal) &&
		(*atom != '\\' || !isalnum((unsigned char) atom[1]));
}

/* Note what the characters from start to end of the pattern stand for. */
static void
note_alphabet(Shape *shape, const char *start, const char *end)
{
	int			len = (int) (end - start);

	if (shape->alphabet == NULL)
	{
		shape->alphabet = start;
		shape->alphabet_len = len;
	}
	else if (len != shape->alphabet_len ||
			 strncmp(start, shape->alphabet, len) != 0)
		shape->mixed = true;
}

/* False where the pattern is beyond this. */
static bool
read_pattern(const char *p, Shape *shape)
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

		if (!read_atom(&p, &literal))
			return false;
		atom_end = p;
		read_quantifier(&p, &min, &max);
		if (literal && min == 1 && max == 1 && !shape->literal_ended)
		{
			appendStringInfoChar(&shape->literal, literal);
			continue;
		}
		shape->literal_ended = true;
		note_alphabet(shape, atom, atom_end);
		shape->min += min;
		shape->max = (max == NO_LIMIT || shape->max == NO_LIMIT) ?
			NO_LIMIT : shape->max + max;
	}
	return true;
}

static char *
describe(const Shape *shape)
{
	StringInfoData result;
	const char *more = shape->literal.len > 0 ? "more " : "";

	initStringInfo(&result);
	if (shape->literal.len > 0)
		appendStringInfo(&result, "\"%s\" and ", shape->literal.data);
	if (shape->max == NO_LIMIT)
		appendStringInfo(&result, "at least %d %scharacters", shape->min, more);
	else if (shape->max > shape->min)
		appendStringInfo(&result, "%d to %d %scharacters", shape->min,
						 shape->max, more);
	else
		appendStringInfo(&result, "%d %scharacters", shape->min, more);
	if (shape->alphabet != NULL && !shape->mixed)
		appendStringInfo(&result, " of %.*s", shape->alphabet_len,
						 shape->alphabet);
	return result.data;
}

static char *
name_prefixes(const ApikeyKeyType *type)
{
	StringInfoData result;
	char	  **prefix;

	initStringInfo(&result);
	appendStringInfoString(&result, "a value that usually begins with ");
	for (prefix = type->prefixes; *prefix != NULL; prefix++)
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
	Shape		shape = {.literal_ended = false};

	initStringInfo(&shape.literal);
	if (read_pattern(pattern, &shape))
		return describe(&shape);
	if (type->prefixes[0] != NULL)
		return name_prefixes(type);
	return psprintf("a match for %s", pattern);
}
