/*-------------------------------------------------------------------------
 *
 * status_privileges.c
 *		status: the row about the privileges of the internal roles.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "exec/statement.h"
#include "functions/status.h"

/* As the owner, who owns the view and the schema; see 67_status.sql. */
static ApikeyStatement select_missing = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT pg_catalog.string_agg(statement, '; ' ORDER BY statement)"
	" FROM apikey.missing_privileges"
};

void
apikey_status_put_privileges(ReturnSetInfo *result)
{
	const char *item = "privileges of the internal roles";
	ApikeyRows	rows;
	bool		is_null;
	Datum		statements;

	apikey_statement_run(&select_missing, NULL, NULL, NULL, &rows);
	statements = apikey_rows_get(&rows, 0, 1, &is_null);
	if (is_null)
		apikey_status_put(result, item, "complete", APIKEY_SEVERITY_OK, NULL);
	else
		apikey_status_put(result, item, "incomplete", APIKEY_SEVERITY_ERROR,
						  psprintf("Functions of the extension fail.  Run %s.",
								   TextDatumGetCString(statements)));
}
