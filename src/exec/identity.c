/*-------------------------------------------------------------------------
 *
 * identity.c
 *		The caller's identity; see identity.h.
 *
 * In the modes "transaction" and "claims", a setting counts only if it was set
 * in this transaction: its GUC record then has a stack entry, which the end of
 * the transaction or of the savepoint removes, and its source is the session.
 * A value that remains from an earlier transaction, or comes from ALTER ROLE or
 * the connection's options, has no stack entry or another source.  (An assign
 * hook that records the transaction is not enough: a value from an earlier
 * transaction would count again after ROLLBACK TO.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/errors.h"
#include "base/odd_character.h"
#include "compat.h"
#include "exec/claims.h"
#include "exec/frame.h"
#include "exec/identity.h"
#include "exec/precondition.h"
#include "exec/running_query.h"

typedef enum IdentityMode
{
	IDENTITY_TRANSACTION,
	IDENTITY_SESSION,
	IDENTITY_ROLE,
	IDENTITY_CLAIMS
} IdentityMode;

/*
 * apikey.identity
 *
 * Where the caller's identity is taken from.  Only superusers may set it, also
 * for a role or a database: an application that could choose the mode could
 * choose the one that trusts it most.  The default is safe behind a connection
 * pool.
 */
static int	identity_mode = IDENTITY_TRANSACTION;

static const struct config_enum_entry identity_modes[] = {
	{"transaction", IDENTITY_TRANSACTION, false},
	{"session", IDENTITY_SESSION, false},
	{"role", IDENTITY_ROLE, false},
	{"claims", IDENTITY_CLAIMS, false},
	{NULL, 0, false}
};

/*
 * apikey.user_id
 *
 * The user on whose behalf keys are stored and read, in the modes "transaction"
 * and "session".  Any role may set it.  It must not have GUC_NO_RESET or
 * GUC_NO_RESET_ALL: RESET ALL and DISCARD ALL, which poolers send between
 * clients, must clear it.  Never NULL once defined.
 */
static char *user_id_setting = NULL;

/* Its record, which stays where it is. */
static const struct config_generic *user_id_option = NULL;

bool
apikey_is_user_id(const char *user_id, size_t len)
{
	ApikeyOddCharacter odd;

	return len > 0 &&
		pg_mbstrlen_with_len(user_id, len) <= APIKEY_USER_ID_MAX &&
		!apikey_find_odd_character(user_id, len, &odd);
}

static const char *
value_of_transaction(const struct config_generic *setting)
{
	if (setting == NULL || setting->vartype != PGC_STRING ||
		setting->stack == NULL || setting->source != PGC_S_SESSION)
		return NULL;
	return apikey_guc_string(setting);
}

const char *
apikey_set_in_transaction(const char *name)
{
	return value_of_transaction(apikey_find_option(name));
}

/* The identity as the mode's source has it, not yet validated; may be NULL. */
static const char *
claimed_identity(void)
{
	const char *claims;

	switch ((IdentityMode) identity_mode)
	{
		case IDENTITY_TRANSACTION:
			return value_of_transaction(user_id_option);
		case IDENTITY_SESSION:
			return user_id_setting;
		case IDENTITY_ROLE:
			return GetUserNameFromId(GetUserId(), false);
		case IDENTITY_CLAIMS:
			claims = apikey_set_in_transaction("request.jwt.claims");
			return claims != NULL ? apikey_claims_sub(claims) : NULL;
	}
	return NULL;
}

char *
apikey_identity(void)
{
	const char *identity;
	bool		in_frame = apikey_frame_current(&identity);

	if (!in_frame)
		identity = InSecurityRestrictedOperation() ? NULL : claimed_identity();
	if (identity == NULL || !apikey_is_user_id(identity, strlen(identity)))
		return NULL;
	if (!in_frame)
		apikey_running_query_uses_identity();
	return pstrdup(identity);
}

