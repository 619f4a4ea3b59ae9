/*-------------------------------------------------------------------------
 *
 * claims.c
 *		The claims of a JSON Web Token; see claims.h.
 *
 * Their text is only parsed here: whatever sets request.jwt.claims must have
 * verified the token.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"

#include "compat.h"
#include "exec/claims.h"

#define CLAIMS_MAX_DEPTH	64
#define CLAIMS_MAX_SIZE		(64 * 1024)

/* State of the parser. */
typedef struct Claims
{
	JsonLexContext *lexer;
	int			depth;
	bool		in_sub;			/* is the next scalar at depth 1 the value of
								 * "sub"? */
	int			count;			/* of "sub" members */
	char	   *sub;
} Claims;

/*
 * The parser's callbacks.  Since PostgreSQL 16, they return a
 * JsonParseErrorType; see compat.h.
 */
static apikey_json_result
claims_object_start(void *state)
{
	((Claims *) state)->depth++;
	apikey_json_return;
}

static apikey_json_result
claims_object_end(void *state)
{
	((Claims *) state)->depth--;
	apikey_json_return;
}

static apikey_json_result
claims_field_start(void *state, char *field, bool is_null)
{
	Claims	   *claims = state;

	claims->in_sub = claims->depth == 1 && strcmp(field, "sub") == 0;
	if (claims->in_sub)
		claims->count++;
	apikey_json_return;
}

static apikey_json_result
claims_array_start(void *state)
{
	Claims	   *claims = state;

	claims->depth++;
	claims->in_sub = false;
	apikey_json_return;
}

static apikey_json_result
claims_array_end(void *state)
{
	((Claims *) state)->depth--;
	apikey_json_return;
}

static apikey_json_result
claims_scalar(void *state, char *token, JsonTokenType type)
{
	Claims	   *claims = state;

	if (claims->in_sub && claims->depth == 1 && type == JSON_TOKEN_STRING)
		claims->sub = token;
	claims->in_sub = false;
	apikey_json_return;
}

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
 * Can the text be parsed without an error?  The parser recurses, and raises one
 * when the stack is exhausted; PostgreSQL 15's also raises one for an escape of
 * a character that the database's encoding lacks.  Brackets within strings count
 * too; real claims are far below the limit.
 */
static bool
is_parsable(const char *text)
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
		if (depth > CLAIMS_MAX_DEPTH || i > CLAIMS_MAX_SIZE)
			return false;
	}
	return true;
}

/*
 * Malformed text is not an error: a policy must not fail because of it, but
 * match no row.
 */
char *
apikey_claims_sub(const char *text)
{
	Claims		claims = {0};
	JsonSemAction actions = {0};

	if (!is_parsable(text))
		return NULL;
	claims.lexer = makeJsonLexContextCstringLen(NULL, unconstify(char *, text),
												strlen(text), GetDatabaseEncoding(),
												true);
	actions.semstate = &claims;
	actions.object_start = claims_object_start;
	actions.object_end = claims_object_end;
	actions.object_field_start = claims_field_start;
	actions.array_start = claims_array_start;
	actions.array_end = claims_array_end;
	actions.scalar = claims_scalar;
	if (pg_parse_json(claims.lexer, &actions) != JSON_SUCCESS ||
		claims.count != 1)
		return NULL;
	return claims.sub;
}
