/*-------------------------------------------------------------------------
 *
 * purge_key.c
 *		purge_key, purge_own_keys, purge_user and purge_deleted: remove rows
 *		for good.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "audit/audit.h"
#include "base/errors.h"
#include "exec/identity.h"
#include "exec/precondition.h"
#include "store/key_call.h"
#include "store/key_row.h"
#include "store/key_usage_row.h"
#include "validate/arguments.h"

PG_FUNCTION_INFO_V1(apikey_purge_key);
PG_FUNCTION_INFO_V1(apikey_purge_key_by_text);
PG_FUNCTION_INFO_V1(apikey_purge_own_keys);
PG_FUNCTION_INFO_V1(apikey_purge_user);
PG_FUNCTION_INFO_V1(apikey_purge_deleted);

static ApikeyStatement purge_one = {
	.sql = "DELETE FROM apikey.api_keys" APIKEY_KEY_ROW_WHERE,
	.arg_count = 2,
	.arg_types = {TEXTOID, UUIDOID}
};

static ApikeyStatement purge_all = {
	.sql = "DELETE FROM apikey.api_keys WHERE user_id OPERATOR(pg_catalog.=) $1",
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

static ApikeyStatement purge_old = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "DELETE FROM apikey.api_keys WHERE deleted_at"
	" OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) $1)",
	.across_users = true,
	.arg_count = 1,
	.arg_types = {INTERVALOID}
};

/*
 * apikey.purge_key(id) -> uuid
 */
static Datum
purge_key(FunctionCallInfo fcinfo, ApikeyKeySelector selector)
{
	ApikeyKeyRow *key = palloc(sizeof(ApikeyKeyRow));

	apikey_lock_for_write();
	apikey_key_row_get_deleted(&selector, "Call apikey.delete_key() first.", key);
	apikey_key_row_run(&purge_one, key);
	apikey_key_usage_row_remove(key);
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_purge_key(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_PURGE, apikey_key_selector_by_id,
						   purge_key, fcinfo);
}

Datum
apikey_purge_key_by_text(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_PURGE, apikey_key_selector_by_id_text,
						   purge_key, fcinfo);
}

static Datum
purge_keys_of(const char *user_id)
{
	Datum		args[1];
	int64		count;

	apikey_event_user(user_id);
	apikey_lock_for_write();
	args[0] = CStringGetTextDatum(user_id);
	count = apikey_statement_run(&purge_all, user_id, args, NULL, NULL);
	apikey_key_usage_rows_remove(user_id);
	apikey_event_count(count);
	PG_RETURN_INT64(count);
}

/*
 * apikey.purge_own_keys() -> bigint
 */
static Datum
purge_own_keys(PG_FUNCTION_ARGS)
{
	return purge_keys_of(apikey_require_identity());
}

Datum
apikey_purge_own_keys(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_PURGE, purge_own_keys, fcinfo);
}

/*
 * apikey.purge_user(user_id) -> bigint
 */
static Datum
purge_user(PG_FUNCTION_ARGS)
{
	apikey_refuse_restricted();
	return purge_keys_of(apikey_arg_user_id(fcinfo, 0, "user_id"));
}

Datum
apikey_purge_user(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_PURGE, purge_user, fcinfo);
}

/*
 * apikey.purge_deleted(older_than) -> bigint
 */
static Datum
purge_deleted(PG_FUNCTION_ARGS)
{
	Datum		args[1];
	int64		count;

	apikey_refuse_restricted();
	args[0] = IntervalPGetDatum(apikey_arg_age(fcinfo, 0, "older_than"));
	apikey_lock_for_write();
	count = apikey_statement_run(&purge_old, NULL, args, NULL, NULL);
	apikey_key_usage_rows_sweep();
	apikey_event_count(count);
	PG_RETURN_INT64(count);
}

Datum
apikey_purge_deleted(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_PURGE, purge_deleted, fcinfo);
}