/* How to set an identity, in each mode. */
static const char *
identity_hint(void)
{
	switch ((IdentityMode) identity_mode)
	{
		case IDENTITY_TRANSACTION:
			return "Begin a transaction and run SELECT apikey.set_user_id($1) in it, with the id of the user who makes the request.";
		case IDENTITY_SESSION:
			return "Run SET apikey.user_id = '...' in this session, with the id of the user.";
		case IDENTITY_ROLE:
			return "Connect as the role that owns the keys, or use SET ROLE.";
		case IDENTITY_CLAIMS:
			return "In this transaction, set request.jwt.claims to a JSON object whose \"sub\" is the id of the user.";
	}
	return "";
}

/*
 * A value must not outlive the transaction in a cursor: the next client of a
 * connection pool could fetch it.
 */
static void
refuse_held(void)
{
	if (apikey_running_query_is_held())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("API keys cannot be used in a cursor that is held after its transaction"),
				 errdetail("Its rows would outlive the user's identity, which ends with the transaction."),
				 errhint("Declare the cursor without WITH HOLD.  In a procedure, do not commit within a loop over a query that uses API keys."),
				 apikey_err_hide_statement()));
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
	refuse_held();
	return identity;
}

/* Refuse another identity in a query that has used one: see running_query.h. */
static void
refuse_second_identity(FunctionCallInfo fcinfo, const char *user_id)
{
	const char *used;

	if (!apikey_running_query_used_identity(fcinfo))
		return;
	used = apikey_identity();
	if (used != NULL && strcmp(used, user_id) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_NO_IDENTITY),
				 errmsg("this statement has already used another user identity"),
				 errdetail("PostgreSQL chooses the order in which it evaluates the items of FROM and the expressions of a statement."),
				 errhint("Run SELECT apikey.set_user_id($1) as a statement of its own, before this one."),
				 apikey_err_hide_statement()));
}

void
apikey_identity_set(FunctionCallInfo fcinfo, const char *user_id)
{
	apikey_refuse_restricted();
	if (identity_mode != IDENTITY_TRANSACTION &&
		identity_mode != IDENTITY_SESSION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("user identity is not taken from apikey.user_id"),
				 errdetail("The parameter \"apikey.identity\" determines where it is taken from."),
				 errhint("%s", identity_hint()),
				 apikey_err_hide_statement()));
	if (!apikey_is_user_id(user_id, strlen(user_id)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid user id"),
				 errdetail(APIKEY_USER_ID_RULE, APIKEY_USER_ID_MAX),
				 errhint(APIKEY_USER_ID_HINT),
				 apikey_err_argument("user_id")));
	refuse_second_identity(fcinfo, user_id);
	(void) set_config_option("apikey.user_id", user_id, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * An empty value is allowed: it is the default, and means no identity.  Runs in
 * the postmaster too, so it checks only the value.
 */
static bool
check_user_id(char **newval, void **extra, GucSource source)
{
	size_t		len = strlen(*newval);

	if (len == 0 || apikey_is_user_id(*newval, len))
		return true;
	GUC_check_errdetail(APIKEY_USER_ID_RULE, APIKEY_USER_ID_MAX);
	return false;
}

void
apikey_identity_init(void)
{
	DefineCustomEnumVariable("apikey.identity",
							 "Sets where the caller's identity is taken from.",
							 "With \"transaction\", only a user id that was set in the current transaction counts, so that a connection pool cannot pass it on to its next client.  \"session\" gives up that protection.",
							 &identity_mode,
							 IDENTITY_TRANSACTION,
							 identity_modes,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
	DefineCustomStringVariable("apikey.user_id",
							   "Sets the user on whose behalf keys are stored and read.",
							   "Any role may set it: anyone who can run SQL as an application's role can act for each of its users.  An empty value means no identity.",
							   &user_id_setting,
							   "",
							   PGC_USERSET,
							   GUC_NOT_IN_SAMPLE,
							   check_user_id,
							   NULL,
							   NULL);
	user_id_option = apikey_find_option("apikey.user_id");
}
