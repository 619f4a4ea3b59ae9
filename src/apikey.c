/*-------------------------------------------------------------------------
 *
 * apikey.c
 *		The library: what is set up when a server process loads it.
 *
 * Nothing here reads a key.  When the postmaster preloads the library, an
 * env: source is taken out of its environment, so that no later look at it
 * (/proc, COPY FROM PROGRAM 'env') shows the key.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "exec/table_cache.h"
#include "functions/status.h"
#include "guc.h"
#include "keys/key_source.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	apikey_guc_init();
	apikey_table_cache_init();
	apikey_status_init();
	if (process_shared_preload_libraries_in_progress)
	{
		apikey_key_source_env_scrub(apikey_guc_master_key_source);
		apikey_key_source_env_scrub(apikey_guc_fernet_key_source);
	}
}
