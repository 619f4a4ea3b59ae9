/*-------------------------------------------------------------------------
 *
 * users_table.c
 *		A users table: which tables can be linked, and their ids; see
 *		users_table.h.
 *
 * A link can outlive what it names: a table is altered, dropped, or restored
 * under another OID.  Whatever no longer fits raises an error, so that no key
 * is stored for a user whose deletion would not be noticed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <errno.h>

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/lsyscache.h"
#include "utils/reltrigger.h"

#include "base/errors.h"
#include "store/users_table.h"

/*
 * Not every kind of table fires a trigger for each row that is removed: a crash
 * empties an unlogged one, and temporary ones go with the session.  A row that
 * moves between the partitions of a table is deleted from one of them, though
 * the user remains.
 */
bool
apikey_users_table_fits(Relation users)
{
	return users->rd_rel->relkind == RELKIND_RELATION &&
		!users->rd_rel->relispartition &&
		users->rd_rel->relpersistence == RELPERSISTENCE_PERMANENT;
}

const char *
apikey_users_table_id_type_name(Oid type)
{
	switch (type)
	{
		case INT2OID:
			return "int2";
		case INT4OID:
			return "int4";
		case INT8OID:
			return "int8";
		case UUIDOID:
			return "uuid";
		case TEXTOID:
			return "text";
		case VARCHAROID:
			return "varchar";
		default:
			return NULL;
	}
}

/* Is it an integer of that range, as its type's output function writes it? */
static bool
is_integer(const char *id, int64 min, int64 max)
{
	const char *digits = (*id == '-') ? id + 1 : id;
	size_t		len = strlen(digits);
	int64		value;

	if (len == 0 || strspn(digits, "0123456789") != len)
		return false;
	if (*digits == '0' && (len > 1 || digits != id))
		return false;
	/* The digits are fine; what is left is the range. */
	errno = 0;
	value = strtoi64(id, NULL, 10);
	return errno == 0 && value >= min && value <= max;
}

/* Is it a uuid as uuid_out writes it? */
static bool
is_uuid(const char *id)
{
	for (int i = 0; i < 36; i++)
	{
		if (i == 8 || i == 13 || i == 18 || i == 23)
		{
			if (id[i] != '-')
				return false;
		}
		else if (id[i] == '\0' || strchr("0123456789abcdef", id[i]) == NULL)
			return false;
	}
	return id[36] == '\0';
}

bool
apikey_users_table_id_is_canonical(Oid type, const char *id)
{
	switch (type)
	{
		case INT2OID:
			return is_integer(id, PG_INT16_MIN, PG_INT16_MAX);
		case INT4OID:
			return is_integer(id, PG_INT32_MIN, PG_INT32_MAX);
		case INT8OID:
			return is_integer(id, PG_INT64_MIN, PG_INT64_MAX);
		case UUIDOID:
			return is_uuid(id);
		default:
			return true;
	}
}

/*
 * PostgreSQL keeps a linked column's type, since a trigger depends on it, but
 * not its name.  Whatever no longer fits fails closed.
 */
AttrNumber
apikey_users_table_id_column(const ApikeyUserLink *link, Relation users, Oid *type)
{
	AttrNumber	column = get_attnum(link->users, link->id_column);

	if (!apikey_users_table_fits(users))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table \"%s\" is no longer an ordinary, permanent table",
						RelationGetRelationName(users)),
				 errdetail("Rows can leave a partition or an unlogged table without their users being deleted."),
				 errhint("Make it an ordinary table again, or call apikey.unlink_users() for it."),
				 apikey_err_hide_statement()));
	*type = (column > 0) ? get_atttype(link->users, column) : InvalidOid;
	if (apikey_users_table_id_type_name(*type) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table \"%s\" no longer has a usable column \"%s\"",
						RelationGetRelationName(users), link->id_column),
				 errhint("Call apikey.unlink_users() for the table, then apikey.link_users() with its column of ids."),
				 apikey_err_hide_statement()));
	return column;
}

/* Does the table have our trigger that follows a deletion, and enabled? */
static bool
has_delete_trigger(Relation users)
{
	List	   *name = list_make2(makeString("apikey"),
								  makeString("users_delete_trigger"));
	Oid			function = LookupFuncName(name, 0, NULL, false);
	TriggerDesc *triggers = users->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (trigger->tgfoid == function &&
			TRIGGER_TYPE_MATCHES(trigger->tgtype, TRIGGER_TYPE_ROW,
								 TRIGGER_TYPE_AFTER, TRIGGER_TYPE_DELETE) &&
			(trigger->tgenabled == TRIGGER_FIRES_ON_ORIGIN ||
			 trigger->tgenabled == TRIGGER_FIRES_ALWAYS))
			return true;
	}
	return false;
}

/*
 * A link contains an OID, which can later mean another table: after the linked
 * one was dropped, or in the database that a dump of the link was restored to.
 * Only link_users() and pg_restore create our trigger on a table.
 */
static void
require_trigger(Relation users)
{
	if (!has_delete_trigger(users))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table \"%s\" has no trigger that follows the deletion of users",
						RelationGetRelationName(users)),
				 errdetail("The trigger is missing or disabled, or the link is of a table that was dropped."),
				 errhint("Enable the trigger \"apikey_users_delete\", or end the link with SELECT apikey.unlink_users(%u).",
						 RelationGetRelid(users)),
				 apikey_err_hide_statement()));
}

Relation
apikey_users_table_open(const ApikeyUserLink *link)
{
	Relation	users = try_relation_open(link->users, RowShareLock);

	if (users == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table with OID %u no longer exists",
						link->users),
				 errhint("An administrator ends the link with SELECT apikey.unlink_users(%u).",
						 link->users),
				 apikey_err_hide_statement()));
	require_trigger(users);
	return users;
}
