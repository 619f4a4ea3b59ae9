/*-------------------------------------------------------------------------
 *
 * create_key.c
 *		create_key, set_key and create_key_for.
 *
 * The order matters: first, the arguments are validated; then api_keys is locked
 * (retire_data_key waits for that lock); then the user is looked up in a linked
 * users table, and the user's keys are counted; then the data key is chosen and
 * the value encrypted.  The value is not copied: it is read from the argument
 * itself.
 * The order of all locks: doc/design.md, "Locks".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "audit/audit.h"
#include "base/counter.h"
#include "base/errors.h"
#include "base/random.h"
#include "exec/identity.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "functions/key_functions.h"
#include "redact/secret.h"
#include "store/key_limit.h"
#include "store/key_update.h"
#include "store/user_lookup.h"
#include "validate/arguments.h"
#include "validate/value.h"
#include "validate/value_characters.h"

PG_FUNCTION_INFO_V1(apikey_create_key);
PG_FUNCTION_INFO_V1(apikey_set_key);
PG_FUNCTION_INFO_V1(apikey_create_key_for);

/* A key to be stored, as given by the arguments. */
typedef struct NewKey
{
	char	   *user_id;
	pg_uuid_t	id;
	char	   *key_type;
	ApikeyKeyUpdate content;	/* name, value and options */
	Datum		created_at;
	Datum		updated_at;
	Datum		deleted_at;
	bool		has_created_at;
	bool		has_updated_at;
	bool		has_deleted_at;
} NewKey;

#define INSERT_KEY_TYPES \
	{TEXTOID, UUIDOID, TEXTOID, TEXTOID, APIKEY_ENCRYPTED, TEXTOID, BYTEAOID, \
	TIMESTAMPTZOID, JSONBOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID}
#define INSERT_KEY \
	"INSERT INTO apikey.api_keys (user_id, id, name, key_type," \
	" encrypted_value, hint, fingerprint, expires_at, metadata, env_var," \
	" created_at, updated_at, deleted_at)" \
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8," \
	" COALESCE($9, '{}'::pg_catalog.jsonb), $10, $11, $12, $13)"

static ApikeyStatement insert_key = {
	.sql = INSERT_KEY,
	.arg_count = 13,
	.arg_types = INSERT_KEY_TYPES
};

/* It costs more: PostgreSQL looks into each unique index twice. */
static ApikeyStatement insert_unless_in_use = {
	.sql = INSERT_KEY " ON CONFLICT DO NOTHING",
	.arg_count = 13,
	.arg_types = INSERT_KEY_TYPES
};

/* The arguments key_type and value, validated. */
static void
read_value(FunctionCallInfo fcinfo, int arg, bool check_format, NewKey *key)
{
	const ApikeyKeyType *type = apikey_arg_key_type(fcinfo, arg);

	key->key_type = type->name;
	apikey_event_key(NULL, NULL, type->name);
	apikey_value_read(fcinfo, arg + 1, type, &key->content.value,
					  &key->content.value_len);
	apikey_value_require_valid(type, key->content.value, key->content.value_len,
							   "value", check_format);
}

/* Arguments from number arg: name, key_type, value, expires_at, metadata, env_var. */
static void
read_new_key(FunctionCallInfo fcinfo, int arg, bool check_format,
			 bool past_expiry, NewKey *key)
{
	apikey_arg_require(fcinfo, arg, "name", "key name", NULL);
	key->content.name = apikey_arg_name(PG_GETARG_TEXT_PP(arg), "name");
	apikey_event_key(NULL, key->content.name, NULL);
	read_value(fcinfo, arg + 1, check_format, key);
	apikey_key_update_read_options(fcinfo, arg + 3, "", past_expiry, &key->content);
}

