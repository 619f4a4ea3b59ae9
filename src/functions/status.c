/*-------------------------------------------------------------------------
 *
 * status.c
 *		status: the state of the extension, one row for each item.
 *
 * It does not fail if a key is missing, but reports that.  Items about the
 * library and the settings are determined here, those about the log in
 * status_redaction.c, those about the keys in status_keys.c, those about privileges
 * in status_privileges.c, and those about a distributed database in
 * status_distribution.c; items from tables and catalogs come from the
 * SQL function apikey.catalog_status(), which is run as apikey_maintenance.
 *
 * It is what someone looks at when nothing else works.  So whatever reads a table,
 * or runs as an internal role, is a part of the report that may fail: its error
 * becomes an item.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "base/counter.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "functions/status.h"
#include "store/key_usage.h"

#define COLUMNS 4				/* item, value, severity, advice */

PG_FUNCTION_INFO_V1(apikey_status);

static bool preloaded = false;

static ApikeyStatement select_version = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT extversion FROM pg_catalog.pg_extension"
	" WHERE extname OPERATOR(pg_catalog.=) 'apikey'"
};

static ApikeyStatement select_catalog = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT item, value, severity, advice FROM apikey.catalog_status()"
};

void
apikey_status_init(void)
{
	preloaded = process_shared_preload_libraries_in_progress;
}

bool
apikey_status_is_preloaded(void)
{
	return preloaded;
}

