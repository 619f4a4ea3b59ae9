/*-------------------------------------------------------------------------
 *
 * delete_key.c
 *		delete_key and restore_key, for the caller and (..._for) for a user
 *		whom an administrator names.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "exec/precondition.h"
#include "store/key_call.h"
#include "store/key_limit.h"
#include "store/key_update.h"
#include "store/user_lookup.h"
#include "validate/arguments.h"

PG_FUNCTION_INFO_V1(apikey_delete_key);
PG_FUNCTION_INFO_V1(apikey_delete_key_by_id);
PG_FUNCTION_INFO_V1(apikey_delete_key_for);
PG_FUNCTION_INFO_V1(apikey_restore_key);
PG_FUNCTION_INFO_V1(apikey_restore_key_by_text);
PG_FUNCTION_INFO_V1(apikey_restore_key_for);

static ApikeyStatement mark_deleted = {
	.sql = "UPDATE apikey.api_keys SET deleted_at = pg_catalog.now(),"
	" updated_at = pg_catalog.now()" APIKEY_KEY_ROW_WHERE,
	.arg_count = 2,
	.arg_types = {TEXTOID, UUIDOID}
};

/*
 * apikey.delete_key(name or id) -> uuid
 * apikey.delete_key_for(user_id, id) -> uuid
 */
static Datum
delete_key(FunctionCallInfo fcinfo, ApikeyKeySelector selector)
{
	ApikeyKeyRow *key = palloc(sizeof(ApikeyKeyRow));

	apikey_lock_for_write();
	apikey_key_row_get(&selector, true, key);
	apikey_key_row_run(&mark_deleted, key);
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_delete_key(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_DELETE, apikey_key_selector_by_text,
						   delete_key, fcinfo);
}

Datum
apikey_delete_key_by_id(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_DELETE, apikey_key_selector_by_id,
						   delete_key, fcinfo);
}

Datum
apikey_delete_key_for(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_DELETE, apikey_key_selector_of_user,
						   delete_key, fcinfo);
}

/*
 * apikey.restore_key(id, new_name) -> uuid
 * apikey.restore_key_for(user_id, id, new_name) -> uuid
 *
 * As for a new key, the user must exist in a linked users table.  The key comes
 * back as it was, disabled or expired too.
 */
static Datum
restore_key(FunctionCallInfo fcinfo, ApikeyKeySelector selector)
{
	int			name_arg = selector.by_admin ? 2 : 1;
	ApikeyKeyRow *key = palloc(sizeof(ApikeyKeyRow));
	ApikeyKeyUpdate change = {0};

	if (!PG_ARGISNULL(name_arg))
		change.name = apikey_arg_name(PG_GETARG_TEXT_PP(name_arg), "new_name");
	apikey_lock_for_write();
	apikey_user_lookup_require(selector.user_id, "user_id");
	apikey_key_row_get_deleted(&selector, "Only a deleted key can be restored.", key);
	apikey_key_limit_require_room(selector.user_id, 1);
	apikey_key_update_apply(key, &change, "new_name");
	apikey_key_row_warn_unusable(key);
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_restore_key(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_RESTORE, apikey_key_selector_by_id,
						   restore_key, fcinfo);
}

Datum
apikey_restore_key_by_text(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_RESTORE, apikey_key_selector_by_id_text,
						   restore_key, fcinfo);
}

Datum
apikey_restore_key_for(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_RESTORE, apikey_key_selector_of_user,
						   restore_key, fcinfo);
}
