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
#include "store/key_lookup.h"
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

/*
 * The columns that are not NULL and are needed to decrypt the value.  Everything is
 * copied.
 */
static void
read_sealed(const ApikeyKeyColumns *columns, ApikeyKeyRow *key)
{
	const Datum *values = columns->values;

	memset(key, 0, sizeof(*key));
	key->user_id = TextDatumGetCString(values[APIKEY_KEY_USER_ID]);
	key->id = *DatumGetUUIDP(values[APIKEY_KEY_ID]);
	key->name = TextDatumGetCString(values[APIKEY_KEY_NAME]);
	key->key_type = TextDatumGetCString(values[APIKEY_KEY_TYPE]);
	key->envelope = DatumGetByteaPCopy(values[APIKEY_KEY_ENCRYPTED_VALUE]);
}

static void
read_columns(const ApikeyKeyColumns *columns, void *arg)
{
	ApikeyKeyRow *key = arg;
	const Datum *values = columns->values;

	read_sealed(columns, key);
	key->env_var = columns->nulls[APIKEY_KEY_ENV_VAR] ? NULL :
		TextDatumGetCString(values[APIKEY_KEY_ENV_VAR]);
	key->metadata = DatumGetJsonbPCopy(values[APIKEY_KEY_METADATA]);
	key->expires_at = columns->nulls[APIKEY_KEY_EXPIRES_AT] ? DT_NOEND :
		DatumGetTimestampTz(values[APIKEY_KEY_EXPIRES_AT]);
	key->disabled = DatumGetBool(values[APIKEY_KEY_IS_DISABLED]);
	key->deleted = DatumGetBool(values[APIKEY_KEY_IS_DELETED]);
	key->hint = TextDatumGetCString(values[APIKEY_KEY_HINT]);
}

static void
get_columns(HeapTuple tuple, TupleDesc desc, int count, ApikeyKeyColumns *columns)
{
	for (int i = 0; i < count; i++)
		columns->values[i] = heap_getattr(tuple, i + 1, desc, &columns->nulls[i]);
}

void
apikey_key_row_read_sealed(HeapTuple tuple, TupleDesc desc, ApikeyKeyRow *key)
{
	ApikeyKeyColumns columns;

	get_columns(tuple, desc, APIKEY_KEY_ENCRYPTED_VALUE + 1, &columns);
	read_sealed(&columns, key);
}

void
apikey_key_row_read(HeapTuple tuple, TupleDesc desc, ApikeyKeyRow *key)
{
	ApikeyKeyColumns columns;

	get_columns(tuple, desc, APIKEY_KEY_COLUMNS, &columns);
	read_columns(&columns, key);
}

static bool
find_by_statement(const ApikeyKeySelector *selector, bool for_update,
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
	return true;
}

/* Without a lock the row can be read from an index. */
static bool
find_row(const ApikeyKeySelector *selector, bool for_update, ApikeyKeyRow *key)
{
	int			found = for_update ? APIKEY_LOOKUP_IMPOSSIBLE :
	apikey_key_lookup(selector, 1, read_columns, key);

	if (found == APIKEY_LOOKUP_IMPOSSIBLE)
		return find_by_statement(selector, for_update, key);
	return found > 0;
}

bool
apikey_key_row_find(const ApikeyKeySelector *selector, bool for_update,
					ApikeyKeyRow *key)
{
	if (!find_row(selector, for_update, key))
		return false;
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

/* An array of rows that is being filled. */
typedef struct KeyRows
{
	ApikeyKeyRow *keys;
	int			count;
} KeyRows;

static void
add_undeleted(const ApikeyKeyColumns *columns, void *arg)
{
	KeyRows    *rows = arg;

	if (!DatumGetBool(columns->values[APIKEY_KEY_IS_DELETED]))
		read_columns(columns, &rows->keys[rows->count++]);
}

int
apikey_key_row_list_named(char *user_id, char **names, int count, ApikeyKeyRow **keys)
{
	ApikeyKeySelector *selectors = palloc(Max(count, 1) * sizeof(ApikeyKeySelector));
	KeyRows		rows = {.keys = palloc(Max(count, 1) * sizeof(ApikeyKeyRow))};

	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		selectors[i] = apikey_key_selector_named(user_id, names[i]);
	}
	if (apikey_key_lookup(selectors, count, add_undeleted, &rows) == APIKEY_LOOKUP_IMPOSSIBLE)
		return apikey_key_row_list(user_id, keys);
	*keys = rows.keys;
	return rows.count;
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
