/*-------------------------------------------------------------------------
 *
 * link_triggers.c
 *		The triggers of a linked users table; see link_triggers.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/reltrigger.h"

#include "base/errors.h"
#include "store/link_triggers.h"

/*
 * %1$s is the table, %2$s the column of the ids, %3$s and %4$s on_delete and the
 * prefix.
 *
 * The WHEN clauses say which column has the ids: PostgreSQL keeps them right when
 * the column is renamed, and pg_dump writes them.  An id is never NULL, and has
 * changed if its text has: with some collations, 'Bob' equals 'bob'.  Nothing but
 * apikey.status() reads the arguments, where the table has lost its link.
 */
static const struct
{
	const char *name;
	const char *function;
	const char *sql;
}			triggers[] = {

	{
		"apikey_users_delete",
		"users_delete_trigger",
		"CREATE OR REPLACE TRIGGER apikey_users_delete AFTER DELETE ON %1$s"
		" FOR EACH ROW WHEN (OLD.%2$s IS NOT NULL)"
		" EXECUTE FUNCTION apikey.users_delete_trigger(%3$s, %4$s)"
	},
	{
		"apikey_users_update",
		"users_update_trigger",
		"CREATE OR REPLACE TRIGGER apikey_users_update AFTER UPDATE ON %1$s"
		" FOR EACH ROW WHEN (OLD.%2$s::pg_catalog.text COLLATE pg_catalog.\"C\""
		" IS DISTINCT FROM NEW.%2$s::pg_catalog.text COLLATE pg_catalog.\"C\")"
		" EXECUTE FUNCTION apikey.users_update_trigger()"
	},
	{
		"apikey_users_truncate",
		"users_truncate_trigger",
		"CREATE OR REPLACE TRIGGER apikey_users_truncate BEFORE TRUNCATE ON %1$s"
		" FOR EACH STATEMENT EXECUTE FUNCTION apikey.users_truncate_trigger()"
	}
};

#define NOT_OURS	(-1)

/* Which of our trigger functions it is, as an index of triggers[]. */
static int
index_of_function(Oid function)
{
	for (size_t i = 0; i < lengthof(triggers); i++)
	{
		List	   *name = list_make2(makeString("apikey"),
									  makeString(unconstify(char *, triggers[i].function)));

		if (LookupFuncName(name, 0, NULL, true) == function)
			return (int) i;
	}
	return NOT_OURS;
}

/* Which of our triggers has that name. */
static int
index_of_name(const char *name)
{
	for (size_t i = 0; i < lengthof(triggers); i++)
		if (strcmp(triggers[i].name, name) == 0)
			return (int) i;
	return NOT_OURS;
}

/* Add our triggers on the table to found; returns whether there are any. */
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

		CHECK_FOR_INTERRUPTS();
		if (index_of_function(form->tgfoid) == NOT_OURS)
			continue;
		ObjectAddressSet(address, TriggerRelationId, form->oid);
		add_exact_object_address(&address, found);
		any = true;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return any;
}

bool
apikey_link_triggers_drop(Oid users)
{
	ObjectAddresses *found = new_object_addresses();
	bool		any = find_triggers(users, found);

	free_object_addresses(found);
	if (!any)
		return false;
	LockRelationOid(users, AccessExclusiveLock);

	/* They may have been dropped while we waited. */
	found = new_object_addresses();
	any = find_triggers(users, found);
	performMultipleDeletions(found, DROP_RESTRICT, 0);
	free_object_addresses(found);
	CommandCounterIncrement();
	return any;
}

/* A trigger has our name or our function, but not both. */
static void
refuse_trigger(Relation users, const char *name, bool is_ours)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 is_ours ?
			 errmsg("table \"%s\" has another trigger of apikey, \"%s\"",
					RelationGetRelationName(users), name) :
			 errmsg("table \"%s\" has a trigger \"%s\" that is not of apikey",
					RelationGetRelationName(users), name),
			 is_ours ?
			 errhint("Drop apikey's triggers with SELECT apikey.unlink_users(%u), then link the table.",
					 RelationGetRelid(users)) :
			 errhint("Rename that trigger."),
			 apikey_err_argument("users")));
}

static void
check_triggers(Relation users)
{
	TriggerDesc *existing = users->trigdesc;

	for (int i = 0; existing != NULL && i < existing->numtriggers; i++)
	{
		const Trigger *trigger = &existing->triggers[i];
		int			function = index_of_function(trigger->tgfoid);

		CHECK_FOR_INTERRUPTS();
		if (index_of_name(trigger->tgname) != function)
			refuse_trigger(users, trigger->tgname, function != NOT_OURS);
	}
}

/*
 * The WHEN clause finds its operator by search_path, which is therefore set to
 * pg_catalog, whatever the caller's path is.
 */
void
apikey_link_triggers_create(Relation users, const char *id_column,
							const char *on_delete, const char *prefix)
{
	int			level = NewGUCNestLevel();
	char	   *table;

	check_triggers(users);
	table = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(users)),
									   RelationGetRelationName(users));
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	SPI_connect();
	for (size_t i = 0; i < lengthof(triggers); i++)
	{
		char	   *sql = psprintf(triggers[i].sql, table,
								   quote_identifier(id_column),
								   quote_literal_cstr(on_delete),
								   quote_literal_cstr(prefix));

		if (SPI_execute(sql, false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not create a trigger");
	}
	SPI_finish();
	AtEOXact_GUC(true, level);
}
