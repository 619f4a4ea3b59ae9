/*-------------------------------------------------------------------------
 *
 * key_value.c
 *		A row of apikey.api_keys: find it, open its value, seal a new one.
 *
 * Every statement carries user_id = $1 beside the policy, and every value is
 * bound to its row by the context it was sealed with: user id, id, type and
 * name.  An opened value lies in the text that is returned and nowhere else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "base/encoding.h"
#include "base/errors.h"
#include "base/random.h"
#include "core/envelope.h"
#include "exec/statement.h"
#include "validate/encrypted.h"
#include "store/key_value.h"
#include "validate/arguments.h"
#include "validate/key_type.h"
#include "validate/value.h"

/* A value's last characters are shown only if this many follow the prefix. */
#define HINT_MIN_BODY	16
#define HINT_TAIL		4
#define HINT_MAX_PREFIX	20		/* a longer prefix is cut */

#define SELECT_KEY \
	"SELECT id, name, key_type, encrypted_value, env_var, metadata," \
	" expires_at, disabled_at IS NOT NULL, deleted_at IS NOT NULL" \
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

/* As maintenance, since the row may be any user's. */
static ApikeyStatement select_current = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT FROM apikey.api_keys"
	" WHERE user_id OPERATOR(pg_catalog.=) $1 AND id OPERATOR(pg_catalog.=) $2"
	" AND apikey.data_key_id(encrypted_value) OPERATOR(pg_catalog.=) $3",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 3,
	.arg_types = {TEXTOID, UUIDOID, UUIDOID}
};

static void
require_key(FunctionCallInfo fcinfo, int arg, const char *argument)
{
	apikey_arg_require(fcinfo, arg, argument, "key name or id", NULL);
}

ApikeyKeySelector
apikey_key_selector_named(const char *name)
{
	ApikeyKeySelector selector = {.argument = "name"};

	if (!apikey_arg_is_uuid(name, selector.id.data))
		selector.name = pstrdup(name);
	return selector;
}

ApikeyKeySelector
apikey_key_selector_by_text(FunctionCallInfo fcinfo, int arg)
{
	require_key(fcinfo, arg, "name");
	return apikey_key_selector_named(text_to_cstring(PG_GETARG_TEXT_PP(arg)));
}

ApikeyKeySelector
apikey_key_selector_by_id(FunctionCallInfo fcinfo, int arg)
{
	ApikeyKeySelector selector = {.argument = "id"};

	require_key(fcinfo, arg, "id");
	selector.id = *PG_GETARG_UUID_P(arg);
	return selector;
}

ApikeyKeySelector
apikey_key_selector_by_id_text(FunctionCallInfo fcinfo, int arg)
{
	ApikeyKeySelector selector;

	require_key(fcinfo, arg, "id");
	selector = apikey_key_selector_by_text(fcinfo, arg);
	selector.argument = "id";
	if (selector.name != NULL)
		apikey_refuse_argument("id", "a deleted key is named by its id",
							   "Several deleted keys can have one name.",
							   "The view apikey.deleted_keys has the ids.");
	return selector;
}

static char *
text_or_null(const ApikeyRows *rows, uint64 row, int column)
{
	bool		is_null;
	Datum		value = apikey_rows_get(rows, row, column, &is_null);

	return is_null ? NULL : TextDatumGetCString(value);
}

/* Fill *key from a row. */
static void
read_key(const ApikeyRows *rows, uint64 row, const char *user_id,
		 ApikeyKeyRow *key)
{
	bool		is_null;
	Datum		expires_at;

	key->user_id = pstrdup(user_id);
	key->id = *DatumGetUUIDP(apikey_rows_get(rows, row, 1, &is_null));
	key->name = text_or_null(rows, row, 2);
	key->key_type = text_or_null(rows, row, 3);
	key->envelope = DatumGetByteaPP(apikey_rows_get(rows, row, 4, &is_null));
	key->env_var = text_or_null(rows, row, 5);
	key->metadata = DatumGetJsonbP(apikey_rows_get(rows, row, 6, &is_null));
	expires_at = apikey_rows_get(rows, row, 7, &is_null);
	key->expires_at = is_null ? DT_NOEND : DatumGetTimestampTz(expires_at);
	key->disabled = DatumGetBool(apikey_rows_get(rows, row, 8, &is_null));
	key->deleted = DatumGetBool(apikey_rows_get(rows, row, 9, &is_null));
}

