/*-------------------------------------------------------------------------
 *
 * encrypt.c
 *		encrypt and decrypt, for columns of other tables.
 *
 * Values are encrypted with data keys of purpose "column", and their context
 * begins with that word, so that no context passed here decrypts a stored API
 * key.  encrypt() never creates a data key.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "compat.h"
#include "audit/audit.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/random.h"
#include "core/envelope.h"
#include "exec/precondition.h"
#include "keys/data_key.h"
#include "redact/secret.h"
#include "validate/arguments.h"
#include "validate/encrypted.h"

PG_FUNCTION_INFO_V1(apikey_encrypt);
PG_FUNCTION_INFO_V1(apikey_decrypt);

static text *
column_context_name(FunctionCallInfo fcinfo)
{
	apikey_arg_require(fcinfo, 1, "context", "context",
					   "Pass a text that says what the value belongs to, such as the table and the row's key.");
	return PG_GETARG_TEXT_PP(1);
}

/* The associated data of a value; freed by the caller. */
static void
make_column_context(ApikeyContext *context, const text *name)
{
	ApikeySpan	span;

	span.data = apikey_to_utf8(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &span.len);
	if (!apikey_context_column(context, span))
		apikey_raise_libcrypto();
}

static const ApikeyDataKey *
active_key(void)
{
	const ApikeyDataKey *key = apikey_data_key_active(APIKEY_PURPOSE_COLUMN);

	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("data key for columns does not exist"),
				 errhint("An administrator must create one with SELECT apikey.rotate_data_key('column')."),
				 apikey_err_hide_statement()));
	return key;
}

/* Encrypt a value in UTF-8. */
static bytea *
seal_column(const char *value, size_t len, const text *name)
{
	size_t		size = VARHDRSZ + len + APIKEY_ENVELOPE_OVERHEAD;
	bytea	   *envelope = palloc(size);
	uint8_t		random[APIKEY_XAES_NONCE_SIZE];
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE];
	const ApikeyDataKey *key;
	ApikeyContext context;
	ApikeyResult result;

	SET_VARSIZE(envelope, size);
	apikey_random(random, sizeof(random));
	key = active_key();
	make_column_context(&context, name);
	result = apikey_envelope_nonce(key, &context, random, value, len, nonce);
	if (result == APIKEY_OK)
		result = apikey_envelope_seal(key, &context, nonce, value, len,
									  (uint8_t *) VARDATA(envelope));
	apikey_context_free(&context);
	if (result != APIKEY_OK)
		apikey_raise_libcrypto();
	return envelope;
}

static void
refuse_long_column_value(const text *value)
{
	/* The conversion to UTF-8 may make it longer: hence the margin. */
	if (VARSIZE_ANY_EXHDR(value) > APIKEY_ENVELOPE_MAX_VALUE / MAX_CONVERSION_GROWTH)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value is too long to be encrypted"),
				 errdetail("The limit is %zu bytes.",
						   APIKEY_ENVELOPE_MAX_VALUE / MAX_CONVERSION_GROWTH),
				 errhint("Encrypt the value outside the database, with a key stored by apikey.create_key()."),
				 apikey_err_argument("value")));
}

/*
 * apikey.encrypt(value, context) -> apikey.encrypted
 */
static Datum
encrypt_value(PG_FUNCTION_ARGS)
{
	text	   *name = column_context_name(fcinfo);
	bytea	   *envelope = NULL;
	const char *utf8;
	size_t		utf8_len;
	text	   *value;

	apikey_secret_received(fcinfo, 0, "value");
	apikey_refuse_restricted();
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	value = PG_GETARG_TEXT_PP(0);
	refuse_long_column_value(value);
	utf8 = apikey_to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &utf8_len);
	PG_TRY();
	{
		envelope = seal_column(utf8, utf8_len, name);
	}
	PG_FINALLY();
	{
		apikey_wipe_utf8(utf8, utf8_len, VARDATA_ANY(value));
	}
	PG_END_TRY();
	PG_RETURN_BYTEA_P(envelope);
}

Datum
apikey_encrypt(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(encrypt_value, fcinfo);
}

/*
 * apikey.decrypt(encrypted, context) -> text
 */
static Datum
decrypt_value(PG_FUNCTION_ARGS)
{
	text	   *name = column_context_name(fcinfo);
	const ApikeyDataKey *key;
	ApikeyContext context;
	ApikeyResult result;
	bytea	   *envelope;
	text	   *value;

	apikey_refuse_restricted();
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	envelope = PG_GETARG_BYTEA_PP(0);
	apikey_encrypted_require_valid(envelope);
	value = palloc(VARHDRSZ + VARSIZE_ANY_EXHDR(envelope) - APIKEY_ENVELOPE_OVERHEAD);
	SET_VARSIZE(value, VARHDRSZ + VARSIZE_ANY_EXHDR(envelope) - APIKEY_ENVELOPE_OVERHEAD);
	key = apikey_data_key_get(apikey_envelope_data_key_id((uint8_t *) VARDATA_ANY(envelope)),
							  APIKEY_PURPOSE_COLUMN);
	make_column_context(&context, name);
	result = apikey_envelope_open(key, &context, (uint8_t *) VARDATA_ANY(envelope),
								  VARSIZE_ANY_EXHDR(envelope), VARDATA(value));
	apikey_context_free(&context);
	if (result == APIKEY_LIBCRYPTO_FAILED)
		apikey_raise_libcrypto();
	if (result != APIKEY_OK)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_UNOPENED),
				 errmsg("could not decrypt value"),
				 errdetail("It was altered, or encrypted with another context."),
				 apikey_err_hide_statement()));
	value = apikey_text_from_utf8(value);
	apikey_secret_revealed(VARDATA(value), VARSIZE(value) - VARHDRSZ);
	PG_RETURN_TEXT_P(value);
}

Datum
apikey_decrypt(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_DECRYPT, decrypt_value, fcinfo);
}
