/*-------------------------------------------------------------------------
 *
 * envelope_test.c
 *		Envelopes: which can be opened, which cannot, and the text form.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "support.h"

#define MAX_VALUE	8192
#define VALUE		"some value or other"
#define VALUE_LEN	(sizeof(VALUE) - 1)
#define SEALED_LEN	(VALUE_LEN + APIKEY_ENVELOPE_OVERHEAD)

static ApikeyDataKey *key;
static uint8_t *nonce;
static uint8_t *row_id;
static ApikeyContext context;
static uint8_t sealed[SEALED_LEN];

static void
set_up(void)
{
	key = sample_data_key(1);
	nonce = pattern(APIKEY_XAES_NONCE_SIZE, 2);
	row_id = pattern(APIKEY_DATA_KEY_ID_SIZE, 3);
	ok(apikey_context_value(&context, span("ann"), row_id, span("openai"),
							span("my key")), "a context");
	ok(apikey_envelope_seal(key, &context, nonce, VALUE, VALUE_LEN,
							sealed) == APIKEY_OK, "an envelope");
	ok(sealed[0] == 1 && sealed[1] == 1 &&
	   apikey_envelope_is_valid(sealed, SEALED_LEN) &&
	   memcmp(apikey_envelope_data_key_id(sealed), key->id,
			  sizeof(key->id)) == 0 &&
	   memcmp(sealed + APIKEY_ENVELOPE_HEADER_SIZE, nonce,
			  APIKEY_XAES_NONCE_SIZE) == 0,
	   "its header and its nonce");
}

static void
tear_down(void)
{
	apikey_context_free(&context);
	ok(context.data == NULL && context.len == 0, "a context is freed once");
	apikey_context_free(&context);
	apikey_data_key_free(key);
	free(nonce);
	free(row_id);
}

/* Open the envelope; a failure must leave no output. */
static ApikeyResult
open_sealed(const ApikeyContext *with, size_t len)
{
	uint8_t		value[VALUE_LEN];
	size_t		room = len > APIKEY_ENVELOPE_OVERHEAD ?
	len - APIKEY_ENVELOPE_OVERHEAD : 0;
	ApikeyResult result;

	memset(value, 0xEE, sizeof(value));
	result = apikey_envelope_open(key, with, sealed, len, value);
	if (result == APIKEY_OK && memcmp(value, VALUE, VALUE_LEN) != 0)
		ok(false, "another value came out");
	if (result != APIKEY_OK && !all_zero(value, room))
		ok(false, "a refused envelope left bytes behind");
	return result;
}

static void
test_sizes(void)
{
	uint8_t    *value = pattern(MAX_VALUE, 7);
	uint8_t    *envelope = need(MAX_VALUE + APIKEY_ENVELOPE_OVERHEAD);
	uint8_t    *opened = need(MAX_VALUE);
	int			right = 0;

	for (size_t len = 0; len <= MAX_VALUE; len++)
	{
		right += apikey_envelope_seal(key, &context, nonce, value, len,
									  envelope) == APIKEY_OK &&
			apikey_envelope_open(key, &context, envelope,
								 len + APIKEY_ENVELOPE_OVERHEAD,
								 opened) == APIKEY_OK &&
			memcmp(opened, value, len) == 0;
	}
	ok(right == MAX_VALUE + 1, "values of 0 to %d bytes", MAX_VALUE);
	ok(apikey_envelope_seal(key, &context, nonce, value,
							APIKEY_ENVELOPE_MAX_VALUE + 1,
							envelope) == APIKEY_MALFORMED &&
	   !apikey_envelope_is_valid(sealed, APIKEY_ENVELOPE_MAX_VALUE +
								 APIKEY_ENVELOPE_OVERHEAD + 1) &&
	   apikey_envelope_is_valid(sealed, APIKEY_ENVELOPE_MAX_VALUE +
								APIKEY_ENVELOPE_OVERHEAD),
	   "there is a longest value");
	free(value);
	free(envelope);
	free(opened);
}

static void
test_alterations(void)
{
	int			right = 0;

	for (size_t i = 0; i < SEALED_LEN; i++)
	{
		for (int bit = 0; bit < 8; bit++)
		{
			ApikeyResult expected = i < 2 ? APIKEY_MALFORMED : APIKEY_UNOPENED;

			sealed[i] ^= (uint8_t) (1 << bit);
			right += open_sealed(&context, SEALED_LEN) == expected;
			sealed[i] ^= (uint8_t) (1 << bit);
		}
	}
	ok(right == 8 * (int) SEALED_LEN, "each of %d bits is authenticated",
	   right);

	right = 0;
	for (size_t i = 0; i < SEALED_LEN; i++)
	{
		ApikeyResult expected = i < APIKEY_ENVELOPE_OVERHEAD ?
		APIKEY_MALFORMED : APIKEY_UNOPENED;

		right += open_sealed(&context, i) == expected;
	}
	ok(right == (int) SEALED_LEN, "truncated at each of %d lengths", right);
	ok(open_sealed(&context, SEALED_LEN) == APIKEY_OK,
	   "the unaltered envelope still opens");
}

/* Try another context, which is freed. */
static ApikeyResult
open_as(const char *user_id, const uint8_t *id, const char *key_type,
		const char *name)
{
	ApikeyContext other;
	ApikeyResult result;

	if (!apikey_context_value(&other, span(user_id), id, span(key_type),
							  span(name)))
		return APIKEY_LIBCRYPTO_FAILED;
	result = open_sealed(&other, SEALED_LEN);
	apikey_context_free(&other);
	return result;
}

