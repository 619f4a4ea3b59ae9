/*-------------------------------------------------------------------------
 *
 * sql_redact.c
 *		Hiding the secrets in SQL text that calls functions of ours; see
 *		sql_redact.h.
 *
 * This is not PostgreSQL's scanner, which raises errors and knows only whole
 * statements.  To stay in step with the quotation marks, it checks that each
 * literal stands where one can stand.  A double quotation mark means nothing
 * here, since messages quote statements with it.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "hidden_text.h"
#include "sql_literal.h"
#include "sql_redact.h"

/* A longer text, or one with a longer word, is no name that somebody chose. */
#define MAX_NAME	64
#define MAX_WORD	24

/* More levels of literals within literals are not understood. */
#define MAX_DEPTH	8

typedef struct Scan
{
	char	   *text;
	size_t		len;
	size_t		pos;
	size_t		unit;			/* of literals, see sql_literal.h */
	int			level;			/* of literals around this text */
	const ApikeySqlDialect *dialect;
	size_t		first;			/* the first literal or call */

	/* The call in whose arguments the scan is. */
	size_t		parenthesis;	/* of the call that was just named, or 0 */
	int			depth;			/* of parentheses */
	int			call_depth;		/* 0: in no call */
	int			names;
	int			argument;		/* its number, from 0 */
	size_t		word_begin;		/* the last word ... */
	size_t		word_end;
	bool		has_label;		/* ... which was followed by "=>" */
} Scan;

static bool scan_text(Scan *scan);

static char
char_at(const Scan *scan, size_t pos)
{
	return pos < scan->len ? scan->text[pos] : '\0';
}

/* Can the text be a name that somebody chose, and not a value in its place? */
static bool
looks_like_name(const char *text, size_t begin, size_t end)
{
	size_t		word = 0;

	if (end - begin > MAX_NAME)
		return false;
	for (size_t i = begin; i < end; i++)
	{
		if (text[i] == '\'' || text[i] == '\\')
			return false;
		word = text[i] == ' ' ? 0 : word + 1;
		if (word > MAX_WORD)
			return false;
	}
	return true;
}

/* Does a comma follow, perhaps after a cast? */
static bool
is_before_comma(const Scan *scan, size_t pos)
{
	if (char_at(scan, pos) == ':' && char_at(scan, pos + 1) == ':')
		pos = apikey_sql_word_end(scan->text, scan->len, pos + 2);
	while (char_at(scan, pos) == ' ')
		pos++;
	return char_at(scan, pos) == ',';
}

/* Is the literal a name among the arguments of a call? */
static bool
is_name(const Scan *scan, const ApikeySqlLiteral *literal)
{
	if (scan->call_depth == 0 || scan->depth != scan->call_depth ||
		!looks_like_name(scan->text, literal->begin, literal->end))
		return false;
	if (scan->has_label)
		return apikey_sql_is_name_argument(scan->text, scan->word_begin, scan->word_end);
	return scan->argument < scan->names && is_before_comma(scan, literal->next);
}

/* Hide the content of a literal, or what is secret in it if it is SQL itself. */
static void
hide_literal(const Scan *scan, const ApikeySqlLiteral *literal, bool escapes)
{
	size_t		size = literal->end - literal->begin;
	Scan		inner = {0};

	inner.text = scan->text + literal->begin;
	inner.len = size;
	inner.unit = literal->unit;
	inner.level = scan->level + 1;
	inner.dialect = scan->dialect;
	if (escapes && memchr(inner.text, '\\', size) != NULL)
		inner.level = MAX_DEPTH;
	if (inner.level >= MAX_DEPTH ||
		!apikey_sql_has_call(inner.text, size, scan->dialect->executes) ||
		!scan_text(&inner))
		apikey_hide(scan->text, literal->begin, literal->end);
}

static void
note_first(Scan *scan, size_t pos)
{
	if (pos < scan->first)
		scan->first = pos;
}

/* No word ends before a literal, and none begins after it. */
static bool
take_literal(Scan *scan, const ApikeySqlLiteral *literal, bool escapes)
{
	if (apikey_sql_in_word(char_at(scan, literal->next)))
		return false;
	if (!is_name(scan, literal))
		hide_literal(scan, literal, escapes);
	scan->pos = literal->next;
	return true;
}

static bool
take_quoted(Scan *scan, bool escapes)
{
	ApikeySqlLiteral literal;

	note_first(scan, scan->pos);
	return apikey_sql_quoted(scan->text, scan->len, scan->pos, scan->unit, escapes, &literal) &&
		take_literal(scan, &literal, escapes);
}

