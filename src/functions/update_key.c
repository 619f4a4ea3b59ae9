/*-------------------------------------------------------------------------
 *
 * update_key.c
 *		update_key: change the value, name, expiry, metadata or variable of a key.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/errors.h"
#include "exec/precondition.h"
#include "redact/secret.h"
#include "store/key_call.h"
#include "store/key_update.h"
#include "validate/arguments.h"
#include "validate/value.h"
#include "validate/value_characters.h"

PG_FUNCTION_INFO_V1(apikey_update_key);
PG_FUNCTION_INFO_V1(apikey_update_key_by_id);

/* The argument new_value, validated against the key's type. */
static void
read_new_value(FunctionCallInfo fcinfo, int arg, const char *key_type,
			   ApikeyKeyUpdate *change)
{
	const ApikeyKeyType *type = apikey_key_type_find(key_type);

	if (PG_ARGISNULL(arg))
		return;
	if (type == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("key type \"%s\" no longer exists", key_type),
				 errhint("An administrator must add it to apikey.custom_key_types again."),
				 apikey_err_argument("new_value")));
	apikey_value_read(fcinfo, arg, type, &change->value, &change->value_len);
	apikey_value_require_valid(type, change->value, change->value_len, "new_value",
							   apikey_arg_check_format(fcinfo, 7));
}

/*
 * apikey.update_key(name or id, new_value, new_name, new_expires_at,
 * new_metadata, new_env_var, clear, check_format) -> uuid
 */
static Datum
update_key(FunctionCallInfo fcinfo, ApikeyKeySelector selector)
{
	ApikeyKeyRow *key = palloc(sizeof(ApikeyKeyRow));
	ApikeyKeyUpdate change = {0};

	apikey_secret_received(fcinfo, 1, "new_value");
	apikey_lock_for_write();
	apikey_key_row_get(&selector, true, key);
	read_new_value(fcinfo, 1, key->key_type, &change);
	if (!PG_ARGISNULL(2))
		change.name = apikey_arg_name(PG_GETARG_TEXT_PP(2), "new_name");
	apikey_key_update_read_options(fcinfo, 3, "new_", false, &change);
	apikey_key_update_read_clear(fcinfo, 6, &change);
	apikey_key_update_require_effect(key, &change, "new_", selector.argument);
	apikey_key_update_apply(key, &change, "new_name");
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_update_key(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_UPDATE, apikey_key_selector_by_text,
						   update_key, fcinfo);
}

Datum
apikey_update_key_by_id(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_UPDATE, apikey_key_selector_by_id,
						   update_key, fcinfo);
}
