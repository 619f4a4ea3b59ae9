/*-------------------------------------------------------------------------
 *
 * key_value.c
 *		The value of a stored key: decrypt it, encrypt it; see key_value.h.
 *
 * A value is bound to its row by its context, the associated data of the
 * encryption: user id, id, key type and name.  A decrypted value exists only in
 * the text that is returned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "compat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/random.h"
#include "core/envelope.h"
#include "exec/statement.h"
#include "redact/secret.h"
#include "store/key_hint.h"
#include "store/key_value.h"
#include "validate/encrypted.h"

#define ALTERED	"The value was altered, or belongs to another row."

/* As maintenance, since the row may belong to any user. */
static ApikeyStatement select_current = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT FROM apikey.api_keys"
	APIKEY_KEY_ROW_WHERE
	" AND apikey.data_key_id(encrypted_value) OPERATOR(pg_catalog.=) $3",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 3,
	.arg_types = {TEXTOID, UUIDOID, UUIDOID}
};

static ApikeySpan
utf8_span(const char *text)
{
	ApikeySpan	span;

	span.data = apikey_to_utf8(text, strlen(text), &span.len);
	return span;
}

/* The associated data of a row's value; freed by the caller. */
static void
make_value_context(ApikeyContext *context, const char *user_id, const pg_uuid_t *id,
				   const char *key_type, const char *name)
{
	if (!apikey_context_value(context, utf8_span(user_id), id->data,
							  utf8_span(key_type), utf8_span(name)))
		apikey_raise_libcrypto();
}

/* value has room for the contents of the envelope. */
static ApikeyResult
open_into(const ApikeyKeyRow *key, const ApikeyDataKey *data_key, void *value)
{
	ApikeyContext context;
	ApikeyResult result;

	make_value_context(&context, key->user_id, &key->id, key->key_type, key->name);
	result = apikey_envelope_open(data_key, &context,
								  (uint8_t *) VARDATA_ANY(key->envelope),
								  VARSIZE_ANY_EXHDR(key->envelope), value);
	apikey_context_free(&context);
	return result;
}

/* Room for the value. */
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
		return true;			/* damaged, not outdated */
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

/* A row's data key; KA001, KA002, KA003, and 40001 for an old version. */
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
apikey_key_value_open_utf8(const ApikeyKeyRow *key)
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
	if (result != APIKEY_OK)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_UNOPENED),
				 errmsg("could not decrypt value of API key \"%s\"", key->name),
				 errdetail(ALTERED),
				 errhint("Restore the row from a backup, or store a new value with apikey.update_key()."),
				 apikey_err_hide_statement()));
	return value;
}

text *
apikey_key_value_open(const ApikeyKeyRow *key)
{
	text	   *value = apikey_text_from_utf8(apikey_key_value_open_utf8(key));

	apikey_secret_revealed(VARDATA(value), VARSIZE(value) - VARHDRSZ);
	return value;
}

void
apikey_key_value_require_master(const ApikeyKeyRow *key)
{
	const ApikeyDataKey *data_key;
	ApikeyDataKeyState state;

	if (!is_envelope(key))
		return;					/* damaged, with any master key */
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
		pstrdup(ALTERED);
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

static bytea *
new_bytea(size_t len)
{
	bytea	   *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	return result;
}

/* Encrypt a value that is in UTF-8. */
static void
seal_utf8(const char *user_id, const pg_uuid_t *id, const char *key_type,
		  const char *name, const char *value, size_t len,
		  ApikeySealedValue *sealed)
{
	uint8_t		random[APIKEY_XAES_NONCE_SIZE];
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE];
	const ApikeyDataKey *data_key;
	ApikeyContext context;
	ApikeyResult result;

	sealed->envelope = new_bytea(len + APIKEY_ENVELOPE_OVERHEAD);
	sealed->fingerprint = new_bytea(APIKEY_FINGERPRINT_SIZE);
	apikey_random(random, sizeof(random));
	data_key = apikey_data_key_active_or_new();
	make_value_context(&context, user_id, id, key_type, name);
	result = apikey_envelope_nonce(data_key, &context, random, value, len, nonce);
	if (result == APIKEY_OK)
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

	sealed->hint = apikey_key_hint_make(key_type, value, len);
	utf8 = apikey_to_utf8(value, len, &utf8_len);
	PG_TRY();
	{
		seal_utf8(user_id, id, key_type, name, utf8, utf8_len, sealed);
	}
	PG_FINALLY();
	{
		apikey_wipe_utf8(utf8, utf8_len, value);
	}
	PG_END_TRY();
}

void
apikey_key_value_reseal(const ApikeyKeyRow *key, const char *name, text *value,
						ApikeySealedValue *sealed)
{
	sealed->hint = NULL;
	PG_TRY();
	{
		seal_utf8(key->user_id, &key->id, key->key_type, name,
				  VARDATA(value), VARSIZE(value) - VARHDRSZ, sealed);
	}
	PG_FINALLY();
	{
		explicit_bzero(value, VARSIZE(value));
	}
	PG_END_TRY();
}
