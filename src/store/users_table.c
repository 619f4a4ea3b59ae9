/*-------------------------------------------------------------------------
 *
 * users_table.c
 *		A users table: which tables can be linked, and which of its columns has
 *		the ids; see users_table.h.
 *
 * A link can outlive what it names: a table is altered, dropped, or restored
 * under another OID.  Whatever no longer fits raises an error, so that no key
 * is stored for a user whose deletion would not be noticed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "nodes/primnodes.h"
#include "nodes/value.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/errors.h"
#include "store/user_id.h"
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

void
apikey_users_table_require_fit(Relation users)
{
	if (!apikey_users_table_fits(users))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table \"%s\" is no longer an ordinary, permanent table",
						RelationGetRelationName(users)),
				 errdetail("Rows can leave a partition or an unlogged table without their users being deleted."),
				 errhint("Make it an ordinary table again, or call apikey.unlink_users() for it."),
				 apikey_err_hide_statement()));
}

AttrNumber
apikey_users_table_id_column(const Trigger *trigger)
{
	Bitmapset  *columns = NULL;
	int			column;

	if (trigger->tgqual == NULL)
		return InvalidAttrNumber;
	pull_varattnos(stringToNode(trigger->tgqual), PRS2_OLD_VARNO, &columns);
	if (!bms_get_singleton_member(columns, &column))
		return InvalidAttrNumber;
	return (AttrNumber) (column + FirstLowInvalidHeapAttributeNumber);
}

/*
 * The operator class of pg_catalog that indexes on the type have by default.
 * Any other could bring functions of its own.
 */
static bool
is_default_class(Oid opclass, Oid type)
{
	return opclass < FirstNormalObjectId &&
		get_opclass_family(opclass) ==
		lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
}

/*
 * The index's collation may be any: rows with the same text are equal under
 * each, so a unique index has no two of them.
 */
static bool
is_id_index(Oid index, AttrNumber column, Oid type)
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
	if (result)
	{
		bool		is_null;
		Datum		classes = SysCacheGetAttr(INDEXRELID, tuple,
											  Anum_pg_index_indclass, &is_null);

		result = is_default_class(((oidvector *) DatumGetPointer(classes))->values[0],
								  type);
	}
	ReleaseSysCache(tuple);
	return result;
}

Oid
apikey_users_table_id_index(Relation users, AttrNumber id_column)
{
	Oid			type = TupleDescAttr(RelationGetDescr(users), id_column - 1)->atttypid;
	Oid			found = InvalidOid;
	List	   *indexes;
	ListCell   *cell;

	if (users->rd_rel->relam != HEAP_TABLE_AM_OID)
		return InvalidOid;
	indexes = RelationGetIndexList(users);
	foreach(cell, indexes)
	{
		CHECK_FOR_INTERRUPTS();
		if (!OidIsValid(found) && is_id_index(lfirst_oid(cell), id_column, type))
			found = lfirst_oid(cell);
	}
	list_free(indexes);
	return found;
}

/*
 * Our enabled trigger that follows a deletion, or NULL.  Since it names the id
 * column, PostgreSQL does not drop that column or change its type.
 */
static const Trigger *
find_delete_trigger(Relation users)
{
	List	   *name = list_make2(makeString("apikey"),
								  makeString("users_delete_trigger"));
	Oid			function = LookupFuncName(name, 0, NULL, false);
	TriggerDesc *triggers = users->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		CHECK_FOR_INTERRUPTS();
		if (trigger->tgfoid == function &&
			TRIGGER_TYPE_MATCHES(trigger->tgtype, TRIGGER_TYPE_ROW,
								 TRIGGER_TYPE_AFTER, TRIGGER_TYPE_DELETE) &&
			(trigger->tgenabled == TRIGGER_FIRES_ON_ORIGIN ||
			 trigger->tgenabled == TRIGGER_FIRES_ALWAYS) &&
			apikey_users_table_id_column(trigger) > 0)
			return trigger;
	}
	return NULL;
}

/*
 * A link contains an OID, which can later mean another table: after the linked
 * one was dropped, or in the database that a dump of the link was restored to.
 * Only link_users() and pg_restore create our trigger on a table.
 */
static void
find_id_column(ApikeyUsersTable *table)
{
	Relation	users = table->relation;
	const Trigger *trigger = find_delete_trigger(users);

	if (trigger == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table \"%s\" has no trigger that follows the deletion of users",
						RelationGetRelationName(users)),
				 errdetail("The trigger is missing or disabled, or the link is of a table that was dropped."),
				 errhint("Enable the trigger \"apikey_users_delete\", or end the link with SELECT apikey.unlink_users(%u).",
						 RelationGetRelid(users)),
				 apikey_err_hide_statement()));
	table->id_column = apikey_users_table_id_column(trigger);
	table->id_type = TupleDescAttr(RelationGetDescr(users),
								   table->id_column - 1)->atttypid;
	if (!apikey_user_id_type_is_supported(table->id_type))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("ids of linked users table \"%s\" have type %s",
						RelationGetRelationName(users),
						format_type_be(table->id_type)),
				 errhint("Call apikey.unlink_users() for the table, then apikey.link_users() with its column of ids."),
				 apikey_err_hide_statement()));
}

void
apikey_users_table_open(const ApikeyUserLink *link, ApikeyUsersTable *table)
{
	table->relation = try_relation_open(link->users, RowShareLock);
	if (table->relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table with OID %u no longer exists",
						link->users),
				 errhint("An administrator ends the link with SELECT apikey.unlink_users(%u).",
						 link->users),
				 apikey_err_hide_statement()));
	find_id_column(table);
	apikey_users_table_require_fit(table->relation);
}
