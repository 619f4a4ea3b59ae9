/*-------------------------------------------------------------------------
 *
 * key_row.c
 *		A row of apikey.api_keys: find it, lock it, list it; see key_row.h.
 *
 * Every statement has the condition user_id = $1 in addition to the policy:
 * either of them alone keeps the users apart.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "audit/event.h"
#include "base/errors.h"
#include "store/key_row.h"

#define SELECT_KEY \
	"SELECT " APIKEY_KEY_ROW_COLUMNS \
	" FROM apikey.api_keys WHERE user_id OPERATOR(pg_catalog.=) $1"
#define BY_NAME	" AND name OPERATOR(pg_catalog.=) $2 AND deleted_at IS NULL"
#define BY_ID	" AND id OPERATOR(pg_catalog.=) $2"

/* Indexed by: select by id, for update. */
static ApikeyStatement select_key[2][2] = {
	{
		{.sql = SELECT_KEY BY_NAME,.arg_count = 2,.arg_types = {TEXTOID, TEXTOID}},
		{.sql = SELECT_KEY BY_NAME " FOR UPDATE",.arg_count = 2,.arg_types = {TEXTOID, TEXTOID}}
	},
	{
		{.sql = SELECT_KEY BY_ID,.arg_count = 2,.arg_types = {TEXTOID, UUIDOID}},
		{.sql = SELECT_KEY BY_ID " FOR UPDATE",.arg_count = 2,.arg_types = {TEXTOID, UUIDOID}}
	}
};

static ApikeyStatement select_all = {
	.sql = SELECT_KEY " AND deleted_at IS NULL ORDER BY created_at DESC, id",
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

/* The columns, in the order of APIKEY_KEY_ROW_COLUMNS. */
enum
{
	USER_ID = 1,
	ID,
	NAME,
	KEY_TYPE,
	ENCRYPTED_VALUE,
	ENV_VAR,
	METADATA,
	EXPIRES_AT,
	IS_DISABLED,
	IS_DELETED,
	HINT
};

void
apikey_key_row_read_sealed(HeapTuple tuple, TupleDesc desc, ApikeyKeyRow *key)
{
	bool		is_null;		/* never */

	memset(key, 0, sizeof(*key));
	key->user_id = TextDatumGetCString(heap_getattr(tuple, USER_ID, desc, &is_null));
	key->id = *DatumGetUUIDP(heap_getattr(tuple, ID, desc, &is_null));
	key->name = TextDatumGetCString(heap_getattr(tuple, NAME, desc, &is_null));
	key->key_type = TextDatumGetCString(heap_getattr(tuple, KEY_TYPE, desc, &is_null));
	key->envelope = DatumGetByteaPP(heap_getattr(tuple, ENCRYPTED_VALUE, desc, &is_null));
}

void
apikey_key_row_read(HeapTuple tuple, TupleDesc desc, ApikeyKeyRow *key)
{
	bool		is_null;
	Datum		value;

	apikey_key_row_read_sealed(tuple, desc, key);
	if (desc->natts == ENCRYPTED_VALUE)
		return;
	value = heap_getattr(tuple, ENV_VAR, desc, &is_null);
	key->env_var = is_null ? NULL : TextDatumGetCString(value);
	key->metadata = DatumGetJsonbP(heap_getattr(tuple, METADATA, desc, &is_null));
	value = heap_getattr(tuple, EXPIRES_AT, desc, &is_null);
	key->expires_at = is_null ? DT_NOEND : DatumGetTimestampTz(value);
	key->disabled = DatumGetBool(heap_getattr(tuple, IS_DISABLED, desc, &is_null));
	key->deleted = DatumGetBool(heap_getattr(tuple, IS_DELETED, desc, &is_null));
	key->hint = TextDatumGetCString(heap_getattr(tuple, HINT, desc, &is_null));
}

bool
apikey_key_row_find(const ApikeyKeySelector *selector, bool for_update,
					ApikeyKeyRow *key)
{
	bool		by_id = selector->name == NULL;
	ApikeyRows	rows;
	Datum		args[2];

	args[0] = CStringGetTextDatum(selector->user_id);
	args[1] = by_id ? UUIDPGetDatum(&selector->id) :
		CStringGetTextDatum(selector->name);
	apikey_statement_run(&select_key[by_id][for_update], selector->user_id, args, NULL, &rows);
	if (rows.count == 0)
		return false;
	apikey_key_row_read(rows.tuples[0], rows.desc, key);
	apikey_event_key(&key->id, key->name, key->key_type);
	return true;
}

void
apikey_key_row_get(const ApikeyKeySelector *selector, bool for_update,
				   ApikeyKeyRow *key)
{
	if (!apikey_key_row_find(selector, for_update, key))
		apikey_key_selector_raise_missing(selector, false);
	if (key->deleted)
		apikey_key_selector_raise_missing(selector, true);
}

void
apikey_key_row_get_deleted(const ApikeyKeySelector *selector, const char *hint,
						   ApikeyKeyRow *key)
{
	if (!apikey_key_row_find(selector, true, key))
		apikey_key_selector_raise_missing(selector, false);
	if (!key->deleted)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("API key \"%s\" has not been deleted", key->name),
				 errhint("%s", hint),
				 apikey_err_argument(selector->argument)));
}