static void
fill_row(const NewKey *key, const ApikeySealedValue *sealed, Datum *args, bool *nulls)
{
	const ApikeyKeyUpdate *content = &key->content;

	args[0] = CStringGetTextDatum(key->user_id);
	args[1] = UUIDPGetDatum(&key->id);
	args[2] = CStringGetTextDatum(content->name);
	args[3] = CStringGetTextDatum(key->key_type);
	args[4] = PointerGetDatum(sealed->envelope);
	args[5] = PointerGetDatum(sealed->hint);
	args[6] = PointerGetDatum(sealed->fingerprint);
	args[7] = TimestampTzGetDatum(content->expires_at);
	nulls[7] = !content->sets_expiry || content->expires_at == DT_NOEND;
	args[8] = JsonbPGetDatum(content->metadata);
	nulls[8] = content->metadata == NULL;
	args[9] = apikey_optional_text(content->env_var, &nulls[9]);
	args[10] = key->has_created_at ? key->created_at :
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	args[11] = key->has_updated_at ? key->updated_at : args[10];
	args[12] = key->deleted_at;
	nulls[12] = !key->has_deleted_at;
}

/* What comes before the row is inserted. */
static void
prepare_row(NewKey *key, Datum *args, bool *nulls)
{
	ApikeySealedValue sealed;

	apikey_event_key(&key->id, NULL, NULL);
	apikey_lock_for_write();
	apikey_user_lookup_require(key->user_id, "user_id");
	if (!key->has_deleted_at)
		apikey_key_limit_require_room(key->user_id, 1);
	apikey_key_value_seal(key->user_id, &key->id, key->key_type, key->content.name,
						  key->content.value, key->content.value_len, &sealed);
	fill_row(key, &sealed, args, nulls);
}

/* Store a key with a new id; 23505 if its name is already in use. */
static void
store_new_key(NewKey *key)
{
	bool		nulls[13] = {false};
	Datum		args[13];

	prepare_row(key, args, nulls);
	apikey_key_update_run(&insert_key, key->user_id, args, nulls, key->content.name, "name");
	apikey_count(APIKEY_COUNT_CREATES);
}

/* Store a key; false if its name or id is already in use. */
static bool
store_key(NewKey *key)
{
	bool		nulls[13] = {false};
	Datum		args[13];

	prepare_row(key, args, nulls);
	if (apikey_statement_run(&insert_unless_in_use, key->user_id, args, nulls, NULL) == 0)
		return false;
	apikey_count(APIKEY_COUNT_CREATES);
	return true;
}

/*
 * apikey.create_key(name, key_type, value, expires_at, metadata, env_var,
 * check_format) -> uuid
 */
static Datum
create_key(PG_FUNCTION_ARGS)
{
	NewKey	   *key = palloc0(sizeof(NewKey));

	apikey_secret_received(fcinfo, 2, "value");
	key->user_id = apikey_require_identity();
	apikey_event_user(key->user_id);
	read_new_key(fcinfo, 0, apikey_arg_check_format(fcinfo, 6), false, key);
	apikey_random_uuid(key->id.data);
	store_new_key(key);
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_create_key(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_CREATE, create_key, fcinfo);
}

/* Raise 23505 for whichever is in use, the id or the name. */
pg_noreturn static void
raise_in_use(const NewKey *key)
{
	ApikeyKeySelector selector = {.user_id = key->user_id,.id = key->id};
	ApikeyKeyRow stored;

	if (apikey_key_row_find(&selector, false, &stored))
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("id is already in use"),
				 errdetail("The user already has an API key with that id."),
				 errhint("Omit the id to have a new one generated."),
				 apikey_err_argument("id")));
	apikey_key_update_raise_name_taken(key->content.name, "name");
}

/* The optional argument "id"; a random one if it is NULL. */
static void
read_id(FunctionCallInfo fcinfo, int arg, NewKey *key)
{
	if (PG_ARGISNULL(arg))
		apikey_random_uuid(key->id.data);
	else
		key->id = *PG_GETARG_UUID_P(arg);
}