void
apikey_status_put(ReturnSetInfo *result, const char *item, const char *value,
				  const char *severity, const char *advice)
{
	const char *texts[COLUMNS] = {item, value, severity, advice};
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
	{
		nulls[i] = texts[i] == NULL;
		values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* The owner of a relation of ours, for a statement; "..." if it is not there. */
static const char *
quoted_owner(const char *relation)
{
	Oid			schema = get_namespace_oid("apikey", true);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(get_relname_relid(relation, schema)));
	char	   *owner;

	if (!HeapTupleIsValid(tuple))
		return "...";
	owner = GetUserNameFromId(((Form_pg_class) GETSTRUCT(tuple))->relowner, true);
	ReleaseSysCache(tuple);
	return owner != NULL ? quote_identifier(owner) : "...";
}

/*
 * Report an internal role that does not exist; owned is a relation that belongs
 * to it.  Nothing can be run as such a role.
 */
static bool
put_absent_role(ReturnSetInfo *result, const char *role, const char *owned)
{
	if (OidIsValid(get_role_oid(role, true)))
		return false;
	apikey_status_put(result, "internal role", psprintf("%s: does not exist", role),
					  APIKEY_SEVERITY_ERROR,
					  psprintf("The role was renamed: without it, nothing is stored or decrypted, and the rest of this report is missing.  Run ALTER ROLE %s RENAME TO %s.",
							   quoted_owner(owned), role));
	return true;
}

/*
 * Report names that were changed.  Nothing can be run then, and the rest of the
 * report is missing.
 */
static bool
put_renamed(ReturnSetInfo *result, Oid status_function)
{
	bool		is_absent;

	if (!OidIsValid(get_namespace_oid("apikey", true)))
	{
		const char *renamed = get_namespace_name(get_func_namespace(status_function));

		apikey_status_put(result, "schema", renamed, APIKEY_SEVERITY_ERROR,
						  psprintf("The schema was renamed: without it, nothing works, and the rest of this report is missing.  Run ALTER SCHEMA %s RENAME TO apikey.",
								   quote_identifier(renamed)));
		return true;
	}
	is_absent = put_absent_role(result, "apikey_owner", "api_keys");
	return put_absent_role(result, "apikey_maintenance", "all_keys") || is_absent;
}

/* The library and the script are upgraded separately. */
static void
put_version(ReturnSetInfo *result)
{
	ApikeyRows	rows;
	const char *installed = "";
	bool		is_null;

	if (apikey_statement_run(&select_version, NULL, NULL, NULL, &rows) > 0)
		installed = TextDatumGetCString(apikey_rows_get(&rows, 0, 1, &is_null));
	if (strcmp(installed, APIKEY_VERSION) == 0)
		apikey_status_put(result, "version", APIKEY_VERSION, APIKEY_SEVERITY_OK, NULL);
	else
		apikey_status_put(result, "version",
						  psprintf("library %s, extension %s", APIKEY_VERSION, installed),
						  APIKEY_SEVERITY_ERROR,
						  "If the library is newer, run ALTER EXTENSION apikey UPDATE; if it is older, install the new library and restart the server.");
}

/* What depends on how the library was loaded. */
static void
put_library(ReturnSetInfo *result)
{
	if (preloaded)
		apikey_status_put(result, "preload", "on", APIKEY_SEVERITY_OK, NULL);
	else
		apikey_status_put(result, "preload", "off", APIKEY_SEVERITY_WARNING,
						  "Add apikey to shared_preload_libraries and restart the server.  The key sources are then always hidden from ordinary roles, the variable of an env: source is removed from the server's environment, a key command runs once for all sessions, the metrics count for the whole server, and the settings are checked at server start.");

	apikey_status_put(result, "metrics",
					  apikey_counters_are_shared() ? "of the server" : "of this session",
					  APIKEY_SEVERITY_OK, NULL);
}

/*
 * The values in this session, which ALTER ROLE or ALTER DATABASE may have set.
 */
static void
put_settings(ReturnSetInfo *result)
{
	const char *mode = GetConfigOption("apikey.identity", false, false);

	if (strcmp(mode, "session") == 0)
		apikey_status_put(result, "identity", mode, APIKEY_SEVERITY_WARNING,
						  "An identity lasts until the end of the session: behind a connection pool, the next client inherits it.  Use this mode only with dedicated connections.");
	else
		apikey_status_put(result, "identity", mode, APIKEY_SEVERITY_OK, NULL);

	apikey_status_put(result, "strict checks", GetConfigOption("apikey.strict_checks", false, false),
					  APIKEY_SEVERITY_OK, NULL);
	apikey_status_put(result, "last use",
					  apikey_key_usage_interval() < 0 ? "not recorded" :
					  psprintf("recorded once in %s for each key at most",
							   GetConfigOptionByName("apikey.usage_interval", NULL, false)),
					  APIKEY_SEVERITY_OK, NULL);
}

/* What is stored, and the rows of apikey.catalog_status(), as they are. */
static void
put_catalog(ReturnSetInfo *result)
{
	ApikeyRows	rows;

	apikey_status_put_counts(result);
	apikey_statement_run(&select_catalog, NULL, NULL, NULL, &rows);
	for (uint64 i = 0; i < rows.count; i++)
	{
		Datum		values[COLUMNS];
		bool		nulls[COLUMNS];

		CHECK_FOR_INTERRUPTS();
		for (int column = 0; column < COLUMNS; column++)
			values[column] = apikey_rows_get(&rows, i, column + 1,
											 &nulls[column]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* Report the error of a part, which has just been caught, unless it is a cancel. */
static void
put_error(ReturnSetInfo *result)
{
	ErrorData  *error = CopyErrorData();

	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		PG_RE_THROW();
	FlushErrorState();
	RollbackAndReleaseCurrentSubTransaction();
	apikey_status_put(result, "report", error->message, APIKEY_SEVERITY_ERROR,
					  error->hint != NULL ? error->hint :
					  "A part of this report is missing.  Follow the advice on the other items.  If there is none, undo what was changed in the extension's objects.");
}

/* Run a part of the report, in a subtransaction. */
static void
put_part(ReturnSetInfo *result, void (*part) (ReturnSetInfo *))
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		part(result);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		put_error(result);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

/*
 * apikey.status() -> setof (item text, value text, severity text,
 *							 advice text)
 */
Datum
apikey_status(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		is_renamed;

	apikey_refuse_restricted();
	InitMaterializedSRF(fcinfo, 0);
	is_renamed = put_renamed(result, fcinfo->flinfo->fn_oid);
	if (!is_renamed)
		put_part(result, put_version);
	put_library(result);
	apikey_status_put_redaction(result);
	put_settings(result);
	if (!is_renamed)
	{
		put_part(result, apikey_status_put_keys);
		put_part(result, apikey_status_put_distribution);
		put_part(result, put_catalog);
		put_part(result, apikey_status_put_privileges);
	}
	return (Datum) 0;
}
