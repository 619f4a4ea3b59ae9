/*-------------------------------------------------------------------------
 *
 * envelope.c
 *		libFuzzer's entry to envelopes and wraps, as bytes and as text.
 *
 * The input is treated as each of them, and as a value.  None may open (a forgery)
 * unless it is the one that was sealed here, unaltered and in its context; what is
 * parsed from text must produce the same text again.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "envelope.h"
#include "fuzz.h"

static ApikeyDataKey *key = NULL;
static ApikeyMasterKey *master = NULL;
static ApikeyContext context;
static ApikeyContext other_context;

static void
set_up(void)
{
	static const uint8_t bytes[APIKEY_KEY_SIZE] = {1, 2, 3};
	const ApikeySpan name = {"fuzz", 4};
	const ApikeySpan other = {"buzz", 4};

	key = apikey_data_key_new(bytes, bytes);
	master = apikey_master_key_new(bytes);
	demand(key != NULL && master != NULL &&
		   apikey_context_column(&context, name) &&
		   apikey_context_column(&other_context, other));
}

static void
try_bytes(const uint8_t *data, size_t size)
{
	bool		has_overhead = size >= APIKEY_ENVELOPE_OVERHEAD;
	uint8_t    *value = room(has_overhead ? size - APIKEY_ENVELOPE_OVERHEAD : 0);
	uint8_t		raw[APIKEY_KEY_SIZE];
	ApikeyResult result;

	result = apikey_envelope_open(key, &context, data, size, value);
	demand(result == APIKEY_UNOPENED || result == APIKEY_MALFORMED);
	demand(apikey_envelope_is_valid(data, size) ==
		   (result == APIKEY_UNOPENED));
	result = apikey_data_key_unwrap(master, key->id, "value", data, size, raw);
	demand(result == APIKEY_UNOPENED || result == APIKEY_MALFORMED);
	free(value);
}

static void
try_text(const char *text, size_t size)
{
	uint8_t    *envelope = room(apikey_base64_decoded_size(size));
	char	   *again = room(size);
	size_t		len;

	if (apikey_envelope_from_text(text, size, envelope, &len) == APIKEY_OK)
	{
		demand(apikey_envelope_text_size(len) == size);
		apikey_envelope_to_text(envelope, len, again);
		demand(memcmp(again, text, size) == 0);
		try_bytes(envelope, len);
	}
	free(envelope);
	free(again);
}

/* Change one bit, which the input chooses: nothing must open. */
static void
try_altered(uint8_t *sealed, size_t sealed_size, const uint8_t *data, uint8_t *value)
{
	size_t		bit = (data[0] * 256 + data[1 % (sealed_size - APIKEY_ENVELOPE_OVERHEAD)]) %
	(sealed_size * 8);

	sealed[bit / 8] ^= 1 << bit % 8;
	demand(apikey_envelope_open(key, &context, sealed, sealed_size, value) != APIKEY_OK);
	sealed[bit / 8] ^= 1 << bit % 8;
}

/* Seal the input as a value, and open it. */
static void
try_value(const uint8_t *data, size_t size)
{
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE] = {0};
	size_t		sealed_size = size + APIKEY_ENVELOPE_OVERHEAD;
	uint8_t    *sealed = room(sealed_size);
	uint8_t    *value = room(size);

	memcpy(nonce, data, size < sizeof(nonce) ? size : sizeof(nonce));
	demand(apikey_envelope_seal(key, &context, nonce, data, size,
								sealed) == APIKEY_OK);
	try_altered(sealed, sealed_size, data, value);
	demand(apikey_envelope_open(key, &other_context, sealed, sealed_size,
								value) == APIKEY_UNOPENED);
	demand(apikey_envelope_open(key, &context, sealed, sealed_size,
								value) == APIKEY_OK);
	demand(memcmp(value, data, size) == 0);
	free(sealed);
	free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (key == NULL)
		set_up();
	if (size == 0)
		return 0;
	try_bytes(data, size);
	try_text((const char *) data, size);
	try_value(data, size);
	return 0;
}