static void
test_contexts(void)
{
	ApikeyDataKey *own = key;
	ApikeyContext column;

	ok(open_as("ann", row_id, "openai", "my key") == APIKEY_OK,
	   "the same context opens");
	ok(open_as("bob", row_id, "openai", "my key") == APIKEY_UNOPENED &&
	   open_as("", row_id, "openai", "my key") == APIKEY_UNOPENED,
	   "another user's does not");
	ok(open_as("ann", row_id, "openai", "my keys") == APIKEY_UNOPENED,
	   "nor another name's");
	ok(open_as("ann", row_id, "openrouter", "my key") == APIKEY_UNOPENED,
	   "nor another type's");
	ok(open_as("ann", row_id, "openaim", "y key") == APIKEY_UNOPENED,
	   "nor one whose fields end elsewhere");
	row_id[0] ^= 1;
	ok(open_as("ann", row_id, "openai", "my key") == APIKEY_UNOPENED,
	   "nor another row's");
	row_id[0] ^= 1;

	ok(apikey_context_column(&column, span("ann")) &&
	   open_sealed(&column, SEALED_LEN) == APIKEY_UNOPENED,
	   "nor a column's");
	apikey_context_free(&column);

	key = sample_data_key(2);
	ok(open_sealed(&context, SEALED_LEN) == APIKEY_UNOPENED,
	   "nor another data key");
	apikey_data_key_free(key);
	key = own;
}

/* Make a nonce for a value from the same random bytes; is it another one? */
static bool
differs(const ApikeyDataKey *with, const ApikeyContext *as, const uint8_t *random,
		const char *value, const uint8_t *first)
{
	uint8_t		made[APIKEY_XAES_NONCE_SIZE];

	return apikey_envelope_nonce(with, as, random, value, strlen(value),
								 made) == APIKEY_OK &&
		memcmp(made, first, sizeof(made)) != 0;
}

static void
test_nonces(void)
{
	ApikeyDataKey *other = sample_data_key(2);
	uint8_t    *random = pattern(APIKEY_XAES_NONCE_SIZE, 7);
	uint8_t    *fresh = pattern(APIKEY_XAES_NONCE_SIZE, 8);
	ApikeyContext column;
	uint8_t		first[APIKEY_XAES_NONCE_SIZE];

	ok(apikey_envelope_nonce(key, &context, random, VALUE, VALUE_LEN,
							 first) == APIKEY_OK &&
	   !differs(key, &context, random, VALUE, first),
	   "a nonce is made from random bytes and what is encrypted");
	ok(differs(key, &context, fresh, VALUE, first),
	   "other random bytes give another one");
	ok(differs(key, &context, random, VALUE "!", first) &&
	   differs(key, &context, random, "", first),
	   "and so does another value, should the random bytes be repeated");
	ok(apikey_context_column(&column, span("ann")) &&
	   differs(key, &column, random, VALUE, first) &&
	   differs(other, &context, random, VALUE, first),
	   "another context, and another data key");
	apikey_context_free(&column);
	apikey_data_key_free(other);
	free(random);
	free(fresh);
}

/* Is a text parsed as the envelope, or refused? */
static bool
reads(const char *text, size_t len, bool as_envelope)
{
	size_t		room = apikey_base64_decoded_size(len);
	uint8_t    *envelope = need(room);
	size_t		envelope_len = 12345;
	ApikeyResult result = apikey_envelope_from_text(text, len, envelope,
													&envelope_len);
	bool		right;

	if (as_envelope)
		right = result == APIKEY_OK && envelope_len == SEALED_LEN &&
			memcmp(envelope, sealed, SEALED_LEN) == 0;
	else
		right = result == APIKEY_MALFORMED && envelope_len == 0;
	free(envelope);
	return right;
}

static void
test_text(void)
{
	size_t		len = apikey_envelope_text_size(SEALED_LEN);
	char	   *text = need(len + 1);
	int			right = 0;

	apikey_envelope_to_text(sealed, SEALED_LEN, text);
	ok(len == 4 + (SEALED_LEN * 4 + 2) / 3 && memcmp(text, "ak1.AQE", 7) == 0,
	   "the text form starts with \"ak1.AQE\"");
	ok(reads(text, len, true), "and reads as the same envelope");

	for (size_t i = 0; i < 4 + 78; i++)
		right += reads(text, i, false);
	ok(right == 4 + 78, "less than the envelope of an empty value is refused");

	/* 77 bytes leave four unused bits in the last character. */
	text[len - 1]++;
	ok(SEALED_LEN % 3 == 2 && reads(text, len, false),
	   "one that is not canonical is refused");
	text[len - 1]--;
	text[len] = '=';
	ok(reads(text, len + 1, false), "so is padding");
	text[len] = '\n';
	ok(reads(text, len + 1, false), "and white space");
	text[len - 2] = '+';
	ok(reads(text, len, false), "and the other alphabet");
	apikey_envelope_to_text(sealed, SEALED_LEN, text);
	text[0] = 'A';
	ok(reads(text, len, false), "and another prefix");
	apikey_envelope_to_text(sealed, SEALED_LEN, text);
	text[5] = 'g';
	ok(reads(text, len, false), "and another version");
	free(text);
}

int
main(void)
{
	set_up();
	test_sizes();
	test_alterations();
	test_contexts();
	test_nonces();
	test_text();
	tear_down();
	return done();
}
