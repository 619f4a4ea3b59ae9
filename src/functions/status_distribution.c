/*-------------------------------------------------------------------------
 *
 * status_distribution.c
 *		status: the rows about a server that is a part of a distributed database;
 *		the setting that allows it to be one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/guc.h"

#include "exec/statement.h"
#include "functions/status.h"
#include "keys/data_key.h"

/*
 * apikey.distributed
 *
 * Where an extension such as Citus distributes api_keys, the coordinator sends the
 * extension's statements to other servers, in sessions of the internal roles.  So
 * these can log in, and on the servers that have the rows, where no session has an
 * identity, a policy owner_all lets apikey_owner see them.  Elsewhere, both are faults
 * that CREATE EXTENSION and status() report, so it is off by default, and only
 * superusers may set it.  It changes nothing but these reports.
 */
static bool distributed = false;

static ApikeyStatement select_opened = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT pg_catalog.concat_ws('; ', 'on', 'can log in: '"
	" OPERATOR(pg_catalog.||) (SELECT pg_catalog.string_agg(rolname, ', ' ORDER BY rolname)"
	" FROM pg_catalog.pg_roles WHERE rolcanlogin"
	" AND rolname OPERATOR(pg_catalog.=) ANY ('{apikey_owner,apikey_maintenance}')),"
	" 'policy owner_all on: '"
	" OPERATOR(pg_catalog.||) (SELECT pg_catalog.string_agg(c.oid::pg_catalog.regclass::pg_catalog.text, ', ' ORDER BY c.relname)"
	" FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c"
	" ON c.oid OPERATOR(pg_catalog.=) p.polrelid"
	" WHERE p.polname OPERATOR(pg_catalog.=) 'owner_all'"
	" AND c.relnamespace OPERATOR(pg_catalog.=) 'apikey'::pg_catalog.regnamespace))"
};

static void
put_opened(ReturnSetInfo *result)
{
	ApikeyRows	rows;
	bool		is_null;		/* never */

	apikey_statement_run(&select_opened, NULL, NULL, NULL, &rows);
	apikey_status_put(result, "distribution",
					  TextDatumGetCString(apikey_rows_get(&rows, 0, 1, &is_null)),
					  APIKEY_SEVERITY_WARNING,
					  "Users are kept apart by the condition on the user id in each statement and by the encryption, no longer by row-level security as well.  Let only the servers of this distributed database log in as the internal roles (pg_hba.conf).  If no table of the extension is distributed, set apikey.distributed to off.");
}

void
apikey_status_put_distribution(ReturnSetInfo *result)
{
	if (!apikey_data_key_creation_is_on())
		apikey_status_put(result, "new data keys", "not created on this server",
						  APIKEY_SEVERITY_OK, NULL);
	if (distributed)
		put_opened(result);
}

void
apikey_distribution_init(void)
{
	DefineCustomBoolVariable("apikey.distributed",
							 "The internal roles may log in, and have a policy for all rows, since tables of the extension are distributed.",
							 NULL,
							 &distributed,
							 false,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}
