/*-------------------------------------------------------------------------
 *
 * link_guard.c
 *		The event trigger that says how to change the type of a linked users
 *		table's ids.
 *
 * PostgreSQL itself refuses to change the type of a column that a trigger names,
 * but cannot say what to do.  This fires before the command and inspects its
 * parse tree.  What it overlooks, as a change that comes from a table's parent,
 * gets PostgreSQL's error; so nothing depends on it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "base/errors.h"
#include "exec/statement.h"

PG_FUNCTION_INFO_V1(apikey_link_guard);

/* The statement that links table $1 again, if $2 is its column of ids. */
static ApikeyStatement select_link = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT users::pg_catalog.text, link_statement"
	" FROM apikey.link_triggers"
	" WHERE users OPERATOR(pg_catalog.=) $1::pg_catalog.oid"
	" AND id_column OPERATOR(pg_catalog.=) $2"
	" AND link_statement IS NOT NULL",
	.arg_count = 2,
	.arg_types = {OIDOID, NAMEOID}
};

static void
refuse_type_change(Oid table, const char *column)
{
	NameData	name;
	Datum		args[2];
	ApikeyRows	rows;
	bool		is_null;

	namestrcpy(&name, column);
	args[0] = ObjectIdGetDatum(table);
	args[1] = NameGetDatum(&name);
	if (apikey_statement_run(&select_link, NULL, args, NULL, &rows) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot alter type of column \"%s\", which has the ids of a linked users table",
					column),
			 errdetail("API keys belong to the text of an id, and the table's triggers name the column."),
			 errhint("In one transaction, run SELECT apikey.unlink_users(%s), then ALTER TABLE, then %s.",
					 quote_literal_cstr(TextDatumGetCString(apikey_rows_get(&rows, 0, 1, &is_null))),
					 TextDatumGetCString(apikey_rows_get(&rows, 0, 2, &is_null))),
			 apikey_err_hide_statement()));
}

static void
check_alter_table(const AlterTableStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		const		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);
		Oid			table;

		CHECK_FOR_INTERRUPTS();
		if (command->subtype != AT_AlterColumnType)
			continue;
		table = RangeVarGetRelid(statement->relation, NoLock, true);
		if (OidIsValid(table))
			refuse_type_change(table, command->name);
	}
}

/*
 * apikey.link_guard(): ON ddl_command_start, WHEN TAG IN ('ALTER TABLE').
 */
Datum
apikey_link_guard(PG_FUNCTION_ARGS)
{
	EventTriggerData *event = (EventTriggerData *) fcinfo->context;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function was not called by its event trigger"),
				 apikey_err_hide_statement()));
	if (IsA(event->parsetree, AlterTableStmt))
		check_alter_table((AlterTableStmt *) event->parsetree);
	PG_RETURN_NULL();
}
