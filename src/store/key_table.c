/*-------------------------------------------------------------------------
 *
 * key_table.c
 *		Is api_keys the table that the extension's script made?  See key_table.h.
 *
 * A row may be read without a statement only where a statement would find the
 * same one, and would run nothing else: an ordinary heap table without children,
 * rules and triggers, with row-level security forced, with policies that allow the
 * owner of the table exactly the rows of the user, with the columns and the
 * unique indexes of the script.  Anything else, for example a policy that an
 * administrator added, or a table that another extension has distributed, is left
 * to the statement.  (Citus leaves the table as it was, but empty, and with a trigger
 * for TRUNCATE.)
 *
 * All this changes only by commands that send an invalidation message: of the
 * table, which they lock exclusively, of roles, or of schemas.  So it need not be
 * looked at for each row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "rewrite/rowsecurity.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "exec/frame.h"
#include "exec/plain_table.h"
#include "exec/table_cache.h"
#include "exec/table_watch.h"
#include "store/key_table.h"

/* The columns that are read; apikey.encrypted has no constant OID. */
static const struct
{
	const char *name;
	Oid			type;
}			wanted_columns[APIKEY_KEY_COLUMNS] = {
	[APIKEY_KEY_USER_ID] = {"user_id", TEXTOID},
	[APIKEY_KEY_ID] = {"id", UUIDOID},
	[APIKEY_KEY_NAME] = {"name", TEXTOID},
	[APIKEY_KEY_TYPE] = {"key_type", TEXTOID},
	[APIKEY_KEY_ENCRYPTED_VALUE] = {"encrypted_value", InvalidOid},
	[APIKEY_KEY_ENV_VAR] = {"env_var", TEXTOID},
	[APIKEY_KEY_METADATA] = {"metadata", JSONBOID},
	[APIKEY_KEY_EXPIRES_AT] = {"expires_at", TIMESTAMPTZOID},
	[APIKEY_KEY_IS_DISABLED] = {"disabled_at", TIMESTAMPTZOID},
	[APIKEY_KEY_IS_DELETED] = {"deleted_at", TIMESTAMPTZOID},
	[APIKEY_KEY_HINT] = {"hint", TEXTOID}
};

static ApikeyTableWatch watch = {.catalogs = true};
static uint64 changes_seen;		/* when key_table was filled */
static ApikeyKeyTable key_table;

/*
 * Does the column have the type, and its value in the row?  Since PostgreSQL 18 a
 * generated column may be computed when it is read.
 */
static bool
is_stored(Form_pg_attribute column, Oid type)
{
	return column->attgenerated == '\0' &&
		(!OidIsValid(type) || column->atttypid == type);
}

static bool
find_columns(Relation keys, ApikeyKeyTable *table)
{
	for (int i = 0; i < APIKEY_KEY_COLUMNS; i++)
	{
		int			column = SPI_fnumber(RelationGetDescr(keys), wanted_columns[i].name);

		if (column <= 0 ||
			!is_stored(TupleDescAttr(RelationGetDescr(keys), column - 1), wanted_columns[i].type))
			return false;
		table->columns[i] = column;
	}
	return true;
}

static bool
is_column(const Node *node, AttrNumber column)
{
	return IsA(node, Var) && ((const Var *) node)->varattno == column;
}

static bool
is_current_user_id(const Node *node)
{
	Oid			function = IsA(node, FuncExpr) ? ((const FuncExpr *) node)->funcid : InvalidOid;

	return OidIsValid(function) &&
		((const FuncExpr *) node)->args == NIL &&
		get_func_namespace(function) == get_namespace_oid("apikey", true) &&
		strcmp(get_func_name(function), "current_user_id") == 0;
}

/* Is it user_id = apikey.current_user_id()? */
static bool
allows_own_rows(const Expr *qual, const ApikeyKeyTable *table)
{
	const OpExpr *operation = (const OpExpr *) qual;

	return qual != NULL && IsA(qual, OpExpr) &&
		operation->opno == TextEqualOperator &&
		is_column(linitial(operation->args), table->columns[APIKEY_KEY_USER_ID]) &&
		is_current_user_id(lsecond(operation->args));
}