bool
apikey_key_row_find(const char *user_id, const ApikeyKeySelector *selector,
					bool for_update, ApikeyKeyRow *key)
{
	bool		by_id = selector->name == NULL;
	ApikeyRows	rows;
	Datum		args[2];

	args[0] = CStringGetTextDatum(user_id);
	args[1] = by_id ? UUIDPGetDatum(&selector->id) :
		CStringGetTextDatum(selector->name);
	apikey_statement_run(&select_key[by_id][for_update], user_id, args, NULL, &rows);
	if (rows.count == 0)
		return false;
	read_key(&rows, 0, user_id, key);
	return true;
}

int
apikey_key_row_list(const char *user_id, ApikeyKeyRow **keys)
{
	ApikeyRows	rows;
	Datum		args[1];
	uint64		i;

	args[0] = CStringGetTextDatum(user_id);
	apikey_statement_run(&select_all, user_id, args, NULL, &rows);
	*keys = palloc0(Max(rows.count, 1) * sizeof(ApikeyKeyRow));
	for (i = 0; i < rows.count; i++)
		read_key(&rows, i, user_id, &(*keys)[i]);
	return (int) rows.count;
}

const char *
apikey_key_selector_text(const ApikeyKeySelector *selector)
{
	if (selector->name == NULL)
		return DatumGetCString(DirectFunctionCall1(uuid_out,
												   UUIDPGetDatum(&selector->id)));
	if (strlen(selector->name) > APIKEY_NAME_MAX ||
		apikey_has_control(selector->name, strlen(selector->name)) ||
		apikey_looks_like_key(selector->name, strlen(selector->name)))
		return "(not shown)";
	return selector->name;
}

/* Where whoever asked finds the key, or what brings it back. */
static const char *
no_such_key_hint(const ApikeyKeySelector *selector, bool is_deleted)
{
	if (is_deleted)
		return selector->by_admin ? "apikey.restore_key_for() brings it back." :
			"apikey.restore_key() brings it back.";
	return selector->by_admin ? "The view apikey.all_keys lists every user's keys." :
		"The views apikey.keys and apikey.deleted_keys list the user's keys.";
}

void
apikey_key_selector_raise_missing(const ApikeyKeySelector *selector, bool is_deleted)
{
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_NO_SUCH_KEY),
			 errmsg("API key \"%s\" does not exist", apikey_key_selector_text(selector)),
			 is_deleted ? errdetail("It has been deleted.") : 0,
			 errhint("%s", no_such_key_hint(selector, is_deleted)),
			 apikey_err_argument(selector->argument)));
}

void
apikey_key_row_get(const char *user_id, const ApikeyKeySelector *selector,
				   bool for_update, ApikeyKeyRow *key)
{
	if (!apikey_key_row_find(user_id, selector, for_update, key))
		apikey_key_selector_raise_missing(selector, false);
	if (key->deleted)
		apikey_key_selector_raise_missing(selector, true);
}

static bool
is_expired(const ApikeyKeyRow *key)
{
	return key->expires_at != DT_NOEND &&
		key->expires_at <= GetCurrentTimestamp();
}

bool
apikey_key_row_is_usable(const ApikeyKeyRow *key)
{
	return !key->deleted && !key->disabled && !is_expired(key);
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
				 errhint("apikey.enable_key() switches it on again."),
				 apikey_err_argument(argument)));
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_NOT_USABLE),
			 errmsg("API key \"%s\" has expired", key->name),
			 errdetail("It expired at %s.", timestamptz_to_str(key->expires_at)),
			 errhint("apikey.update_key() takes a new value and a new expiry."),
			 apikey_err_argument(argument)));
}

static ApikeySpan
utf8_span(const char *text)
{
	ApikeySpan	span;

	span.data = apikey_to_utf8(text, strlen(text), &span.len);
	return span;
}

/* What a value of the row is sealed with; freed by the caller. */
static void
make_context(ApikeyContext *context, const char *user_id, const pg_uuid_t *id,
			 const char *key_type, const char *name)
{
	if (!apikey_context_value(context, utf8_span(user_id), id->data,
							  utf8_span(key_type), utf8_span(name)))
		apikey_raise_libcrypto();
}

