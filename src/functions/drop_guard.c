/*-------------------------------------------------------------------------
 *
 * drop_guard.c
 *		The event trigger that refuses to drop the extension while it contains
 *		data that would be lost for good: stored keys, or data keys that values
 *		in other tables are encrypted with.
 *
 * It fires before the command and inspects its parse tree, so that it also works
 * in a session that has not used the extension (firing it loads the library).
 * An object access hook would run too late, and not at all if the library is not
 * loaded.
 *
 * Refused are DROP EXTENSION apikey, DROP EXTENSION ... CASCADE of an extension
 * that its objects depend on (a procedural language), and DROP OWNED BY the
 * extension's owner or apikey_owner.  PostgreSQL itself refuses to drop a single
 * member, including the schema and this event trigger.  If the library has been
 * removed, so that DROP EXTENSION fails, use ALTER EVENT TRIGGER ... DISABLE.
 *
 * A caller without the right to drop gets PostgreSQL's own error later: nothing
 * is counted or locked for such a caller.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"

#include "audit/audit.h"
#include "base/errors.h"
#include "exec/frame.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "functions/drop_guard.h"

PG_FUNCTION_INFO_V1(apikey_drop_guard);

/*
 * apikey.allow_drop
 *
 * Permits dropping the extension while it contains keys.  Only superusers may
 * set it, usually for a single statement.  It is off by default.
 */
static bool allow_drop = false;

static ApikeyStatement count_stored = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT (SELECT pg_catalog.count(*) FROM apikey.api_keys),"
	" (SELECT pg_catalog.count(*) FROM apikey.data_keys"
	" WHERE purpose OPERATOR(pg_catalog.=) 'column')",
	.snapshot = APIKEY_SNAPSHOT_LATEST
};

/* Does an object of extension $1 depend on a member of extension $2? */
static ApikeyStatement needs_extension = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT 1 FROM pg_catalog.pg_depend ours"
	" JOIN pg_catalog.pg_depend needs"
	" ON needs.classid OPERATOR(pg_catalog.=) ours.classid"
	" AND needs.objid OPERATOR(pg_catalog.=) ours.objid"
	" JOIN pg_catalog.pg_depend theirs"
	" ON theirs.classid OPERATOR(pg_catalog.=) needs.refclassid"
	" AND theirs.objid OPERATOR(pg_catalog.=) needs.refobjid"
	" WHERE ours.deptype OPERATOR(pg_catalog.=) 'e'"
	" AND ours.refclassid OPERATOR(pg_catalog.=)"
	" 'pg_catalog.pg_extension'::pg_catalog.regclass"
	" AND ours.refobjid OPERATOR(pg_catalog.=) $1"
	" AND theirs.deptype OPERATOR(pg_catalog.=) 'e'"
	" AND theirs.refclassid OPERATOR(pg_catalog.=) ours.refclassid"
	" AND theirs.refobjid OPERATOR(pg_catalog.=) $2"
	" LIMIT 1",
	.arg_count = 2,
	.arg_types = {OIDOID, OIDOID}
};

/* The role that owns an extension; InvalidOid if it is not installed. */
static Oid
extension_owner(const char *extension)
{
	Relation	catalog = table_open(ExtensionRelationId, AccessShareLock);
	Oid			owner = InvalidOid;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum(extension));
	scan = systable_beginscan(catalog, ExtensionNameIndexId, true, NULL, 1,
							  &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return owner;
}

/* Can the caller act as that role? */
static bool
may_act_as(Oid role)
{
	return OidIsValid(role) && has_privs_of_role(GetUserId(), role);
}

/* Would dropping that extension with CASCADE also drop apikey? */
static bool
is_needed(const char *extension)
{
	Datum		args[2];

	args[0] = ObjectIdGetDatum(get_extension_oid("apikey", false));
	args[1] = ObjectIdGetDatum(get_extension_oid(extension, false));
	return apikey_statement_run(&needs_extension, NULL, args, NULL, NULL) > 0;
}

static bool
drops_extension(const DropStmt *statement)
{
	ListCell   *cell;

	if (statement->removeType != OBJECT_EXTENSION)
		return false;
	foreach(cell, statement->objects)
	{
		const char *name = strVal(lfirst(cell));

		CHECK_FOR_INTERRUPTS();
		if (!may_act_as(extension_owner(name)))
			continue;
		if (strcmp(name, "apikey") == 0 ||
			(statement->behavior == DROP_CASCADE && is_needed(name)))
			return true;
	}
	return false;
}

static bool
drops_owned(const DropOwnedStmt *statement)
{
	Oid			owner = extension_owner("apikey");
	ListCell   *cell;

	foreach(cell, statement->roles)
	{
		Oid			role = get_rolespec_oid(lfirst(cell), true);

		CHECK_FOR_INTERRUPTS();
		if (may_act_as(role) &&
			(role == owner || role == apikey_owner_role()))
			return true;
	}
	return false;
}

/*
 * Raise an error if anything would be lost.  The locks that DROP needs anyway
 * are taken first, so that a key that is just being stored counts too.
 */
static void
refuse_loss(void)
{
	ApikeyRows	rows;
	int64		keys;
	int64		column_keys;
	bool		is_null;

	LockRelationOid(apikey_table_oid("api_keys"), AccessExclusiveLock);
	LockRelationOid(apikey_table_oid("data_keys"), AccessExclusiveLock);
	apikey_statement_run(&count_stored, NULL, NULL, NULL, &rows);
	keys = DatumGetInt64(apikey_rows_get(&rows, 0, 1, &is_null));
	column_keys = DatumGetInt64(apikey_rows_get(&rows, 0, 2, &is_null));
	if (keys == 0 && column_keys == 0)
		return;

	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("cannot drop extension \"apikey\" because it contains keys"),
			 errdetail("Stored API keys: " INT64_FORMAT ".  Data keys of values in other tables: " INT64_FORMAT ".",
					   keys, column_keys),
			 errhint("To delete them for good, run SET apikey.allow_drop = on as a superuser and try again; for pg_restore --clean, set PGOPTIONS='-c apikey.allow_drop=on'."),
			 apikey_err_hide_statement()));
}

/* What is recorded of a command that drops keys. */
static Datum
guard_drop(PG_FUNCTION_ARGS)
{
	if (!allow_drop)
		refuse_loss();
	PG_RETURN_NULL();
}

/*
 * apikey.drop_guard(): ON ddl_command_start.
 */
Datum
apikey_drop_guard(PG_FUNCTION_ARGS)
{
	EventTriggerData *event = (EventTriggerData *) fcinfo->context;
	bool		is_guarded = false;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function was not called by its event trigger"),
				 apikey_err_hide_statement()));

	if (IsA(event->parsetree, DropStmt))
		is_guarded = drops_extension((DropStmt *) event->parsetree);
	else if (IsA(event->parsetree, DropOwnedStmt))
		is_guarded = drops_owned((DropOwnedStmt *) event->parsetree);

	if (is_guarded)
		return apikey_audited(APIKEY_ACTION_DROP, guard_drop, fcinfo);
	PG_RETURN_NULL();
}

void
apikey_drop_guard_init(void)
{
	DefineCustomBoolVariable("apikey.allow_drop",
							 "Permits dropping the extension while it contains keys.",
							 "All stored keys are lost then.",
							 &allow_drop,
							 false,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}
