/*-------------------------------------------------------------------------
 *
 * abandon_data_keys.c
 *		abandon_lost_data_keys: start over after the loss of a master key.
 *
 * While no data key can be unwrapped, nothing new is stored: the master key
 * might only be the wrong one.  Here an administrator declares that it is lost.
 * The data keys that cannot be unwrapped are marked and deactivated, so that the
 * next value is encrypted with a new one, and they no longer stop what needs all
 * data keys.  Nothing is destroyed: rewrap_data_keys() removes the mark of one
 * that can be unwrapped again.
 *
 * The locks are those of a rotation, so that retire_data_key() waits for it; the
 * one on data_keys keeps others from making or rewrapping a data key meanwhile.
 * The order of all locks: doc/design.md, "Locks".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "audit/audit.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "keys/data_key.h"
#include "keys/master_key.h"

PG_FUNCTION_INFO_V1(apikey_abandon_lost_data_keys);
PG_FUNCTION_INFO_V1(apikey_is_lost);

static ApikeyStatement select_unmarked = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT id, purpose FROM apikey.data_keys"
	" WHERE destroyed_at IS NULL AND lost_at IS NULL",
	.snapshot = APIKEY_SNAPSHOT_LATEST
};

static ApikeyStatement mark_lost = {
	.role = APIKEY_AS_OWNER,
	.sql = "UPDATE apikey.data_keys SET lost_at = pg_catalog.clock_timestamp(),"
	" deactivated_at = COALESCE(deactivated_at, pg_catalog.clock_timestamp())"
	" WHERE id OPERATOR(pg_catalog.=) $1",
	.arg_count = 1,
	.arg_types = {UUIDOID}
};

/* Mark one row of select_unmarked, if it cannot be unwrapped. */
static bool
abandon_row(const ApikeyRows *rows, uint64 row)
{
	bool		is_null;		/* never */
	pg_uuid_t  *id = DatumGetUUIDP(apikey_rows_get(rows, row, 1, &is_null));
	char	   *purpose = TextDatumGetCString(apikey_rows_get(rows, row, 2, &is_null));
	Datum		arg = UUIDPGetDatum(id);
	const ApikeyDataKey *key;

	switch (apikey_data_key_lookup(id->data, purpose, &key))
	{
		case APIKEY_DATA_KEY_FOREIGN:
		case APIKEY_DATA_KEY_DAMAGED:
			break;
		default:
			return false;
	}
	if (apikey_statement_run(&mark_lost, NULL, &arg, NULL, NULL) != 1)
		apikey_raise_old_snapshot();
	return true;
}

/*
 * apikey.abandon_lost_data_keys() -> bigint
 */
static Datum
abandon_lost_data_keys(PG_FUNCTION_ARGS)
{
	int64		count = 0;
	ApikeyRows	rows;

	apikey_refuse_restricted();
	apikey_lock_for_write();
	/* The source as it is now decides what is lost. */
	apikey_master_keys_reread();
	(void) apikey_master_keys();
	LockRelationOid(apikey_table_oid("data_keys"), ShareRowExclusiveLock);
	apikey_data_key_reload();
	apikey_statement_run(&select_unmarked, NULL, NULL, NULL, &rows);
	for (uint64 i = 0; i < rows.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		count += abandon_row(&rows, i);
	}
	apikey_event_count(count);
	PG_RETURN_INT64(count);
}

Datum
apikey_abandon_lost_data_keys(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_ABANDON, abandon_lost_data_keys, fcinfo);
}

/*
 * apikey.is_lost(data_key_id) -> boolean
 */
Datum
apikey_is_lost(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(apikey_data_key_is_lost(PG_GETARG_UUID_P(0)->data));
}