/* Open under a data key that is at hand; value has room. */
static ApikeyResult
open_into(const ApikeyKeyRow *key, const ApikeyDataKey *data_key, void *value)
{
	ApikeyContext context;
	ApikeyResult result;

	make_context(&context, key->user_id, &key->id, key->key_type, key->name);
	result = apikey_envelope_open(data_key, &context,
								  (uint8_t *) VARDATA_ANY(key->envelope),
								  VARSIZE_ANY_EXHDR(key->envelope), value);
	apikey_context_free(&context);
	return result;
}

static text *
new_text(const ApikeyKeyRow *key)
{
	size_t		size = VARHDRSZ + VARSIZE_ANY_EXHDR(key->envelope) -
	APIKEY_ENVELOPE_OVERHEAD;
	text	   *value = palloc(size);

	SET_VARSIZE(value, size);
	return value;
}

static bool
is_envelope(const ApikeyKeyRow *key)
{
	return apikey_envelope_is_valid((uint8_t *) VARDATA_ANY(key->envelope),
									VARSIZE_ANY_EXHDR(key->envelope));
}

static const uint8_t *
data_key_id_of(const ApikeyKeyRow *key)
{
	return apikey_envelope_data_key_id((uint8_t *) VARDATA_ANY(key->envelope));
}

bool
apikey_key_value_is_current(const ApikeyKeyRow *key)
{
	Datum		args[3];

	if (!is_envelope(key))
		return true;			/* damaged, whatever else was done */
	args[0] = CStringGetTextDatum(key->user_id);
	args[1] = UUIDPGetDatum(&key->id);
	args[2] = UUIDPGetDatum((const pg_uuid_t *) data_key_id_of(key));
	return apikey_statement_run(&select_current, NULL, args, NULL, NULL) > 0;
}

void
apikey_key_value_require_current(const ApikeyKeyRow *key)
{
	if (!apikey_key_value_is_current(key))
		apikey_raise_old_snapshot();
}

/* The data key of a row; KA001, KA002, KA003, and 40001 for an old version. */
static const ApikeyDataKey *
data_key_of(const ApikeyKeyRow *key)
{
	const ApikeyDataKey *data_key;
	ApikeyDataKeyState state = apikey_data_key_lookup(data_key_id_of(key),
													  APIKEY_PURPOSE_VALUE,
													  &data_key);

	if (state == APIKEY_DATA_KEY_OPEN)
		return data_key;
	if (state == APIKEY_DATA_KEY_DESTROYED)
		apikey_key_value_require_current(key);
	return apikey_data_key_get(data_key_id_of(key), APIKEY_PURPOSE_VALUE);
}

text *
apikey_key_value_open(const ApikeyKeyRow *key)
{
	const ApikeyDataKey *data_key;
	text	   *value;
	ApikeyResult result;

	apikey_encrypted_require_valid(key->envelope);
	data_key = data_key_of(key);
	value = new_text(key);
	result = open_into(key, data_key, VARDATA(value));
	if (result == APIKEY_LIBCRYPTO_FAILED)
		apikey_raise_libcrypto();
	if (result == APIKEY_OK)
		return apikey_text_from_utf8(value);
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_UNOPENED),
			 errmsg("the value of API key \"%s\" cannot be opened", key->name),
			 errdetail("It was altered, or belongs to another row."),
			 errhint("Restore the row from a backup, or store the value anew with apikey.update_key()."),
			 apikey_err_hide_statement()));
	return NULL;				/* not reached */
}

void
apikey_key_value_require_master(const ApikeyKeyRow *key)
{
	const ApikeyDataKey *data_key;
	ApikeyDataKeyState state;

	if (!is_envelope(key))
		return;					/* damaged, whatever the master key is */
	state = apikey_data_key_lookup(data_key_id_of(key), APIKEY_PURPOSE_VALUE,
								   &data_key);
	if (state == APIKEY_DATA_KEY_NO_MASTER || state == APIKEY_DATA_KEY_FOREIGN)
		(void) apikey_data_key_get(data_key_id_of(key), APIKEY_PURPOSE_VALUE);
}

