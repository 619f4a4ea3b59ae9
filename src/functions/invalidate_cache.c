/*-------------------------------------------------------------------------
 *
 * invalidate_cache.c
 *		The trigger on each table whose rows are cached; see exec/table_cache.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "base/errors.h"

PG_FUNCTION_INFO_V1(apikey_invalidate_cache);

/*
 * apikey.invalidate_cache(): the trigger.  Harmless on any table.
 */
Datum
apikey_invalidate_cache(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function was not called by a trigger"),
				 apikey_err_hide_statement()));
	CacheInvalidateRelcache(trigger->tg_relation);
	return PointerGetDatum(NULL);
}
