/*-------------------------------------------------------------------------
 *
 * link_users.c
 *		apikey.link_users() and apikey.unlink_users(): tying user ids to the
 *		application's own tables.
 *
 * Locks: SHARE ROW EXCLUSIVE on the users table, then on api_keys, both kept
 * until the transaction ends.  Whoever stores a key holds ROW EXCLUSIVE on
 * api_keys, so link_users() sees every key that is stored without the link,
 * and whoever waits for it finds the link.  Both read the newest committed
 * state, whatever the isolation level.
 *
 * The caller needs TRIGGER on the users table, and the triggers are created
 * as the caller.  unlink_users() drops them itself, since DROP TRIGGER is the
 * table's owner's alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_index.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/encoding.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "store/user_link.h"
#include "store/user_lookup.h"
#include "store/users_table.h"
#include "validate/arguments.h"

#define PREFIX_MAX		64		/* characters */
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

/* The users of a prefix who have keys, in order, after $2. */
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
 * The three triggers; %1$s is the table and %2$s the column.  An id has
 * changed when its text has: under some collations 'Bob' equals 'bob'.
 */
static const struct
{
	const char *function;
	const char *sql;
}			triggers[] = {

	{
		"users_delete_trigger",
		"CREATE TRIGGER apikey_users_delete AFTER DELETE ON %1$s"
		" FOR EACH ROW EXECUTE FUNCTION apikey.users_delete_trigger()"
	},
	{
		"users_update_trigger",
		"CREATE TRIGGER apikey_users_update AFTER UPDATE ON %1$s"
		" FOR EACH ROW WHEN (OLD.%2$s::pg_catalog.text COLLATE pg_catalog.\"C\""
		" IS DISTINCT FROM NEW.%2$s::pg_catalog.text COLLATE pg_catalog.\"C\")"
		" EXECUTE FUNCTION apikey.users_update_trigger()"
	},
	{
		"users_truncate_trigger",
		"CREATE TRIGGER apikey_users_truncate BEFORE TRUNCATE ON %1$s"
		" FOR EACH STATEMENT EXECUTE FUNCTION apikey.users_truncate_trigger()"
	}
};

/*
 * May the caller tie this table?  False when there is no such table (it may
 * have been dropped); 42501 without TRIGGER on it.
 */
static bool
check_caller(Oid users)
{
	AclResult	result;

	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(users)))
		return false;
	result = pg_class_aclcheck(users, GetUserId(), ACL_TRIGGER);
	if (result == ACLCHECK_OK)
		return true;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for table \"%s\"", get_rel_name(users)),
			 errhint("Linking or unlinking a table requires the TRIGGER privilege on it."),
			 apikey_err_argument("users")));
	return false;				/* not reached */
}

static void
check_table(Relation users)
{
	Oid			schema = get_namespace_oid("apikey", false);

	if (apikey_users_table_fits(users) &&
		!IsSystemRelation(users) &&
		RelationGetNamespace(users) != schema)
		return;
	apikey_refuse_argument("users",
						   psprintf("\"%s\" cannot be a users table",
									RelationGetRelationName(users)),
						   "A users table is an ordinary, permanent table: no view, partition, partitioned, foreign, temporary, unlogged or system table, nor one of apikey's own tables.",
						   NULL);
}

/* Does the index make sure, at once, that no two rows have the same id? */
static bool
is_unique_on(Oid index, AttrNumber column)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	Form_pg_index form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	form = (Form_pg_index) GETSTRUCT(tuple);
	result = form->indisunique && form->indimmediate && form->indisvalid &&
		form->indnkeyatts == 1 && form->indkey.values[0] == column &&
		heap_attisnull(tuple, Anum_pg_index_indpred, NULL) &&
		heap_attisnull(tuple, Anum_pg_index_indexprs, NULL);
	ReleaseSysCache(tuple);
	return result;
}

/*
 * The column of ids: its type, never NULL, and unique.  The unique index also
 * makes an UPDATE of the id wait for FOR KEY SHARE, as a DELETE does.
 */
static void
check_column(Relation users, const char *name)
{
	AttrNumber	column = get_attnum(RelationGetRelid(users), name);
	Form_pg_attribute attribute;
	List	   *indexes;
	ListCell   *cell;

	if (column <= 0)
		apikey_refuse_argument("id_column",
							   psprintf("table \"%s\" has no column \"%s\"",
										RelationGetRelationName(users), name),
							   NULL, NULL);
	attribute = TupleDescAttr(RelationGetDescr(users), column - 1);
	if (apikey_users_table_id_type_name(attribute->atttypid) == NULL)
		apikey_refuse_argument("id_column",
							   psprintf("column \"%s\" has type %s", name,
										format_type_be(attribute->atttypid)),
							   "The type of a user's id must be smallint, integer, bigint, uuid, text or varchar.",
							   NULL);
	if (!attribute->attnotnull)
		apikey_refuse_argument("id_column",
							   psprintf("column \"%s\" can be NULL", name),
							   NULL,
							   "Make it the primary key, or NOT NULL with a unique constraint.");

	indexes = RelationGetIndexList(users);
	foreach(cell, indexes)
	{
		if (is_unique_on(lfirst_oid(cell), column))
			return;
	}
	apikey_refuse_argument("id_column",
						   psprintf("column \"%s\" is not unique", name),
						   "Two users with the same id would share their keys.",
						   "Make it the primary key, or add a unique constraint on it alone that is not deferrable.");
}

