/*-------------------------------------------------------------------------
 *
 * fernet.c
 *		fernet_encrypt, fernet_decrypt and fernet_rotate, for applications
 *		that migrate from Python's "cryptography".
 *
 * A value is decrypted either into the result, or into memory that is wiped as
 * soon as the value is encrypted again.  All memory is allocated before a token
 * is decrypted; from then on, nothing raises an error before the value is wiped.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include <time.h>

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "audit/audit.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/random.h"
#include "core/base64.h"
#include "exec/precondition.h"
#include "keys/fernet_key.h"
#include "redact/secret.h"

PG_FUNCTION_INFO_V1(apikey_fernet_encrypt);
PG_FUNCTION_INFO_V1(apikey_fernet_decrypt);
PG_FUNCTION_INFO_V1(apikey_fernet_rotate);

/* Allocate the token of a value of len bytes. */
static text *
new_token(size_t len)
{
	size_t		size = VARHDRSZ + apikey_fernet_token_size(len);
	text	   *token = palloc(size);

	SET_VARSIZE(token, size);
	return token;
}

static void
refuse_long_fernet_value(size_t len)
{
	if (len > APIKEY_FERNET_MAX_VALUE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value is too long to be encrypted"),
				 errdetail("The limit is %zu bytes.", APIKEY_FERNET_MAX_VALUE),
				 apikey_err_argument("value")));
}

/* Encrypt a value in UTF-8, which may be longer than the argument was. */
static text *
seal_token(const ApikeyFernetKey *key, const char *utf8, size_t len)
{
	uint8_t		iv[APIKEY_CBC_BLOCK_SIZE];
	text	   *token;

	refuse_long_fernet_value(len);
	token = new_token(len);
	apikey_random(iv, sizeof(iv));
	if (apikey_fernet_seal(key, (uint64) time(NULL), iv, utf8, len,
						   VARDATA(token)) != APIKEY_OK)
		apikey_raise_libcrypto();
	return token;
}

/*
 * apikey.fernet_encrypt(value) -> text
 */
static Datum
fernet_encrypt(PG_FUNCTION_ARGS)
{
	text	   *volatile token = NULL;
	const ApikeyFernetKeys *keys;
	const char *utf8;
	text	   *value;
	size_t		len;

	apikey_secret_received(fcinfo, 0, "value");
	apikey_refuse_restricted();
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	value = PG_GETARG_TEXT_PP(0);
	refuse_long_fernet_value(VARSIZE_ANY_EXHDR(value));
	keys = apikey_fernet_keys();
	utf8 = apikey_to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &len);
	PG_TRY();
	{
		token = seal_token(keys->keys[0], utf8, len);
	}
	PG_FINALLY();
	{
		apikey_wipe_utf8(utf8, len, VARDATA_ANY(value));
	}
	PG_END_TRY();
	PG_RETURN_TEXT_P(token);
}

Datum
apikey_fernet_encrypt(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(fernet_encrypt, fcinfo);
}

/* Decode a token into palloc'ed memory; KA004 if it is not one. */
static void
parse_fernet_token(const text *argument, ApikeyFernetToken *token)
{
	size_t		len = VARSIZE_ANY_EXHDR(argument);
	uint8_t    *buffer = palloc(apikey_base64_decoded_size(len) + 1);

	if (apikey_fernet_parse(VARDATA_ANY(argument), len, buffer,
							token) != APIKEY_OK)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_MALFORMED),
				 errmsg("value is not a Fernet token"),
				 errhint("A Fernet token is base64url and begins with \"gAAAAA\"."),
				 apikey_err_argument("token")));
}

/*
 * Decrypt with the first key that fits, into token->room bytes; returns the
 * value's length.  KA003 if no key fits.
 */
static size_t
open_token(const ApikeyFernetToken *token, const ApikeyFernetKeys *keys,
		   char *value)
{
	size_t		len;

	for (int i = 0; i < keys->count; i++)
	{
		ApikeyResult result;

		CHECK_FOR_INTERRUPTS();
		result = apikey_fernet_open(keys->keys[i], token, (uint8_t *) value, &len);
		if (result == APIKEY_OK)
			return len;
		if (result == APIKEY_LIBCRYPTO_FAILED)
			apikey_raise_libcrypto();
	}
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_UNOPENED),
			 errmsg("could not decrypt Fernet token"),
			 errdetail_plural("It was altered, or encrypted with a key other than the one with fingerprint %s.",
							  "It was altered, or encrypted with a key other than those with fingerprints %s.",
							  keys->count, apikey_fernet_key_id_list(keys)),
			 errhint("Add that key to the source set in apikey.fernet_key_source, and reload the configuration."),
			 apikey_err_argument("token")));
}

