/*-------------------------------------------------------------------------
 *
 * create_model_view.c
 *		create_model_view: a view of the caller's keys to which an ORM can map
 *		a model.
 *
 * The view, its triggers and its comments are created as the caller, by ordinary
 * commands: the caller needs the privilege to create a view in that schema and
 * becomes its owner, and a dump contains it like any other view.  Who reads the
 * view or writes to it does so with his own privileges: it is a security_invoker
 * view, and its trigger (model_view_trigger.c) checks them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/table_cache.h"
#include "store/user_link.h"
#include "store/users_table.h"
#include "validate/arguments.h"

PG_FUNCTION_INFO_V1(apikey_create_model_view);

/* The name as in SQL, with a schema: the first one of search_path if it has none. */
static char *
qualified_name(text *view)
{
	RangeVar   *name;
	Oid			schema;

	name = makeRangeVarFromNameList(textToQualifiedNameList(view));
	schema = RangeVarGetCreationNamespace(name);
	return quote_qualified_identifier(get_namespace_name(schema), name->relname);
}

/* Open the linked table whose ids the view is to show. */
static void
open_linked_table(Oid users, ApikeyUsersTable *table)
{
	const ApikeyUserLink *link = apikey_user_link_of_table(apikey_user_links(), users);

	if (link == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("users table is not linked to API keys"),
				 errhint("Call apikey.link_users() for the table first, or omit it: user_id is then text."),
				 apikey_err_argument("users")));
	apikey_users_table_open(link, table);
}

/*
 * What the view's column user_id shows of k.user_id.  Text has the collation of
 * the table's ids, since no index of theirs serves a join with another one.
 */
static char *
user_id_expression(Oid users)
{
	ApikeyUsersTable table;
	char	   *name;
	Oid			collation;

	open_linked_table(users, &table);
	name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(table.relation)),
									  RelationGetRelationName(table.relation));
	collation = TupleDescAttr(RelationGetDescr(table.relation), table.id_column - 1)->attcollation;
	relation_close(table.relation, NoLock);
	return psprintf("apikey.model_user_id(k.user_id, %s::pg_catalog.regclass, NULL::%s)%s%s",
					quote_literal_cstr(name), format_type_be_qualified(table.id_type),
					OidIsValid(collation) ? " COLLATE " : "",
					OidIsValid(collation) ? generate_collation_name(collation) : "");
}

/* The columns of apikey.keys, and a column "value". */
static void
append_columns(StringInfo sql, const char *user_id)
{
	Relation	keys = table_open(apikey_table_oid("keys"), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(keys);

	for (int i = 0; i < desc->natts; i++)
	{
		const char *column = quote_identifier(NameStr(TupleDescAttr(desc, i)->attname));

		appendStringInfo(sql, "%s AS %s, ",
						 strcmp(column, "user_id") == 0 ? user_id : psprintf("k.%s", column),
						 column);
	}
	appendStringInfoString(sql, "NULL::pg_catalog.text AS value");
	table_close(keys, NoLock);
}

/* user_id: the expression for that column, or NULL for the user id itself. */
static char *
model_view_command(const char *view, const char *user_id)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE VIEW %s WITH (security_invoker = true) AS SELECT ", view);
	append_columns(&sql, user_id != NULL ? user_id : "k.user_id COLLATE pg_catalog.\"default\"");
	appendStringInfoString(&sql, " FROM apikey.keys k");
	/* Another table's users have no keys in this view. */
	if (user_id != NULL)
		appendStringInfo(&sql, " WHERE %s IS NOT NULL", user_id);
	return sql.data;
}

static void
run_ddl(const char *sql)
{
	if (SPI_execute(sql, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not create a model view");
}

/* With a search_path in which every name and operator has its usual meaning. */
static void
create_view_and_trigger(const char *view, const char *user_id)
{
	char	   *sql = model_view_command(view, user_id);
	int			level = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	SPI_connect();
	run_ddl(sql);
	run_ddl(psprintf("CREATE TRIGGER apikey_model_view INSTEAD OF INSERT OR UPDATE OR DELETE ON %s"
					 " FOR EACH ROW EXECUTE FUNCTION apikey.model_view_trigger()", view));
	run_ddl(psprintf("COMMENT ON VIEW %s IS 'The caller''s API keys, for a model of an ORM;"
					 " created by apikey.create_model_view().'", view));
	run_ddl(psprintf("COMMENT ON COLUMN %s.value IS 'Write-only: the value to store;"
					 " NULL when it is read, and in UPDATE to keep the value.'", view));
	SPI_finish();
	AtEOXact_GUC(true, level);
}

/*
 * apikey.create_model_view(view text, users regclass) -> regclass
 */
Datum
apikey_create_model_view(PG_FUNCTION_ARGS)
{
	char	   *user_id = NULL;
	char	   *view;
	RangeVar   *name;

	apikey_refuse_restricted();
	apikey_arg_require(fcinfo, 0, "view", "name of the view", NULL);
	view = qualified_name(PG_GETARG_TEXT_PP(0));
	if (!PG_ARGISNULL(1))
		user_id = user_id_expression(PG_GETARG_OID(1));
	create_view_and_trigger(view, user_id);
	name = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(view)));
	PG_RETURN_OID(RangeVarGetRelid(name, NoLock, false));
}
