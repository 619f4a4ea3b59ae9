/*-------------------------------------------------------------------------
 *
 * key_limit.c
 *		How many keys a user can have; see key_limit.h.
 *
 * The limit keeps the time and memory of a call that reads all of a user's keys
 * within bounds, whatever an application lets its users do.  Keys that are
 * deleted do not count: no such call reads them, and a user who has reached the
 * limit must be able to make room.
 *
 * Transactions that run at the same time do not see each other's keys, so that
 * together they can exceed the limit by what each of them stores.  A lock that
 * prevented this would make all of a user's sessions wait for each other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/errors.h"
#include "exec/statement.h"
#include "store/key_limit.h"
#include "store/key_lookup.h"

static ApikeyStatement count_keys = {
	.sql = "SELECT pg_catalog.count(*) FROM apikey.api_keys"
	" WHERE user_id OPERATOR(pg_catalog.=) $1 AND deleted_at IS NULL",
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

/*
 * apikey.max_keys_per_user
 *
 * The number of keys that a user can have, without deleted ones; 0 means no
 * limit.  Only a superuser can set it, for the server, a database or a role.
 */
static int	max_keys_per_user = 1000;

int64
apikey_key_limit_count(const char *user_id)
{
	Datum		arg;
	ApikeyRows	rows;
	int64		count;
	bool		is_null;

	if (apikey_key_lookup_count(user_id, &count))
		return count;
	arg = CStringGetTextDatum(user_id);
	apikey_statement_run(&count_keys, user_id, &arg, NULL, &rows);
	return DatumGetInt64(apikey_rows_get(&rows, 0, 1, &is_null));
}

void
apikey_key_limit_require_room(const char *user_id, int64 more)
{
	if (max_keys_per_user == 0 ||
		apikey_key_limit_count(user_id) + more <= max_keys_per_user)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("user has too many API keys"),
			 errdetail("A user can have at most %d keys that are not deleted.",
					   max_keys_per_user),
			 errhint("Delete keys that are no longer needed, or ask an administrator to raise apikey.max_keys_per_user."),
			 apikey_err_hide_statement()));
}

void
apikey_key_limit_init(void)
{
	DefineCustomIntVariable("apikey.max_keys_per_user",
							"Sets how many keys a user can have.",
							"Deleted keys do not count.  0 means no limit.",
							&max_keys_per_user,
							1000,
							0,
							INT_MAX,
							PGC_SUSET,
							0,
							NULL,
							NULL,
							NULL);
}
