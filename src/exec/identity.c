/*-------------------------------------------------------------------------
 *
 * identity.c
 *		Who the caller is; see identity.h.
 *
 * A setting is an identity only if it was set in this transaction: its GUC
 * record then has a stack entry, which the end of the transaction or of the
 * savepoint takes away, and its source is the session.  What is left over
 * from an earlier transaction, or comes from ALTER ROLE or the connection's
 * options, has no stack or another source.  (An assign hook that notes the
 * transaction is not enough: a leftover would count again after ROLLBACK TO.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"

#include "base/encoding.h"
#include "base/errors.h"
#include "compat.h"
#include "exec/frame.h"
#include "exec/identity.h"
#include "guc.h"

PG_FUNCTION_INFO_V1(apikey_current_user_id);
PG_FUNCTION_INFO_V1(apikey_set_user_id);
PG_FUNCTION_INFO_V1(apikey_set_user_id_bigint);
PG_FUNCTION_INFO_V1(apikey_set_user_id_uuid);

#define CLAIMS_MAX_DEPTH	64
#define CLAIMS_MAX_SIZE		(64 * 1024)

/* What is known of the claims' "sub" while they are parsed. */
typedef struct Claims
{
	JsonLexContext *lexer;
	int			depth;
	bool		in_sub;			/* the next scalar at depth 1 is its value */
	int			count;			/* of "sub" seen */
	char	   *sub;
} Claims;

bool
apikey_is_user_id(const char *user_id, size_t len)
{
	return len > 0 &&
		pg_mbstrlen_with_len(user_id, len) <= APIKEY_USER_ID_MAX &&
		!apikey_has_control(user_id, len);
}

/* The value of a string setting that was set in this transaction, or NULL. */
static const char *
set_in_transaction(const char *name)
{
	struct config_generic *setting = apikey_guc_find(name);

	if (setting == NULL || setting->vartype != PGC_STRING ||
		setting->stack == NULL || setting->source != PGC_S_SESSION)
		return NULL;
	return *((struct config_string *) setting)->variable;
}

/*
 * The parser's callbacks.  They return JsonParseErrorType from PostgreSQL 16
 * on, and nothing before.
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
 * Is it short and flat enough to parse?  The parser recurses, and raises an
 * error when the stack is exhausted.  Brackets within strings count too: no
 * real claims come near the limit.
 */
static bool
is_parsable(const char *text)
{
	int			depth = 0;
	int			i;

	for (i = 0; text[i] != '\0'; i++)
	{
		if (text[i] == '{' || text[i] == '[')
			depth++;
		else if (text[i] == '}' || text[i] == ']')
			depth--;
		if (depth > CLAIMS_MAX_DEPTH || i > CLAIMS_MAX_SIZE)
			return false;
	}
	return true;
}

/*
 * The string "sub" of a JSON object, or NULL for anything that is not an
 * object with exactly one.  Malformed text is no error: a policy must not
 * fail for it, it just matches nothing.
 */
static char *
sub_of_claims(const char *text)
{
	Claims		claims = {0};
	JsonSemAction actions = {0};

	if (!is_parsable(text))
		return NULL;
	claims.lexer = apikey_json_lexer(unconstify(char *, text), strlen(text));
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

/* What the mode's source says, not yet judged; may be NULL. */
static const char *
claimed_identity(void)
{
	const char *claims;

	switch ((ApikeyIdentityMode) apikey_guc_identity)
	{
		case APIKEY_IDENTITY_TRANSACTION:
			return set_in_transaction("apikey.user_id");
		case APIKEY_IDENTITY_SESSION:
			return apikey_guc_user_id;
		case APIKEY_IDENTITY_ROLE:
			return GetUserNameFromId(GetUserId(), false);
		case APIKEY_IDENTITY_CLAIMS:
			claims = set_in_transaction("request.jwt.claims");
			return claims != NULL ? sub_of_claims(claims) : NULL;
	}
	return NULL;
}

char *
apikey_identity(void)
{
	const char *identity;

	if (!apikey_frame_current(&identity))
		identity = InSecurityRestrictedOperation() ? NULL : claimed_identity();
	if (identity == NULL || !apikey_is_user_id(identity, strlen(identity)))
		return NULL;
	return pstrdup(identity);
}

void
apikey_refuse_restricted(void)
{
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("API keys cannot be used within a security-restricted operation"),
				 errdetail("An index, a materialized view or a maintenance command of somebody's table called the function."),
				 apikey_err_hide_statement()));
}