static Datum
create_key_with_id(PG_FUNCTION_ARGS)
{
	NewKey	   *key = palloc0(sizeof(NewKey));

	apikey_secret_received(fcinfo, 2, "value");
	key->user_id = apikey_require_identity();
	apikey_event_user(key->user_id);
	read_new_key(fcinfo, 0, apikey_arg_check_format(fcinfo, 6), false, key);
	read_id(fcinfo, 7, key);
	if (!store_key(key))
		raise_in_use(key);
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_create_key_with_id(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_CREATE, create_key_with_id, fcinfo);
}

/* Update the selected key; false if there is none. */
static bool
replace_key(NewKey *key, const ApikeyKeySelector *selector)
{
	ApikeyKeyRow stored;

	if (!apikey_key_row_find(selector, true, &stored))
		return false;
	if (stored.deleted)
		apikey_key_selector_raise_missing(selector, true);
	if (strcmp(stored.key_type, key->key_type) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("API key \"%s\" is of type \"%s\"", stored.name,
						stored.key_type),
				 errhint("Choose another name for a key of type \"%s\".",
						 key->key_type),
				 apikey_err_argument("key_type")));
	key->id = stored.id;
	key->content.name = NULL;
	apikey_key_update_require_effect(&stored, &key->content, "", selector->argument);
	apikey_key_update_apply(&stored, &key->content, "name");
	return true;
}

/*
 * apikey.set_key(name, key_type, value, expires_at, metadata, env_var, clear,
 * check_format) -> uuid
 *
 * If another session creates a key with the name before our insert, the second
 * attempt to replace it finds that key.
 */
static Datum
set_key(PG_FUNCTION_ARGS)
{
	NewKey	   *key = palloc0(sizeof(NewKey));
	ApikeyKeySelector selector;

	apikey_secret_received(fcinfo, 2, "value");
	selector = apikey_key_selector_by_text(fcinfo);
	key->user_id = selector.user_id;
	read_value(fcinfo, 1, apikey_arg_check_format(fcinfo, 7), key);
	apikey_key_update_read_options(fcinfo, 3, "", false, &key->content);
	apikey_key_update_read_clear(fcinfo, 6, &key->content);
	apikey_lock_for_write();
	if (replace_key(key, &selector))
		PG_RETURN_UUID_P(&key->id);
	if (selector.name == NULL)
		apikey_key_selector_raise_missing(&selector, false);
	key->content.name = apikey_arg_name(PG_GETARG_TEXT_PP(0), "name");
	apikey_random_uuid(key->id.data);
	if (!store_key(key) && !replace_key(key, &selector))
		apikey_key_update_raise_name_taken(selector.name, "name");
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_set_key(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_SET, set_key, fcinfo);
}

/* An optional timestamp argument, which must be in the past. */
static bool
read_time(FunctionCallInfo fcinfo, int arg, const char *argument, Datum *value)
{
	if (PG_ARGISNULL(arg))
		return false;
	apikey_arg_past(PG_GETARG_TIMESTAMPTZ(arg), argument);
	*value = PG_GETARG_DATUM(arg);
	return true;
}

/*
 * apikey.create_key_for(user_id, name, key_type, value, expires_at, metadata,
 * env_var, id, created_at, updated_at, deleted_at, check_format) -> uuid
 */
static Datum
create_key_for(PG_FUNCTION_ARGS)
{
	NewKey	   *key = palloc0(sizeof(NewKey));

	apikey_secret_received(fcinfo, 3, "value");
	apikey_refuse_restricted();
	key->user_id = apikey_arg_user_id(fcinfo, 0, "user_id");
	apikey_event_user(key->user_id);
	key->has_created_at = read_time(fcinfo, 8, "created_at", &key->created_at);
	key->has_updated_at = read_time(fcinfo, 9, "updated_at", &key->updated_at);
	key->has_deleted_at = read_time(fcinfo, 10, "deleted_at", &key->deleted_at);
	read_new_key(fcinfo, 1, apikey_arg_check_format(fcinfo, 11),
				 key->has_created_at, key);
	read_id(fcinfo, 7, key);
	if (!store_key(key))
		raise_in_use(key);
	PG_RETURN_UUID_P(&key->id);
}

Datum
apikey_create_key_for(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_CREATE, create_key_for, fcinfo);
}
