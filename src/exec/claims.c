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
#include "base/json_text.h"
#include "exec/claims.h"

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
 * Malformed text is not an error: a policy must not fail because of it, but
 * match no row.
 */
char *
apikey_claims_sub(const char *text)
{
	Claims		claims = {0};
	JsonSemAction actions = {0};

	if (!apikey_json_is_parsable(text))
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