/*
 * Of the two policies of the script, one allows a user's rows to everybody, and the
 * other all rows to a role: a condition on user_id does not need it, and is not
 * restricted by it.
 */
static bool
policies_allow_own_rows(Relation keys, const ApikeyKeyTable *table)
{
	bool		own_rows = false;
	ListCell   *cell;

	if (row_security_policy_hook_permissive != NULL ||
		row_security_policy_hook_restrictive != NULL ||
		!keys->rd_rel->relrowsecurity || !keys->rd_rel->relforcerowsecurity)
		return false;
	foreach(cell, keys->rd_rsdesc->policies)
	{
		RowSecurityPolicy *policy = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (!policy->permissive)
			return false;
		if (allows_own_rows(policy->qual, table))
			own_rows = own_rows || apikey_policy_is_for(policy, ACL_ID_PUBLIC);
		else if (!apikey_policy_shows_all(policy))
			return false;
	}
	return own_rows;
}

/* Is the predicate of the index, of which NIL is none, "deleted_at IS NULL"? */
static bool
leaves_out_deleted(const List *predicate, const ApikeyKeyTable *table)
{
	const NullTest *test;

	if (list_length(predicate) != 1 || !IsA(linitial(predicate), NullTest))
		return false;
	test = linitial(predicate);
	return test->nulltesttype == IS_NULL &&
		is_column((Node *) test->arg, table->columns[APIKEY_KEY_IS_DELETED]);
}

/* Is it a unique index on user_id and the column? */
static bool
is_index_on(Relation index, AttrNumber user_id, AttrNumber column)
{
	AttrNumber	columns[] = {user_id, column};

	return index->rd_index->indisunique && apikey_index_is_on(index, columns, 2);
}

static void
note_index(Relation index, ApikeyKeyTable *table)
{
	AttrNumber	user_id = table->columns[APIKEY_KEY_USER_ID];
	List	   *predicate = RelationGetIndexPredicate(index);

	if (is_index_on(index, user_id, table->columns[APIKEY_KEY_ID]) && predicate == NIL)
		table->by_id = RelationGetRelid(index);
	if (is_index_on(index, user_id, table->columns[APIKEY_KEY_NAME]) &&
		leaves_out_deleted(predicate, table))
		table->by_name = RelationGetRelid(index);
}

static bool
has_indexes(const ApikeyKeyTable *table)
{
	return OidIsValid(table->by_id) && OidIsValid(table->by_name);
}

/* To open one for the first time costs more than a look-up: no more than needed. */
static bool
find_indexes(Relation keys, ApikeyKeyTable *table)
{
	List	   *indexes = RelationGetIndexList(keys);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		CHECK_FOR_INTERRUPTS();
		note_index(index, table);
		index_close(index, NoLock);
		if (has_indexes(table))
			break;
	}
	list_free(indexes);
	return has_indexes(table);
}

static bool
is_known(void)
{
	return watch.started && changes_seen == watch.changes;
}

Oid
apikey_key_table_oid(void)
{
	return is_known() ? watch.oids[0] : apikey_table_oid("api_keys");
}

/* A message that comes meanwhile has the next call look again. */
const ApikeyKeyTable *
apikey_key_table(Relation keys)
{
	uint64		changes;

	if (is_known() && watch.oids[0] == RelationGetRelid(keys))
		return &key_table;
	watch.oids[0] = RelationGetRelid(keys);
	apikey_table_watch_start(&watch);
	changes = watch.changes;
	changes_seen = changes - 1; /* in case of an error */
	memset(&key_table, 0, sizeof(key_table));
	key_table.is_plain = apikey_table_is_plain(keys, apikey_owner_role()) && !keys->rd_rel->relhastriggers &&
		find_columns(keys, &key_table) && policies_allow_own_rows(keys, &key_table) &&
		find_indexes(keys, &key_table);
	changes_seen = changes;
	return &key_table;
}
