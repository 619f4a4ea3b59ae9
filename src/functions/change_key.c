/*-------------------------------------------------------------------------
 *
 * change_key.c
 *		update_key, disable_key, enable_key, delete_key, restore_key and
 *		purge_..., for the caller and (..._for) for a named user.
 *
 * Each has one body, which takes the user and the selector of the key; what
 * SQL calls only finds these two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/errors.h"
#include "exec/identity.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "store/key_update.h"
#include "store/user_lookup.h"
#include "validate/arguments.h"
#include "validate/value.h"

PG_FUNCTION_INFO_V1(apikey_update_key);
PG_FUNCTION_INFO_V1(apikey_update_key_by_id);
PG_FUNCTION_INFO_V1(apikey_disable_key);
PG_FUNCTION_INFO_V1(apikey_disable_key_by_id);
PG_FUNCTION_INFO_V1(apikey_disable_key_for);
PG_FUNCTION_INFO_V1(apikey_enable_key);
PG_FUNCTION_INFO_V1(apikey_enable_key_by_id);
PG_FUNCTION_INFO_V1(apikey_enable_key_for);
PG_FUNCTION_INFO_V1(apikey_delete_key);
PG_FUNCTION_INFO_V1(apikey_delete_key_by_id);
PG_FUNCTION_INFO_V1(apikey_delete_key_for);
PG_FUNCTION_INFO_V1(apikey_restore_key);
PG_FUNCTION_INFO_V1(apikey_restore_key_by_text);
PG_FUNCTION_INFO_V1(apikey_restore_key_for);
PG_FUNCTION_INFO_V1(apikey_purge_key);
PG_FUNCTION_INFO_V1(apikey_purge_key_by_text);
PG_FUNCTION_INFO_V1(apikey_purge_own_keys);
PG_FUNCTION_INFO_V1(apikey_purge_user);

#define THE_KEY \
	" WHERE user_id OPERATOR(pg_catalog.=) $1 AND id OPERATOR(pg_catalog.=) $2"

static ApikeyStatement disable = {
	.sql = "UPDATE apikey.api_keys SET"
	" disabled_at = COALESCE(disabled_at, pg_catalog.now()),"
	" disabled_reason = COALESCE($3, disabled_reason),"
	" updated_at = pg_catalog.now()" THE_KEY,
	.arg_count = 3,
	.arg_types = {TEXTOID, UUIDOID, TEXTOID}
};

static ApikeyStatement enable = {
	.sql = "UPDATE apikey.api_keys SET disabled_at = NULL,"
	" disabled_reason = NULL, updated_at = pg_catalog.now()" THE_KEY,
	.arg_count = 2,
	.arg_types = {TEXTOID, UUIDOID}
};

static ApikeyStatement delete = {
	.sql = "UPDATE apikey.api_keys SET deleted_at = pg_catalog.now(),"
	" updated_at = pg_catalog.now()" THE_KEY,
	.arg_count = 2,
	.arg_types = {TEXTOID, UUIDOID}
};

static ApikeyStatement purge = {
	.sql = "DELETE FROM apikey.api_keys" THE_KEY,
	.arg_count = 2,
	.arg_types = {TEXTOID, UUIDOID}
};

static ApikeyStatement purge_user = {
	.sql = "DELETE FROM apikey.api_keys WHERE user_id OPERATOR(pg_catalog.=) $1",
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

/* The user that an administrator names in argument 0. */
static char *
named_user(FunctionCallInfo fcinfo)
{
	apikey_refuse_restricted();
	return apikey_arg_user_id(fcinfo, 0);
}

/* A named user's key, by the id in argument 1. */
static ApikeyKeySelector
select_for(FunctionCallInfo fcinfo)
{
	ApikeyKeySelector selector = apikey_key_selector_by_id(fcinfo, 1);

	selector.by_admin = true;
	return selector;
}

