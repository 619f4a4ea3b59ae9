/*-------------------------------------------------------------------------
 *
 * key_move_check.c
 *		What would keep keys from being moved to another user; see key_move.h.
 *
 * All conflicts are found before anything is changed, so that one error can name
 * all of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/errors.h"
#include "exec/statement.h"
#include "store/key_limit.h"
#include "store/key_move.h"
#include "validate/arguments.h"

/* A list of names in a message is cut after this many bytes. */
#define NAMES_MAX	1000

/* Names that keys of both users have, deleted keys aside. */
static ApikeyStatement select_shared_names = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT f.name FROM apikey.api_keys f JOIN apikey.api_keys t"
	" ON t.name OPERATOR(pg_catalog.=) f.name"
	" WHERE f.user_id OPERATOR(pg_catalog.=) $1 AND f.deleted_at IS NULL"
	" AND t.user_id OPERATOR(pg_catalog.=) $2 AND t.deleted_at IS NULL"
	" ORDER BY f.name",
	.arg_count = 2,
	.arg_types = {TEXTOID, TEXTOID}
};

static ApikeyStatement select_shared_id = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT f.id FROM apikey.api_keys f JOIN apikey.api_keys t"
	" ON t.id OPERATOR(pg_catalog.=) f.id"
	" WHERE f.user_id OPERATOR(pg_catalog.=) $1"
	" AND t.user_id OPERATOR(pg_catalog.=) $2 LIMIT 1",
	.arg_count = 2,
	.arg_types = {TEXTOID, TEXTOID}
};

static ApikeyStatement select_name = {
	.sql = "SELECT FROM apikey.api_keys"
	" WHERE user_id OPERATOR(pg_catalog.=) $1"
	" AND name OPERATOR(pg_catalog.=) $2 AND deleted_at IS NULL",
	.arg_count = 2,
	.arg_types = {TEXTOID, TEXTOID}
};

static bool
is_name_used(const char *user_id, const char *name)
{
	Datum		args[2];

	args[0] = CStringGetTextDatum(user_id);
	args[1] = CStringGetTextDatum(name);
	return apikey_statement_run(&select_name, user_id, args, NULL, NULL) > 0;
}

/* The new name of a key whose name the other user uses. */
static char *
renamed(const ApikeyKeyMove *move, const char *name)
{
	return psprintf("%s%s", name, move->suffix);
}

char *
apikey_key_move_name(const ApikeyKeyMove *move, char *name)
{
	return move->suffix != NULL && is_name_used(move->to, name) ?
		renamed(move, name) : name;
}

/* Does renaming resolve the conflict?  22023 if the new name cannot be a name. */
static bool
can_rename(const ApikeyKeyMove *move, const char *name)
{
	char	   *new_name;

	if (move->suffix == NULL)
		return false;
	new_name = apikey_arg_name(cstring_to_text(renamed(move, name)), "conflict_suffix");
	return !is_name_used(move->to, new_name) && !is_name_used(move->from, new_name);
}

/* Add a name to a list, unless that is long enough. */
static void
list_name(StringInfo names, const char *name)
{
	if (names->len > NAMES_MAX)
		return;
	appendStringInfo(names, "%s\"%s\"", names->len > 0 ? ", " : "", name);
	if (names->len > NAMES_MAX)
		appendStringInfoString(names, ", ...");
}

static void
check_names(const ApikeyKeyMove *move, const Datum *users)
{
	StringInfoData conflicts;
	ApikeyRows	rows;

	initStringInfo(&conflicts);
	apikey_statement_run(&select_shared_names, NULL, users, NULL, &rows);
	for (uint64 i = 0; i < rows.count; i++)
	{
		bool		is_null;
		char	   *name = TextDatumGetCString(apikey_rows_get(&rows, i, 1, &is_null));

		CHECK_FOR_INTERRUPTS();
		if (!can_rename(move, name))
			list_name(&conflicts, name);
	}
	if (conflicts.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("both users have API keys with the same name"),
				 errdetail("Names: %s.", conflicts.data),
				 errhint("Pass a conflict_suffix, such as ' (2)', that makes the names of the moved keys unique."),
				 apikey_err_argument("conflict_suffix")));
}

static void
check_ids(const Datum *users)
{
	ApikeyRows	rows;
	bool		is_null;
	Datum		id;

	if (apikey_statement_run(&select_shared_id, NULL, users, NULL, &rows) == 0)
		return;
	id = apikey_rows_get(&rows, 0, 1, &is_null);
	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("both users have an API key with the same id"),
			 errdetail("Its id is %s.", DatumGetCString(DirectFunctionCall1(uuid_out, id))),
			 errhint("One of the users must remove it with apikey.delete_key() and apikey.purge_key()."),
			 apikey_err_argument("to_user_id")));
}

void
apikey_key_move_check(const ApikeyKeyMove *move)
{
	Datum		users[2];

	users[0] = CStringGetTextDatum(move->from);
	users[1] = CStringGetTextDatum(move->to);
	check_names(move, users);
	check_ids(users);
	apikey_key_limit_require_room(move->to, apikey_key_limit_count(move->from));
}
