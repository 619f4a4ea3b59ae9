/*-------------------------------------------------------------------------
 *
 * reload_master_key.c
 *		reload_master_key: make every session re-read its key sources.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/fmgroids.h"

#include "exec/precondition.h"

PG_FUNCTION_INFO_V1(apikey_reload_master_key);

/*
 * apikey.reload_master_key() -> boolean
 *
 * Reloads the configuration, without the privilege to execute
 * pg_reload_conf().
 */
Datum
apikey_reload_master_key(PG_FUNCTION_ARGS)
{
	apikey_refuse_restricted();
	return OidFunctionCall0(F_PG_RELOAD_CONF);
}