/* Run a statement on a key that is not deleted; reason may be absent. */
static Datum
run_on_key(ApikeyStatement *statement, const char *user_id,
		   ApikeyKeySelector selector, const text *reason)
{
	bool		nulls[3] = {false, false, reason == NULL};
	ApikeyKeyRow *key = palloc(sizeof(ApikeyKeyRow));
	Datum		args[3];

	apikey_lock_for_write();
	apikey_key_row_get(user_id, &selector, true, key);
	args[0] = CStringGetTextDatum(user_id);
	args[1] = UUIDPGetDatum(&key->id);
	args[2] = PointerGetDatum(reason);
	apikey_statement_run(statement, user_id, args, nulls, NULL);
	PG_RETURN_UUID_P(&key->id);
}

/* The new value of an update, judged by the key's type. */
static void
read_new_value(FunctionCallInfo fcinfo, int arg, const char *key_type,
			   ApikeyKeyUpdate *change)
{
	const ApikeyKeyType *type = apikey_key_type_find(key_type);
	text	   *value;

	if (PG_ARGISNULL(arg))
		return;
	if (type == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("key type \"%s\" no longer exists", key_type),
				 errhint("An administrator must add it to apikey.custom_key_types again."),
				 apikey_err_argument("new_value")));
	value = PG_GETARG_TEXT_PP(arg);
	change->value = VARDATA_ANY(value);
	change->value_len = VARSIZE_ANY_EXHDR(value);
	apikey_value_trim(&change->value, &change->value_len);
	apikey_value_require_valid(type, change->value, change->value_len, "new_value",
							   true);
}

/*
 * apikey.update_key(name or id, new_value, new_name, new_expires_at,
 * new_metadata, new_env_var)
 */
static Datum
update(FunctionCallInfo fcinfo, char *user_id, ApikeyKeySelector selector)
{
	ApikeyKeyRow *key = palloc(sizeof(ApikeyKeyRow));
	ApikeyKeyUpdate change = {0};

	apikey_lock_for_write();
	apikey_key_row_get(user_id, &selector, true, key);
	read_new_value(fcinfo, 1, key->key_type, &change);
	if (!PG_ARGISNULL(2))
		change.name = apikey_arg_name(PG_GETARG_TEXT_PP(2), "new_name");
	apikey_key_update_read_options(fcinfo, 3, "new_", false, &change);
	apikey_key_update_apply(key, &change, "new_name");
	PG_RETURN_UUID_P(&key->id);
}

static Datum
update_key(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return update(fcinfo, user_id, apikey_key_selector_by_text(fcinfo, 0));
}

Datum
apikey_update_key(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(update_key, fcinfo);
}

static Datum
update_key_by_id(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return update(fcinfo, user_id, apikey_key_selector_by_id(fcinfo, 0));
}

Datum
apikey_update_key_by_id(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(update_key_by_id, fcinfo);
}

/* The reason in argument arg, checked, or NULL. */
static const text *
read_reason(FunctionCallInfo fcinfo, int arg)
{
	const char *reason;

	if (PG_ARGISNULL(arg))
		return NULL;
	reason = apikey_arg_reason(PG_GETARG_TEXT_PP(arg));
	return *reason != '\0' ? cstring_to_text(reason) : NULL;
}

/*
 * apikey.disable_key(name or id, reason), disable_key_for(user_id, id, reason)
 */
Datum
apikey_disable_key(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return run_on_key(&disable, user_id, apikey_key_selector_by_text(fcinfo, 0),
					  read_reason(fcinfo, 1));
}

Datum
apikey_disable_key_by_id(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return run_on_key(&disable, user_id, apikey_key_selector_by_id(fcinfo, 0),
					  read_reason(fcinfo, 1));
}

Datum
apikey_disable_key_for(PG_FUNCTION_ARGS)
{
	char	   *user_id = named_user(fcinfo);

	return run_on_key(&disable, user_id, select_for(fcinfo),
					  read_reason(fcinfo, 2));
}

/*
 * apikey.enable_key(name or id), enable_key_for(user_id, id)
 */
Datum
apikey_enable_key(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return run_on_key(&enable, user_id, apikey_key_selector_by_text(fcinfo, 0), NULL);
}

Datum
apikey_enable_key_by_id(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return run_on_key(&enable, user_id, apikey_key_selector_by_id(fcinfo, 0), NULL);
}

