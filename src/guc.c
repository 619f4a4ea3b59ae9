/*-------------------------------------------------------------------------
 *
 * guc.c
 *		The settings of the extension.
 *
 * Check hooks touch nothing outside their value: they run in the postmaster
 * too, where no file, variable or command of a key source may be read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "compat.h"
#include "exec/identity.h"
#include "guc.h"
#include "keys/key_source.h"

/* Strings are set when they are defined, and are never NULL from then on. */
char	   *apikey_guc_master_key_source = NULL;
char	   *apikey_guc_fernet_key_source = NULL;
int			apikey_guc_command_timeout = 10000;
int			apikey_guc_identity = APIKEY_IDENTITY_TRANSACTION;
char	   *apikey_guc_user_id = NULL;
bool		apikey_guc_strict_checks = false;
bool		apikey_guc_allow_drop = false;

static const struct config_enum_entry identity_modes[] = {
	{"transaction", APIKEY_IDENTITY_TRANSACTION, false},
	{"session", APIKEY_IDENTITY_SESSION, false},
	{"role", APIKEY_IDENTITY_ROLE, false},
	{"claims", APIKEY_IDENTITY_CLAIMS, false},
	{NULL, 0, false}
};

/* Is it of a known form?  Not whether a key is there, which may come later. */
static bool
check_key_source(const char *setting, const char *source)
{
	ApikeyKeySourceError error;

	if (apikey_key_source_is_valid(source, &error))
		return true;

	/* PostgreSQL's own message repeats the value: a key set by mistake? */
	GUC_check_errmsg("invalid value for parameter \"%s\"", setting);
	GUC_check_errdetail("%s", error.summary);
	GUC_check_errhint("%s", error.hint);
	return false;
}

static bool
check_master_key_source(char **newval, void **extra, GucSource source)
{
	return check_key_source("apikey.master_key_source", *newval);
}

static bool
check_fernet_key_source(char **newval, void **extra, GucSource source)
{
	return check_key_source("apikey.fernet_key_source", *newval);
}

/*
 * Empty is allowed: it is the default, and what SET LOCAL leaves behind.
 */
static bool
check_user_id(char **newval, void **extra, GucSource source)
{
	size_t		len = strlen(*newval);

	if (len == 0 || apikey_is_user_id(*newval, len))
		return true;
	GUC_check_errdetail("A user id has 1 to %d characters, none of them a control character.",
						APIKEY_USER_ID_MAX);
	return false;
}

/*
 * A key source changes by reload alone: a key can be replaced without a
 * restart, and no session can point its own at another.  It is hidden from
 * ordinary roles because it tells where the keys lie.  The time-out is not:
 * the error of a command that took too long names it.
 */
static void
define_key_sources(void)
{
	DefineCustomStringVariable("apikey.master_key_source",
							   "Sets where the master keys are read from.",
							   "One of \"env:NAME\", \"file:/path\" and \"command:/path argument ...\", which yields the keys with the newest first.  Whoever can read that source and the database can read every stored value.",
							   &apikey_guc_master_key_source,
							   "",
							   PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY,
							   check_master_key_source,
							   NULL,
							   NULL);
	DefineCustomStringVariable("apikey.fernet_key_source",
							   "Sets where the Fernet keys are read from.",
							   "Of the same forms as apikey.master_key_source, with the newest key first.  Only fernet_encrypt(), fernet_decrypt() and fernet_rotate() use these keys.",
							   &apikey_guc_fernet_key_source,
							   "",
							   PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY,
							   check_fernet_key_source,
							   NULL,
							   NULL);
	DefineCustomIntVariable("apikey.command_timeout",
							"Sets how long a command that yields keys may take.",
							"A command that takes longer is killed, and what needs the key fails.  The statement that needs the key waits as long.",
							&apikey_guc_command_timeout,
							10 * 1000,
							100,
							10 * 60 * 1000,
							PGC_SIGHUP,
							GUC_UNIT_MS,
							NULL,
							NULL,
							NULL);
}

/*
 * The mode is a superuser's, who gives it by ALTER ROLE or ALTER DATABASE: an
 * application that chose it could choose the one that trusts most.
 *
 * The user id has no flag that keeps it from being reset: RESET ALL and
 * DISCARD ALL, which poolers send between clients, must clear it.
 */
static void
define_identity(void)
{
	DefineCustomEnumVariable("apikey.identity",
							 "Sets where the identity of the caller is taken from.",
							 "With \"transaction\", only a user id that was set in the transaction counts, so that a connection pool cannot carry it over to its next client; \"session\" gives that protection up.",
							 &apikey_guc_identity,
							 APIKEY_IDENTITY_TRANSACTION,
							 identity_modes,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
	DefineCustomStringVariable("apikey.user_id",
							   "Sets the user on whose behalf keys are stored and read.",
							   "Any role may set it: whoever can run SQL as an application's role can act for each of its users.  An empty value counts as none.",
							   &apikey_guc_user_id,
							   "",
							   PGC_USERSET,
							   GUC_NOT_IN_SAMPLE,
							   check_user_id,
							   NULL,
							   NULL);
}

/* What a superuser turns on for a database, or for one statement. */
static void
define_safeguards(void)
{
	DefineCustomBoolVariable("apikey.strict_checks",
							 "Makes doubts about a value errors.",
							 "A placeholder, a failed checksum or a format that only warns is then refused, not stored with a warning.",
							 &apikey_guc_strict_checks,
							 false,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
	DefineCustomBoolVariable("apikey.allow_drop",
							 "Permits dropping the extension while keys are stored.",
							 "All stored keys are lost with it.",
							 &apikey_guc_allow_drop,
							 false,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}

void
apikey_guc_init(void)
{
	define_key_sources();
	define_identity();
	define_safeguards();
	MarkGUCPrefixReserved("apikey");
}

struct config_generic *
apikey_guc_find(const char *name)
{
	return apikey_find_option(name);
}
