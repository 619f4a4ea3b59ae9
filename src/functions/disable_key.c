/*-------------------------------------------------------------------------
 *
 * disable_key.c
 *		disable_key and enable_key, for the caller and (..._for) for a user
 *		whom an administrator names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "exec/precondition.h"
#include "store/key_call.h"
#include "store/key_row.h"
#include "validate/arguments.h"

PG_FUNCTION_INFO_V1(apikey_disable_key);
PG_FUNCTION_INFO_V1(apikey_disable_key_by_id);
PG_FUNCTION_INFO_V1(apikey_disable_key_for);
PG_FUNCTION_INFO_V1(apikey_enable_key);
PG_FUNCTION_INFO_V1(apikey_enable_key_by_id);
PG_FUNCTION_INFO_V1(apikey_enable_key_for);

/*
 * A key that is already disabled keeps its time, and its reason if $3 is NULL.  The
 * time is a parameter, since a server to which the statement is sent would have a
 * now() of its own, and Citus cannot evaluate one within COALESCE.
 */
static ApikeyStatement disable = {
	.sql = "UPDATE apikey.api_keys SET"
	" disabled_at = COALESCE(disabled_at, $4),"
	" disabled_reason = COALESCE($3, disabled_reason),"
	" updated_at = $4" APIKEY_KEY_ROW_WHERE,
	.arg_count = 4,
	.arg_types = {TEXTOID, UUIDOID, TEXTOID, TIMESTAMPTZOID}
};

static ApikeyStatement enable = {
	.sql = "UPDATE apikey.api_keys SET disabled_at = NULL,"
	" disabled_reason = NULL, updated_at = pg_catalog.now()"
	APIKEY_KEY_ROW_WHERE,
	.arg_count = 2,
	.arg_types = {TEXTOID, UUIDOID}
};

/* The reason in argument arg, checked; sets *is_null if there is none. */
static Datum
read_reason(FunctionCallInfo fcinfo, int arg, bool *is_null)
{
	const char *reason = NULL;

	if (!PG_ARGISNULL(arg))
		reason = apikey_arg_reason(PG_GETARG_TEXT_PP(arg));
	return apikey_optional_text(reason, is_null);
}

/*
 * apikey.disable_key(name or id, reason) -> uuid
 * apikey.disable_key_for(user_id, id, reason) -> uuid
 */
static Datum
disable_key(FunctionCallInfo fcinfo, ApikeyKeySelector selector)
{
	bool		nulls[4] = {false};
	ApikeyKeyRow *key = palloc(sizeof(ApikeyKeyRow));
	Datum		args[4];

	args[2] = read_reason(fcinfo, selector.by_admin ? 2 : 1, &nulls[2]);
	apikey_lock_for_write();
	apikey_key_row_get(&selector, true, key);
	args[0] = CStringGetTextDatum(key->user_id);
	args[1] = UUIDPGetDatum(&key->id);
	args[3] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	apikey_statement_run(&disable, key->user_id, args, nulls, NULL);
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_disable_key(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_DISABLE, apikey_key_selector_by_text,
						   disable_key, fcinfo);
}

Datum
apikey_disable_key_by_id(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_DISABLE, apikey_key_selector_by_id,
						   disable_key, fcinfo);
}

Datum
apikey_disable_key_for(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_DISABLE, apikey_key_selector_of_user,
						   disable_key, fcinfo);
}

/*
 * apikey.enable_key(name or id) -> uuid
 * apikey.enable_key_for(user_id, id) -> uuid
 */
static Datum
enable_key(FunctionCallInfo fcinfo, ApikeyKeySelector selector)
{
	ApikeyKeyRow *key = palloc(sizeof(ApikeyKeyRow));

	apikey_lock_for_write();
	apikey_key_row_get(&selector, true, key);
	apikey_key_row_run(&enable, key);
	key->disabled = false;
	apikey_key_row_warn_unusable(key);
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_enable_key(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_ENABLE, apikey_key_selector_by_text,
						   enable_key, fcinfo);
}

Datum
apikey_enable_key_by_id(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_ENABLE, apikey_key_selector_by_id,
						   enable_key, fcinfo);
}

Datum
apikey_enable_key_for(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_ENABLE, apikey_key_selector_of_user,
						   enable_key, fcinfo);
}
