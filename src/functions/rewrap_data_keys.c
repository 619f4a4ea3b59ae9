/*-------------------------------------------------------------------------
 *
 * rewrap_data_keys.c
 *		rewrap_data_keys: wrap every data key with the primary master key.
 *
 * Values are not touched, so this takes milliseconds no matter how many there
 * are.  The lock on data_keys waits for transactions that are creating a data
 * key, perhaps with an older master key, and does not block readers.  A raw data
 * key exists only on the stack of rewrap(), and nothing raises an error while it
 * does.
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

#include "compat.h"
#include "audit/audit.h"
#include "base/errors.h"
#include "base/random.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "keys/data_key.h"
#include "keys/master_key.h"

PG_FUNCTION_INFO_V1(apikey_rewrap_data_keys);

static ApikeyStatement select_live = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT id, purpose, wrapped_key FROM apikey.data_keys"
	" WHERE destroyed_at IS NULL ORDER BY created_at, id",
	.snapshot = APIKEY_SNAPSHOT_LATEST
};

static ApikeyStatement update_wrap = {
	.role = APIKEY_AS_OWNER,
	.sql = "UPDATE apikey.data_keys SET wrapped_key = $2, lost_at = NULL"
	" WHERE id OPERATOR(pg_catalog.=) $1",
	.arg_count = 2,
	.arg_types = {UUIDOID, BYTEAOID}
};

/* Unwrap a data key and wrap it with the primary master key. */
static bytea *
rewrap(const pg_uuid_t *id, const char *purpose, const bytea *old)
{
	const ApikeyMasterKeys *masters = apikey_master_keys();
	const uint8_t *wrapped = (const uint8_t *) VARDATA_ANY(old);
	size_t		len = VARSIZE_ANY_EXHDR(old);
	bytea	   *result = palloc(VARHDRSZ + APIKEY_WRAPPED_SIZE);
	uint8_t		random[APIKEY_XAES_NONCE_SIZE];
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE];
	uint8_t		raw[APIKEY_KEY_SIZE];
	const ApikeyMasterKey *master;
	ApikeyResult done;

	SET_VARSIZE(result, VARHDRSZ + APIKEY_WRAPPED_SIZE);
	apikey_random(random, sizeof(random));
	master = apikey_master_keys_find(masters, apikey_wrap_master_id(wrapped, len));
	done = apikey_data_key_unwrap(master, id->data, purpose, wrapped, len, raw);
	if (done == APIKEY_OK)
		done = apikey_wrap_nonce(masters->keys[0], id->data, purpose, random, raw,
								 nonce);
	if (done == APIKEY_OK)
		done = apikey_data_key_wrap(masters->keys[0], id->data, purpose, nonce,
									raw, (uint8_t *) VARDATA(result));
	explicit_bzero(raw, sizeof(raw));
	if (done != APIKEY_OK)
		apikey_raise_libcrypto();
	return result;
}

/*
 * Rewrap one row of select_live, unless it is wrapped with the primary master
 * key, or lost.  A mark as lost is removed if the data key can be unwrapped.
 * KA002 or KA003 if one without that mark cannot be.
 */
static bool
rewrap_row(const ApikeyRows *rows, uint64 row)
{
	bool		is_null;
	pg_uuid_t  *id = DatumGetUUIDP(apikey_rows_get(rows, row, 1, &is_null));
	char	   *purpose = TextDatumGetCString(apikey_rows_get(rows, row, 2, &is_null));
	bytea	   *old = DatumGetByteaPP(apikey_rows_get(rows, row, 3, &is_null));
	const ApikeyDataKey *key;
	const uint8_t *master_id;
	Datum		args[2];

	if (apikey_data_key_lookup(id->data, purpose, &key) == APIKEY_DATA_KEY_LOST)
		return false;
	/* Checked even if it can stay as it is. */
	(void) apikey_data_key_require(id->data, purpose);
	master_id = apikey_wrap_master_id((const uint8_t *) VARDATA_ANY(old),
									  VARSIZE_ANY_EXHDR(old));
	if (memcmp(master_id, apikey_master_keys()->keys[0]->id,
			   APIKEY_MASTER_ID_SIZE) == 0 &&
		!apikey_data_key_is_lost(id->data))
		return false;
	args[0] = UUIDPGetDatum(id);
	args[1] = PointerGetDatum(rewrap(id, purpose, old));
	if (apikey_statement_run(&update_wrap, NULL, args, NULL, NULL) != 1)
		apikey_raise_old_snapshot();
	return true;
}

/*
 * apikey.rewrap_data_keys() -> bigint
 */
static Datum
rewrap_data_keys(PG_FUNCTION_ARGS)
{
	int64		count = 0;
	ApikeyRows	rows;

	apikey_refuse_restricted();
	apikey_refuse_read_only("a change of data keys");
	apikey_master_keys_reread();
	(void) apikey_master_keys();
	LockRelationOid(apikey_table_oid("data_keys"), ShareRowExclusiveLock);
	/* So that the rows that are checked are those that are written. */
	apikey_data_key_reload();
	apikey_statement_run(&select_live, NULL, NULL, NULL, &rows);
	for (uint64 i = 0; i < rows.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		count += rewrap_row(&rows, i);
	}
	apikey_event_count(count);
	PG_RETURN_INT64(count);
}

Datum
apikey_rewrap_data_keys(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_REWRAP, rewrap_data_keys, fcinfo);
}