/* A word with a quotation mark behind it, which must be the prefix of a literal. */
static bool
take_prefixed(Scan *scan, size_t begin, size_t end)
{
	bool		escapes = apikey_sql_is_word(scan->text, begin, end, "e");

	note_first(scan, scan->pos);
	return end == begin + 1 && strchr("eEbBxXnNuU", scan->text[begin]) != NULL &&
		take_quoted(scan, escapes || scan->dialect->escapes);
}

/* A word, which may be the prefix of a literal or begin a call. */
static bool
take_word(Scan *scan)
{
	size_t		begin = scan->pos;
	size_t		end = apikey_sql_word_end(scan->text, scan->len, begin);
	ApikeySqlCall call;

	scan->pos = end;
	if (char_at(scan, end) == '&' && char_at(scan, end + 1) == '\'' &&
		apikey_sql_is_word(scan->text, begin, end, "u"))
		scan->pos = end + 1;
	if (char_at(scan, scan->pos) == '\'')
		return take_prefixed(scan, begin, end);
	if (!scan->has_label)
	{
		scan->word_begin = begin;
		scan->word_end = end;
	}
	if (scan->call_depth == 0 &&
		apikey_sql_call_at(scan->text, scan->len, begin, scan->dialect->executes, &call))
	{
		note_first(scan, call.arguments);
		scan->parenthesis = call.arguments - 1;
		scan->names = call.names;
	}
	return true;
}

static void
take_parenthesis(Scan *scan, char c)
{
	if (c == '(')
	{
		scan->depth++;
		if (scan->parenthesis == scan->pos && scan->call_depth == 0)
		{
			scan->call_depth = scan->depth;
			scan->argument = 0;
			scan->has_label = false;
		}
	}
	else if (scan->depth-- == scan->call_depth)
		scan->call_depth = 0;
	scan->pos++;
}

/* Everything else: one character. */
static void
take_other(Scan *scan, char c)
{
	char		next = char_at(scan, scan->pos + 1);

	if (c == ',' && scan->depth == scan->call_depth)
	{
		scan->argument++;
		scan->has_label = false;
	}
	else if ((c == '=' && next == '>') || (c == ':' && next == '='))
		scan->has_label = true;
	scan->pos++;
}

/* A comment stays unless it could be something else, or quotes a literal. */
static void
take_comment(Scan *scan, size_t end)
{
	size_t		size = end - scan->pos;

	if (memchr(scan->text + scan->pos, '\'', size) != NULL ||
		memchr(scan->text + scan->pos, '$', size) != NULL)
	{
		note_first(scan, scan->pos);
		apikey_hide(scan->text, scan->pos, end);
	}
	scan->pos = end;
}

static bool
take_token(Scan *scan)
{
	char		c = scan->text[scan->pos];
	size_t		comment = apikey_sql_comment_end(scan->text, scan->len, scan->pos);
	ApikeySqlLiteral literal;

	if (comment > scan->pos)
		take_comment(scan, comment);
	else if (apikey_sql_begins_word(c))
		return take_word(scan);
	else if (c == '\'')
		return take_quoted(scan, scan->dialect->escapes);
	else if (apikey_sql_dollar_end(scan->text, scan->len, scan->pos) > scan->pos)
	{
		note_first(scan, scan->pos);
		return apikey_sql_dollar_quoted(scan->text, scan->len, scan->pos, scan->unit, &literal) &&
			take_literal(scan, &literal, false);
	}
	else if (c >= '0' && c <= '9')
		scan->pos = apikey_sql_word_end(scan->text, scan->len, scan->pos);
	else if (c == '(' || c == ')')
		take_parenthesis(scan, c);
	else
		take_other(scan, c);
	return true;
}

/* Returns false if the text cannot be understood. */
static bool
scan_text(Scan *scan)
{
	scan->first = scan->len;
	while (scan->pos < scan->len)
		if (!take_token(scan))
			return false;
	return true;
}

void
apikey_sql_hide_literals(char *text, size_t len, const ApikeySqlDialect *dialect)
{
	Scan		scan = {0};

	scan.text = text;
	scan.len = len;
	scan.unit = 1;
	scan.dialect = dialect;
	if (!scan_text(&scan))
		apikey_hide(text, scan.first, len);
}

bool
apikey_sql_redact(char *text, size_t len, const ApikeySqlDialect *dialect)
{
	if (!apikey_sql_has_call(text, len, dialect->executes))
		return false;
	apikey_sql_hide_literals(text, len, dialect);
	return true;
}
