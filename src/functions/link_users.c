/*-------------------------------------------------------------------------
 *
 * link_users.c
 *		link_users and unlink_users: link user ids to the application's own
 *		tables.
 *
 * Locks: SHARE ROW EXCLUSIVE on the users table, then on api_keys, both kept
 * until the transaction ends.  A session that stores a key holds ROW EXCLUSIVE
 * on api_keys, so link_users() sees every key that was stored without the link,
 * and a session that waits for it sees the link.  Both read the newest
 * committed state, whatever the isolation level.
 * The order of all locks: doc/design.md, "Locks".
 *
 * The caller needs the TRIGGER privilege on the users table, and the triggers
 * are created as the caller.  unlink_users() drops them without DROP TRIGGER,
 * which only the table's owner may use.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "store/link_check.h"
#include "store/link_triggers.h"
#include "store/user_link.h"
#include "store/user_lookup.h"
#include "validate/arguments.h"

#define IDS_PER_BATCH	"1000"

PG_FUNCTION_INFO_V1(apikey_link_users);
PG_FUNCTION_INFO_V1(apikey_unlink_users);

static ApikeyStatement insert_link = {
	.role = APIKEY_AS_OWNER,
	.sql = "INSERT INTO apikey.linked_users (users, id_column, on_delete, prefix)"
	" VALUES ($1, $2, $3, $4)",
	.arg_count = 4,
	.arg_types = {REGCLASSOID, NAMEOID, TEXTOID, TEXTOID}
};

static ApikeyStatement delete_link = {
	.role = APIKEY_AS_OWNER,
	.sql = "DELETE FROM apikey.linked_users"
	" WHERE users OPERATOR(pg_catalog.=) $1::pg_catalog.oid",
	.arg_count = 1,
	.arg_types = {OIDOID}
};

/* The users with a prefix who have keys, in order, after $2. */
static ApikeyStatement next_user_ids = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT DISTINCT user_id FROM apikey.api_keys"
	" WHERE deleted_at IS NULL"
	" AND pg_catalog.starts_with(user_id, $1)"
	" AND user_id OPERATOR(pg_catalog.>) $2"
	" ORDER BY user_id LIMIT " IDS_PER_BATCH,
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 2,
	.arg_types = {TEXTOID, TEXTOID}
};

/*
 * The trigger on the row's table invalidates the cache: here at once, in other
 * sessions after the commit, when they next lock api_keys.
 */
static void
store_link(Oid users, Name id_column, const char *on_delete,
		   const char *prefix)
{
	Datum		args[4];

	args[0] = ObjectIdGetDatum(users);
	args[1] = NameGetDatum(id_column);
	args[2] = CStringGetTextDatum(on_delete);
	args[3] = CStringGetTextDatum(prefix);
	apikey_statement_run(&insert_link, NULL, args, NULL, NULL);
}

/*
 * Look up every user of the link who has keys that are not deleted, in batches;
 * returns how many of them do not exist, and one of those as an example.
 */
static uint64
count_unknown(const List *links, ApikeyUserLink *link, char **example)
{
	Datum		args[2];
	uint64		unknown = 0;
	ApikeyRows	rows;

	args[0] = CStringGetTextDatum(link->prefix);
	args[1] = CStringGetTextDatum("");
	while (apikey_statement_run(&next_user_ids, NULL, args, NULL, &rows) > 0)
	{
		for (uint64 i = 0; i < rows.count; i++)
		{
			bool		is_null;
			char	   *user_id;

			args[1] = apikey_rows_get(&rows, i, 1, &is_null);
			user_id = TextDatumGetCString(args[1]);
			CHECK_FOR_INTERRUPTS();
			if (apikey_user_link_of_user(links, user_id) != link ||
				apikey_user_lookup_exists(link, user_id, false))
				continue;
			if (unknown++ == 0)
				*example = user_id;
		}
	}
	return unknown;
}

/*
 * Raise 55000 if a user of the new link who has keys does not exist.  Deleted
 * keys do not count, since they cannot be restored without their user; disabled
 * keys do, since they can be enabled.
 */
static void
refuse_unknown_users(Oid users)
{
	char	   *example = NULL;
	List	   *links = apikey_user_links();
	uint64		unknown = count_unknown(links, apikey_user_link_of_table(links, users),
										&example);

	if (unknown == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("some users who have API keys are not in table \"%s\"",
					get_rel_name(users)),
			 errdetail_plural(UINT64_FORMAT " user id has keys that are not deleted and no row in the table, for example \"%s\".",
							  UINT64_FORMAT " user ids have keys that are not deleted and no row in the table, for example \"%s\".",
							  unknown, unknown, example),
			 errhint("Add the users, delete their keys with apikey.purge_user(), or link the table with the prefix that their user ids have."),
			 apikey_err_argument("users")));
}

/* A text argument, or its default when it is NULL. */
static char *
get_text(FunctionCallInfo fcinfo, int number, const char *default_value)
{
	if (PG_ARGISNULL(number))
		return pstrdup(default_value);
	return text_to_cstring(PG_GETARG_TEXT_PP(number));
}

/* The argument "users", which has no default. */
static Oid
get_users(FunctionCallInfo fcinfo)
{
	apikey_arg_require(fcinfo, 0, "users", "users table", NULL);
	return PG_GETARG_OID(0);
}

/*
 * Open and lock the users table.  The caller's privileges are checked first:
 * without them, the caller must not be able to lock it.
 */
static Relation
open_users(Oid users)
{
	Relation	relation = NULL;

	if (apikey_link_check_caller(users))
		relation = try_table_open(users, ShareRowExclusiveLock);
	if (relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table with OID %u does not exist", users),
				 apikey_err_argument("users")));
	return relation;
}

/*
 * apikey.link_users(users regclass, id_column name, on_delete text,
 *					 prefix text) -> regclass
 */
Datum
apikey_link_users(PG_FUNCTION_ARGS)
{
	Oid			users = get_users(fcinfo);
	char	   *on_delete = get_text(fcinfo, 2, "purge");
	char	   *prefix = get_text(fcinfo, 3, "");
	Name		id_column;
	Relation	relation;

	apikey_refuse_restricted();
	apikey_arg_require(fcinfo, 1, "id_column", "id column", NULL);
	id_column = PG_GETARG_NAME(1);
	apikey_link_check_on_delete(on_delete);
	apikey_link_check_prefix(prefix);

	relation = open_users(users);
	apikey_link_check_table(relation, NameStr(*id_column));
	LockRelationOid(apikey_table_oid("api_keys"), ShareRowExclusiveLock);
	apikey_link_check_new(users, prefix);

	/* A restored or half-removed table may have our triggers already. */
	(void) apikey_link_triggers_drop(users);
	apikey_link_triggers_create(relation, NameStr(*id_column));
	store_link(users, id_column, on_delete, prefix);
	refuse_unknown_users(users);
	table_close(relation, NoLock);
	PG_RETURN_OID(users);
}

/*
 * apikey.unlink_users(users regclass) -> boolean
 */
Datum
apikey_unlink_users(PG_FUNCTION_ARGS)
{
	Oid			users = get_users(fcinfo);
	Datum		arg = ObjectIdGetDatum(users);
	bool		dropped = false;
	bool		deleted;

	apikey_refuse_restricted();
	if (apikey_link_check_caller(users))
		dropped = apikey_link_triggers_drop(users);
	/* If the table was dropped, only the row is left. */
	deleted = apikey_statement_run(&delete_link, NULL, &arg, NULL, NULL) > 0;
	PG_RETURN_BOOL(deleted || dropped);
}
