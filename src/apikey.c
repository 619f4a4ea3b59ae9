/*-------------------------------------------------------------------------
 *
 * apikey.c
 *		The entry point of the library.
 *
 * _PG_init() calls the init function of each module that has settings or other
 * state.  No keys are loaded here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "base/counter.h"
#include "compat.h"
#include "audit/audit.h"
#include "core/keys.h"
#include "exec/identity.h"
#include "exec/plain_table.h"
#include "exec/running_query.h"
#include "exec/table_watch.h"
#include "functions/drop_guard.h"
#include "functions/has_identity.h"
#include "functions/setting_guard.h"
#include "functions/status.h"
#include "keys/data_key.h"
#include "keys/fernet_key.h"
#include "keys/key_cache.h"
#include "keys/key_source.h"
#include "keys/master_key.h"
#include "redact/activity.h"
#include "redact/in_flight.h"
#include "redact/key_prefixes.h"
#include "redact/log_hook.h"
#include "redact/secret.h"
#include "store/key_limit.h"
#include "store/key_usage.h"
#include "validate/value_plausibility.h"

PG_MODULE_MAGIC_EXT(.name = "apikey",.version = APIKEY_VERSION);

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	apikey_counter_init();
	apikey_key_prefixes_init();
	apikey_in_flight_init();
	apikey_secret_init();
	apikey_log_hook_init();
	apikey_activity_init();
	apikey_identity_init();
	apikey_running_query_init();
	apikey_table_watch_init();
	apikey_value_plausibility_init();
	apikey_audit_init();
	apikey_key_source_command_init();
	apikey_key_cache_init();
	apikey_master_key_init();
	apikey_fernet_key_init();
	apikey_data_key_create_init();
	apikey_key_limit_init();
	apikey_plain_table_init();
	apikey_key_usage_init();
	apikey_drop_guard_init();
	apikey_has_identity_init();
	apikey_setting_guard_init();
	apikey_status_init();
	apikey_distribution_init();
	MarkGUCPrefixReserved("apikey");
	if (process_shared_preload_libraries_in_progress)
		apikey_keys_warm_up();
}