/*
 * An age in whole seconds, like Python's ttl: a day has 24 hours, a month 30
 * days.  Rounding down changes nothing, since the times of tokens are whole
 * seconds.
 */
static uint64
max_age_seconds(const Interval *interval)
{
	int64		days = (int64) interval->month * DAYS_PER_MONTH + interval->day;
	int64		seconds = days * SECS_PER_DAY + interval->time / USECS_PER_SEC;

	if (interval->time % USECS_PER_SEC < 0)
		seconds--;
	if (seconds < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_age must not be negative"),
				 apikey_err_argument("max_age")));
	return (uint64) seconds;
}

/* KA006 if the token is older than max_age, or from the future; wipes first. */
static void
check_age(const ApikeyFernetToken *token, uint64 max_age, char *value)
{
	uint64		now = (uint64) time(NULL);
	ApikeyFernetAge age = apikey_fernet_age(token->time, now, max_age);

	if (age == APIKEY_FERNET_FRESH)
		return;
	explicit_bzero(value, token->room);
	if (age == APIKEY_FERNET_EXPIRED)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_NOT_USABLE),
				 errmsg("Fernet token has expired"),
				 errdetail("It is " UINT64_FORMAT " seconds old; the maximum age is " UINT64_FORMAT " seconds.",
						   now - token->time, max_age),
				 apikey_err_argument("token")));
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_NOT_USABLE),
			 errmsg("Fernet token is from the future"),
			 errdetail("Its timestamp is more than %d seconds ahead of this server's clock.",
					   APIKEY_FERNET_CLOCK_SKEW),
			 apikey_err_argument("token")));
}

/* 22021 if the value is not text; wipes it first. */
static void
check_encoding(const ApikeyFernetToken *token, char *value, size_t len)
{
	/* Python's text is UTF-8; SQL_ASCII allows any byte but zero. */
	int			encoding = GetDatabaseEncoding() == PG_SQL_ASCII ? PG_SQL_ASCII : PG_UTF8;

	if (pg_verify_mbstr(encoding, value, (int) len, true))
		return;
	explicit_bzero(value, token->room);
	ereport(ERROR,
			(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
			 errmsg("value of Fernet token is not valid text in encoding \"%s\"",
					pg_encoding_to_char(encoding)),
			 apikey_err_argument("token")));
}

/*
 * apikey.fernet_decrypt(token, max_age) -> text
 */
static Datum
fernet_decrypt(PG_FUNCTION_ARGS)
{
	uint64		max_age = 0;
	ApikeyFernetToken token;
	const ApikeyFernetKeys *keys;
	text	   *value;
	size_t		len;

	apikey_refuse_restricted();
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(1))
		max_age = max_age_seconds(PG_GETARG_INTERVAL_P(1));
	parse_fernet_token(PG_GETARG_TEXT_PP(0), &token);
	keys = apikey_fernet_keys();
	value = palloc(VARHDRSZ + token.room);
	len = open_token(&token, keys, VARDATA(value));
	if (!PG_ARGISNULL(1))
		check_age(&token, max_age, VARDATA(value));
	check_encoding(&token, VARDATA(value), len);
	SET_VARSIZE(value, VARHDRSZ + len);
	value = apikey_text_from_utf8(value);
	apikey_secret_revealed(VARDATA(value), VARSIZE(value) - VARHDRSZ);
	PG_RETURN_TEXT_P(value);
}

Datum
apikey_fernet_decrypt(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_FERNET_DECRYPT, fernet_decrypt, fcinfo);
}

/*
 * apikey.fernet_rotate(token) -> text
 *
 * The value need not be text, since nothing converts it.
 */
static Datum
fernet_rotate(PG_FUNCTION_ARGS)
{
	uint8_t		iv[APIKEY_CBC_BLOCK_SIZE];
	ApikeyFernetToken token;
	const ApikeyFernetKeys *keys;
	ApikeyResult result;
	text	   *rotated;
	char	   *value;
	size_t		len;

	apikey_refuse_restricted();
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	parse_fernet_token(PG_GETARG_TEXT_PP(0), &token);
	keys = apikey_fernet_keys();
	/* All values that pad to the same size have tokens of the same size. */
	rotated = new_token(token.room - 1);
	value = palloc(token.room);
	apikey_random(iv, sizeof(iv));
	len = open_token(&token, keys, value);
	result = apikey_fernet_seal(keys->keys[0], token.time, iv, value, len,
								VARDATA(rotated));
	explicit_bzero(value, token.room);
	if (result != APIKEY_OK)
		apikey_raise_libcrypto();
	PG_RETURN_TEXT_P(rotated);
}

Datum
apikey_fernet_rotate(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(fernet_rotate, fcinfo);
}