static void
check_on_delete(const char *on_delete)
{
	if (strcmp(on_delete, "purge") != 0 && strcmp(on_delete, "soft_delete") != 0)
		apikey_refuse_argument("on_delete",
							   "invalid action for the keys of deleted users",
							   NULL, "Use 'purge' or 'soft_delete'.");
}

static void
check_prefix(const char *prefix)
{
	size_t		len = strlen(prefix);

	if (pg_mbstrlen_with_len(prefix, len) > PREFIX_MAX ||
		apikey_has_control(prefix, len))
		apikey_refuse_argument("prefix", "invalid prefix",
							   psprintf("A prefix has at most %d characters, none of them a control character.",
										PREFIX_MAX),
							   NULL);
}

/*
 * Neither the table nor the prefix may be taken.  Called with the lock on
 * api_keys, which conflicts with itself, so no other link can come between.
 */
static void
check_not_linked(Oid users, const char *prefix)
{
	List	   *links = apikey_user_links();
	ApikeyUserLink *other;

	if (apikey_user_link_of_table(links, users) != NULL)
		apikey_refuse_argument("users",
							   psprintf("table \"%s\" is already linked",
										get_rel_name(users)),
							   NULL, "Call apikey.unlink_users() for it first.");
	other = apikey_user_link_of_prefix(links, prefix);
	if (other != NULL)
		apikey_refuse_argument("prefix",
							   psprintf("prefix \"%s\" is already in use", prefix),
							   psprintf("Table %s is linked with it.",
										DatumGetCString(DirectFunctionCall1(regclassout,
																			ObjectIdGetDatum(other->users)))),
							   "Give each table a prefix of its own, such as 'org:'.");
}

/* Is it one of the extension's trigger functions? */
static bool
is_our_function(Oid function)
{
	for (size_t i = 0; i < lengthof(triggers); i++)
	{
		List	   *name = list_make2(makeString("apikey"),
									  makeString(unconstify(char *, triggers[i].function)));

		if (LookupFuncName(name, 0, NULL, true) == function)
			return true;
	}
	return false;
}

/* Add the table's triggers of ours to found; returns whether there are any. */
static bool
find_triggers(Oid users, ObjectAddresses *found)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	bool		any = false;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(users));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, true, NULL, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
		ObjectAddress address;

		if (!is_our_function(form->tgfoid))
			continue;
		ObjectAddressSet(address, TriggerRelationId, form->oid);
		add_exact_object_address(&address, found);
		any = true;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return any;
}

/*
 * Drop the table's triggers of ours, whoever owns it; returns whether there
 * were any.  As with DROP TRIGGER, nobody may use the table meanwhile; but a
 * table without them is none of our business, and is not locked.
 */
static bool
drop_triggers(Oid users)
{
	ObjectAddresses *found = new_object_addresses();
	bool		any = find_triggers(users, found);

	free_object_addresses(found);
	if (!any)
		return false;
	LockRelationOid(users, AccessExclusiveLock);

	/* What we waited for may have dropped them. */
	found = new_object_addresses();
	any = find_triggers(users, found);
	performMultipleDeletions(found, DROP_RESTRICT, 0);
	free_object_addresses(found);
	CommandCounterIncrement();
	return any;
}

/*
 * Create the three triggers as the caller.  The WHEN clause finds its
 * operator by search_path: pg_catalog's, whatever the caller's path.
 */
static void
create_triggers(Relation users, const char *id_column)
{
	int			level = NewGUCNestLevel();
	char	   *table;

	table = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(users)),
									   RelationGetRelationName(users));
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	SPI_connect();
	for (size_t i = 0; i < lengthof(triggers); i++)
	{
		char	   *sql = psprintf(triggers[i].sql, table,
								   quote_identifier(id_column));

		if (SPI_execute(sql, false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not create a trigger");
	}
	SPI_finish();
	AtEOXact_GUC(true, level);
}

/*
 * The row's own trigger drops the cache, here at once and in other sessions at
 * commit; they see it when they next lock api_keys.
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
 * Look up every user of the link who has keys that are not deleted, a batch
 * at a time; returns how many are unknown, and one of them.
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
 * Keys that are deleted do not count: they cannot be restored while their user
 * is unknown.  Disabled ones do, since they can be enabled again.
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
							  (unsigned long) unknown, unknown, example),
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
 * Open and lock the users table, after a check of the caller's rights: a lock
 * is not for those who may not link.
 */
static Relation
open_users(Oid users)
{
	Relation	relation = NULL;

	if (check_caller(users))
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
	check_on_delete(on_delete);
	check_prefix(prefix);

	relation = open_users(users);
	check_table(relation);
	check_column(relation, NameStr(*id_column));
	LockRelationOid(apikey_table_oid("api_keys"), ShareRowExclusiveLock);
	check_not_linked(users, prefix);

	/* A restored or half-removed table may have triggers of ours already. */
	drop_triggers(users);
	create_triggers(relation, NameStr(*id_column));
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
	if (check_caller(users))
		dropped = drop_triggers(users);
	/* Of a table that was dropped, only the row is left. */
	deleted = apikey_statement_run(&delete_link, NULL, &arg, NULL, NULL) > 0;
	PG_RETURN_BOOL(deleted || dropped);
}