Datum
apikey_enable_key_for(PG_FUNCTION_ARGS)
{
	char	   *user_id = named_user(fcinfo);

	return run_on_key(&enable, user_id, select_for(fcinfo), NULL);
}

/*
 * apikey.delete_key(name or id), delete_key_for(user_id, id)
 */
Datum
apikey_delete_key(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return run_on_key(&delete, user_id, apikey_key_selector_by_text(fcinfo, 0), NULL);
}

Datum
apikey_delete_key_by_id(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return run_on_key(&delete, user_id, apikey_key_selector_by_id(fcinfo, 0), NULL);
}

Datum
apikey_delete_key_for(PG_FUNCTION_ARGS)
{
	char	   *user_id = named_user(fcinfo);

	return run_on_key(&delete, user_id, select_for(fcinfo), NULL);
}

/* A deleted key, its row locked; 55000 for one that is not deleted. */
static void
get_deleted(const char *user_id, const ApikeyKeySelector *selector,
			const char *hint, ApikeyKeyRow *key)
{
	if (!apikey_key_row_find(user_id, selector, true, key))
		apikey_key_selector_raise_missing(selector, false);
	if (!key->deleted)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("API key \"%s\" has not been deleted", key->name),
				 errhint("%s", hint),
				 apikey_err_argument("id")));
}

/*
 * apikey.restore_key(id, new_name), restore_key_for(user_id, id, new_name)
 *
 * The key comes back to life, so its user must (still) be known.
 */
static Datum
restore(FunctionCallInfo fcinfo, char *user_id, ApikeyKeySelector selector,
		int name_arg)
{
	ApikeyKeyRow *key = palloc(sizeof(ApikeyKeyRow));
	ApikeyKeyUpdate change = {0};

	if (!PG_ARGISNULL(name_arg))
		change.name = apikey_arg_name(PG_GETARG_TEXT_PP(name_arg), "new_name");
	apikey_lock_for_write();
	apikey_user_lookup_require(user_id);
	get_deleted(user_id, &selector, "Only a deleted key can be restored.", key);
	apikey_key_update_apply(key, &change, "new_name");
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_restore_key(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return restore(fcinfo, user_id, apikey_key_selector_by_id(fcinfo, 0), 1);
}

Datum
apikey_restore_key_by_text(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return restore(fcinfo, user_id, apikey_key_selector_by_id_text(fcinfo, 0), 1);
}

Datum
apikey_restore_key_for(PG_FUNCTION_ARGS)
{
	char	   *user_id = named_user(fcinfo);

	return restore(fcinfo, user_id, select_for(fcinfo), 2);
}

/*
 * apikey.purge_key(id)
 */
static Datum
purge_one(char *user_id, ApikeyKeySelector selector)
{
	ApikeyKeyRow *key = palloc(sizeof(ApikeyKeyRow));
	Datum		args[2];

	apikey_lock_for_write();
	get_deleted(user_id, &selector, "Call apikey.delete_key() first.", key);
	args[0] = CStringGetTextDatum(user_id);
	args[1] = UUIDPGetDatum(&key->id);
	apikey_statement_run(&purge, user_id, args, NULL, NULL);
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_purge_key(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return purge_one(user_id, apikey_key_selector_by_id(fcinfo, 0));
}

Datum
apikey_purge_key_by_text(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return purge_one(user_id, apikey_key_selector_by_id_text(fcinfo, 0));
}

static Datum
purge_all_of(const char *user_id)
{
	Datum		args[1];

	apikey_lock_for_write();
	args[0] = CStringGetTextDatum(user_id);
	PG_RETURN_INT64((int64) apikey_statement_run(&purge_user, user_id, args, NULL, NULL));
}

/*
 * apikey.purge_own_keys(), purge_user(user_id)
 */
Datum
apikey_purge_own_keys(PG_FUNCTION_ARGS)
{
	return purge_all_of(apikey_require_identity());
}

Datum
apikey_purge_user(PG_FUNCTION_ARGS)
{
	return purge_all_of(named_user(fcinfo));
}