void
apikey_key_row_run(ApikeyStatement *statement, const ApikeyKeyRow *key)
{
	Datum		args[2];

	args[0] = CStringGetTextDatum(key->user_id);
	args[1] = UUIDPGetDatum(&key->id);
	apikey_statement_run(statement, key->user_id, args, NULL, NULL);
}

int
apikey_key_row_list(const char *user_id, ApikeyKeyRow **keys)
{
	ApikeyRows	rows;
	Datum		args[1];

	args[0] = CStringGetTextDatum(user_id);
	apikey_statement_run(&select_all, user_id, args, NULL, &rows);
	*keys = palloc(Max(rows.count, 1) * sizeof(ApikeyKeyRow));
	for (uint64 i = 0; i < rows.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		apikey_key_row_read(rows.tuples[i], rows.desc, &(*keys)[i]);
	}
	return (int) rows.count;
}

bool
apikey_key_row_is_expired(const ApikeyKeyRow *key)
{
	return key->expires_at != DT_NOEND &&
		key->expires_at <= GetCurrentTimestamp();
}

bool
apikey_key_row_is_usable(const ApikeyKeyRow *key)
{
	return !key->deleted && !key->disabled && !apikey_key_row_is_expired(key);
}

void
apikey_key_row_require_usable(const ApikeyKeyRow *key,
							  const char *argument)
{
	if (apikey_key_row_is_usable(key))
		return;
	if (key->disabled)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_NOT_USABLE),
				 errmsg("API key \"%s\" is disabled", key->name),
				 errhint("Call apikey.enable_key() to enable it."),
				 apikey_err_argument(argument)));
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_NOT_USABLE),
			 errmsg("API key \"%s\" has expired", key->name),
			 errdetail("It expired at %s.", timestamptz_to_str(key->expires_at)),
			 errhint("Give it a new value and a new expiry with apikey.update_key()."),
			 apikey_err_argument(argument)));
}

void
apikey_key_row_warn_unusable(const ApikeyKeyRow *key)
{
	if (key->disabled)
		ereport(WARNING,
				(errcode(ERRCODE_APIKEY_NOT_USABLE),
				 errmsg("API key \"%s\" is still disabled", key->name),
				 errhint("To use it, call apikey.enable_key().")));
	else if (apikey_key_row_is_expired(key))
		ereport(WARNING,
				(errcode(ERRCODE_APIKEY_NOT_USABLE),
				 errmsg("API key \"%s\" has expired", key->name),
				 errdetail("It expired at %s.", timestamptz_to_str(key->expires_at)),
				 errhint("To use it, give it a new expiry with apikey.update_key().")));
}
