/*-------------------------------------------------------------------------
 *
 * precondition.c
 *		Conditions to check before a function reads or changes keys; see
 *		precondition.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lmgr.h"

#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/table_cache.h"

void
apikey_refuse_restricted(void)
{
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("API keys cannot be used within a security-restricted operation"),
				 errdetail("The function was called by an index expression, a materialized view or a maintenance command."),
				 apikey_err_hide_statement()));
}

void
apikey_refuse_read_only(const char *what)
{
	PreventCommandDuringRecovery(what);
	PreventCommandIfReadOnly(what);
}

void
apikey_lock_for_write(void)
{
	apikey_refuse_read_only("a change of API keys");
	LockRelationOid(apikey_table_oid("api_keys"), RowExclusiveLock);
}
