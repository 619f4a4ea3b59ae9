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
 * committed state, whatever the isolation level.  No lock is upgraded, so that
 * it never waits for those who read the users table.
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
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "audit/audit.h"
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
	.sql = "INSERT INTO apikey.user_links (users, on_delete, prefix)"
	" VALUES ($1, $2, $3)",
	.arg_count = 3,
	.arg_types = {REGCLASSOID, TEXTOID, TEXTOID}
};

static ApikeyStatement delete_link = {
	.role = APIKEY_AS_OWNER,
	.sql = "DELETE FROM apikey.user_links"
	" WHERE users OPERATOR(pg_catalog.=) $1::pg_catalog.oid",
	.arg_count = 1,
	.arg_types = {OIDOID}
};

/*
 * The users with a prefix who have keys, in order, after $2.  $1, from which the
 * index can be entered, sorts before all user ids that begin with it.
 */
static ApikeyStatement next_user_ids = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT DISTINCT user_id FROM apikey.api_keys"
	" WHERE deleted_at IS NULL"
	" AND user_id OPERATOR(pg_catalog.>=) $1"
	" AND user_id OPERATOR(pg_catalog.>) $2"
	" ORDER BY user_id LIMIT " IDS_PER_BATCH,
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.across_users = true,
	.arg_count = 2,
	.arg_types = {TEXTOID, TEXTOID}
};

/*
 * The trigger on the row's table invalidates the cache: here at once, in other
 * sessions after the commit, when they next lock api_keys.
 */
static void
store_link(Oid users, const char *on_delete, const char *prefix)
{
	Datum		args[3];

	args[0] = ObjectIdGetDatum(users);
	args[1] = CStringGetTextDatum(on_delete);
	args[2] = CStringGetTextDatum(prefix);
	apikey_statement_run(&insert_link, NULL, args, NULL, NULL);
}

/* The users of a new link who have keys, looked up in batches. */
typedef struct LinkCheck
{
	const List *links;
	const ApikeyUserLink *link; /* the new one */
	StringInfoData last;		/* the user id that was looked up last */
	uint64		unknown;		/* how many users do not exist */
	StringInfoData example;		/* one of them */
} LinkCheck;

/* Look a user up, unless the user id belongs to another link. */
static void
check_user(LinkCheck *check, ApikeyUserLookup *lookup, const char *user_id)
{
	if (apikey_user_link_of_user(check->links, user_id) != check->link ||
		apikey_user_lookup_find(lookup, user_id))
		return;
	if (check->unknown++ == 0)
		appendStringInfoString(&check->example, user_id);
}

/* Look up those users who have the prefix, in order; false if one has not. */
static bool
check_rows(LinkCheck *check, ApikeyUserLookup *lookup, const ApikeyRows *rows)
{
	const ApikeyUserLink *link = check->link;

	for (uint64 i = 0; i < rows->count; i++)
	{
		bool		is_null;
		char	   *user_id = TextDatumGetCString(apikey_rows_get(rows, i, 1, &is_null));

		CHECK_FOR_INTERRUPTS();
		if (strncmp(user_id, link->prefix, link->prefix_len) != 0)
			return false;
		check_user(check, lookup, user_id);
		resetStringInfo(&check->last);
		appendStringInfoString(&check->last, user_id);
	}
	return rows->count > 0;
}

/* Look up the next users; returns whether there can be more. */
static bool
check_batch(LinkCheck *check)
{
	ApikeyUserLookup lookup;
	ApikeyRows	rows;
	Datum		args[2];
	bool		more;

	args[0] = CStringGetTextDatum(check->link->prefix);
	args[1] = CStringGetTextDatum(check->last.data);
	apikey_statement_run_by_index(&next_user_ids, args, &rows);
	apikey_user_lookup_begin(check->link, APIKEY_USER_UNLOCKED, &lookup);
	more = check_rows(check, &lookup, &rows);
	apikey_user_lookup_end(&lookup);
	return more;
}

/*
 * Look up every user of the link who has keys that are not deleted.  There can
 * be millions: what a batch allocates is freed before the next.
 */
static void
check_users(LinkCheck *check)
{
	MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext,
												"apikey users",
												ALLOCSET_DEFAULT_SIZES);
	bool		more = true;

	while (more)
	{
		MemoryContext outer = MemoryContextSwitchTo(batch);

		more = check_batch(check);
		MemoryContextSwitchTo(outer);
		MemoryContextReset(batch);
	}
	MemoryContextDelete(batch);
}

/*
 * Raise 55000 if a user of the new link who has keys does not exist.  Deleted
 * keys do not count, since they cannot be restored without their user; disabled
 * keys do, since they can be enabled.
 */
static void
refuse_unknown_users(Oid users)
{
	LinkCheck	check = {0};

	check.links = apikey_user_links();
	check.link = apikey_user_link_of_table(check.links, users);
	initStringInfo(&check.last);
	initStringInfo(&check.example);
	check_users(&check);
	if (check.unknown == 0)
		return;

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("some users who have API keys are not in table \"%s\"",
					get_rel_name(users)),
			 errdetail_plural(UINT64_FORMAT " user id has keys that are not deleted and no row in the table, for example \"%s\".",
							  UINT64_FORMAT " user ids have keys that are not deleted and no row in the table, for example \"%s\".",
							  check.unknown, check.unknown, check.example.data),
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
	if (apikey_event_is_open())
		apikey_event_object(DatumGetCString(DirectFunctionCall1(regclassout,
																PG_GETARG_DATUM(0))));
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
static Datum
link_users(PG_FUNCTION_ARGS)
{
	Oid			users = get_users(fcinfo);
	char	   *on_delete = get_text(fcinfo, 2, "purge");
	char	   *prefix = get_text(fcinfo, 3, "");
	Name		id_column;
	Relation	relation;

	apikey_refuse_restricted();
	apikey_refuse_read_only("a change of linked users tables");
	apikey_arg_require(fcinfo, 1, "id_column", "id column", NULL);
	id_column = PG_GETARG_NAME(1);
	apikey_link_check_on_delete(on_delete);
	apikey_link_check_prefix(prefix);

	relation = open_users(users);
	apikey_link_check_table(relation, NameStr(*id_column));
	LockRelationOid(apikey_table_oid("api_keys"), ShareRowExclusiveLock);
	apikey_link_check_new(users, prefix);
	apikey_link_triggers_create(relation, NameStr(*id_column), on_delete, prefix);
	store_link(users, on_delete, prefix);
	refuse_unknown_users(users);
	table_close(relation, NoLock);
	PG_RETURN_OID(users);
}

Datum
apikey_link_users(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_LINK, link_users, fcinfo);
}

/*
 * apikey.unlink_users(users regclass) -> boolean
 */
static Datum
unlink_users(PG_FUNCTION_ARGS)
{
	Oid			users = get_users(fcinfo);
	Datum		arg = ObjectIdGetDatum(users);
	bool		dropped = false;
	bool		deleted;

	apikey_refuse_restricted();
	apikey_refuse_read_only("a change of linked users tables");
	if (apikey_link_check_caller(users))
		dropped = apikey_link_triggers_drop(users);
	/* If the table was dropped, only the row is left. */
	deleted = apikey_statement_run(&delete_link, NULL, &arg, NULL, NULL) > 0;
	PG_RETURN_BOOL(deleted || dropped);
}

Datum
apikey_unlink_users(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_UNLINK, unlink_users, fcinfo);
}