void
apikey_refuse_read_only(const char *what)
{
	PreventCommandDuringRecovery(what);
	PreventCommandIfReadOnly(what);
}

/* The way to an identity, in each mode. */
static const char *
identity_hint(void)
{
	switch ((ApikeyIdentityMode) apikey_guc_identity)
	{
		case APIKEY_IDENTITY_TRANSACTION:
			return "Begin a transaction and run SELECT apikey.set_user_id($1) in it, with the id of the user whose request this is.";
		case APIKEY_IDENTITY_SESSION:
			return "Run SET apikey.user_id = '...' in this session, with the id of its user.";
		case APIKEY_IDENTITY_ROLE:
			return "Connect as, or SET ROLE to, the role whose keys these are.";
		case APIKEY_IDENTITY_CLAIMS:
			return "Set request.jwt.claims in this transaction to a JSON object whose \"sub\" is the user's id.";
	}
	return "";
}

char *
apikey_require_identity(void)
{
	char	   *identity;

	apikey_refuse_restricted();
	identity = apikey_identity();
	if (identity == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_NO_IDENTITY),
				 errmsg("no user identity is set"),
				 errhint("%s", identity_hint()),
				 apikey_err_hide_statement()));
	return identity;
}

/*
 * apikey.current_user_id() -> text
 */
Datum
apikey_current_user_id(PG_FUNCTION_ARGS)
{
	char	   *identity = apikey_identity();

	if (identity == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(identity));
}

/* Make user_id this transaction's identity, as SET LOCAL would. */
static void
set_identity(const char *user_id)
{
	apikey_refuse_restricted();
	if (apikey_guc_identity != APIKEY_IDENTITY_TRANSACTION &&
		apikey_guc_identity != APIKEY_IDENTITY_SESSION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the user's identity is not taken from apikey.user_id here"),
				 errdetail("The parameter \"apikey.identity\" says where it comes from."),
				 errhint("%s", identity_hint()),
				 apikey_err_hide_statement()));
	if (!apikey_is_user_id(user_id, strlen(user_id)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid user id"),
				 errdetail("A user id has 1 to %d characters, none of them a control character.",
						   APIKEY_USER_ID_MAX),
				 errhint("Pass the id under which your application knows the user."),
				 apikey_err_argument("user_id")));
	(void) set_config_option("apikey.user_id", user_id, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/* The argument, as text by the output function of its type. */
static Datum
set_user_id(FunctionCallInfo fcinfo, PGFunction output)
{
	char	   *user_id;

	if (PG_ARGISNULL(0))
		user_id = "";
	else
		user_id = DatumGetCString(DirectFunctionCall1(output, PG_GETARG_DATUM(0)));
	set_identity(user_id);
	PG_RETURN_TEXT_P(cstring_to_text(user_id));
}

/*
 * apikey.set_user_id(text), (bigint), (uuid) -> text
 */
Datum
apikey_set_user_id(PG_FUNCTION_ARGS)
{
	return set_user_id(fcinfo, textout);
}

Datum
apikey_set_user_id_bigint(PG_FUNCTION_ARGS)
{
	return set_user_id(fcinfo, int8out);
}

Datum
apikey_set_user_id_uuid(PG_FUNCTION_ARGS)
{
	return set_user_id(fcinfo, uuid_out);
}
