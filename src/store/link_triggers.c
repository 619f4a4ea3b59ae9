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
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "store/link_triggers.h"

/*
 * %1$s is the table and %2$s the column.  An id has changed if its text has:
 * with some collations, 'Bob' equals 'bob'.
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

/*
 * The WHEN clause finds its operator by search_path, which is therefore set to
 * pg_catalog, whatever the caller's path is.
 */
void
apikey_link_triggers_create(Relation users, const char *id_column)
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