char *
apikey_key_value_try_open(const ApikeyKeyRow *key, text **value)
{
	const ApikeyDataKey *data_key;
	ApikeyDataKeyState state;
	ApikeyResult result;

	*value = NULL;
	if (!is_envelope(key))
		return pstrdup("The stored bytes are not an envelope.");
	*value = new_text(key);
	state = apikey_data_key_lookup(data_key_id_of(key), APIKEY_PURPOSE_VALUE,
								   &data_key);
	if (state != APIKEY_DATA_KEY_OPEN)
		return apikey_data_key_problem(state, data_key_id_of(key));
	result = open_into(key, data_key, VARDATA(*value));
	if (result == APIKEY_LIBCRYPTO_FAILED)
		apikey_raise_libcrypto();
	return result == APIKEY_OK ? NULL :
		pstrdup("The value was altered, or belongs to another row.");
}

char *
apikey_key_value_problem(const ApikeyKeyRow *key)
{
	text	   *value;
	char	   *problem = apikey_key_value_try_open(key, &value);

	if (problem == NULL)
		explicit_bzero(value, VARSIZE(value));
	return problem;
}

/* The type's prefix, "...", and the end of a value that is long enough. */
static text *
make_hint(const char *key_type, const char *value, size_t len)
{
	const ApikeyKeyType *type = apikey_key_type_find(key_type);
	const char *prefix = type != NULL ? apikey_key_type_prefix(type, value, len) : NULL;
	int			prefix_len = prefix != NULL ? (int) strlen(prefix) : 0;
	int			characters = pg_mbstrlen_with_len(value, (int) len);
	StringInfoData hint;
	int			tail;

	initStringInfo(&hint);
	tail = pg_mbcharcliplen(value, (int) len, Max(characters - HINT_TAIL, 0));
	if (characters < prefix_len + HINT_MIN_BODY ||
		apikey_has_control(value + tail, len - tail))
		return cstring_to_text("...");
	appendStringInfo(&hint, "%.*s...", Min(prefix_len, HINT_MAX_PREFIX),
					 prefix != NULL ? prefix : "");
	appendBinaryStringInfo(&hint, value + tail, (int) len - tail);
	return cstring_to_text_with_len(hint.data, hint.len);
}

static bytea *
new_bytea(size_t len)
{
	bytea	   *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	return result;
}

/* Seal a value that is in UTF-8. */
static void
seal_utf8(const char *user_id, const pg_uuid_t *id, const char *key_type,
		  const char *name, const char *value, size_t len,
		  ApikeySealedValue *sealed)
{
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE];
	const ApikeyDataKey *data_key;
	ApikeyContext context;
	ApikeyResult result;

	sealed->envelope = new_bytea(len + APIKEY_ENVELOPE_OVERHEAD);
	sealed->fingerprint = new_bytea(APIKEY_FINGERPRINT_SIZE);
	apikey_random(nonce, sizeof(nonce));
	data_key = apikey_data_key_active_or_new();
	make_context(&context, user_id, id, key_type, name);
	result = apikey_envelope_seal(data_key, &context, nonce, value, len,
								  (uint8_t *) VARDATA(sealed->envelope));
	apikey_context_free(&context);
	if (result == APIKEY_OK)
		result = apikey_data_key_fingerprint(data_key, value, len,
											 (uint8_t *) VARDATA(sealed->fingerprint));
	if (result != APIKEY_OK)
		apikey_raise_libcrypto();
}

void
apikey_key_value_seal(const char *user_id, const pg_uuid_t *id,
					  const char *key_type, const char *name,
					  const char *value, size_t len, ApikeySealedValue *sealed)
{
	size_t		utf8_len;
	const char *utf8;

	sealed->hint = make_hint(key_type, value, len);
	utf8 = apikey_to_utf8(value, len, &utf8_len);
	PG_TRY();
	{
		seal_utf8(user_id, id, key_type, name, utf8, utf8_len, sealed);
	}
	PG_FINALLY();
	{
		if (utf8 != value)
			explicit_bzero(unconstify(char *, utf8), utf8_len);
	}
	PG_END_TRY();
}

void
apikey_key_value_reseal(const ApikeyKeyRow *key, text *value,
						ApikeySealedValue *sealed)
{
	sealed->hint = NULL;
	PG_TRY();
	{
		seal_utf8(key->user_id, &key->id, key->key_type, key->name,
				  VARDATA(value), VARSIZE(value) - VARHDRSZ, sealed);
	}
	PG_FINALLY();
	{
		explicit_bzero(value, VARSIZE(value));
	}
	PG_END_TRY();
}
