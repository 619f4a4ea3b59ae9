/*-------------------------------------------------------------------------
 *
 * fuzz_envelope.c
 *		libFuzzer's entry to envelopes and wraps, as bytes and as text.
 *
 * The input is treated as each of them.  None may open (a forgery) unless it
 * is the one that was sealed here; what is parsed from text must produce the
 * same text again.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "envelope.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ApikeyDataKey *key = NULL;
static ApikeyMasterKey *master = NULL;
static ApikeyContext context;

static void
demand(bool true_or_crash)
{
	if (!true_or_crash)
		abort();
}

static void
set_up(void)
{
	static const uint8_t bytes[APIKEY_KEY_SIZE] = {1, 2, 3};
	const ApikeySpan name = {"fuzz", 4};

	key = apikey_data_key_new(bytes, bytes);
	master = apikey_master_key_new(bytes);
	demand(key != NULL && master != NULL &&
		   apikey_context_column(&context, name));
}

static void
try_bytes(const uint8_t *data, size_t size)
{
	uint8_t    *value = malloc(size + 1);
	uint8_t		raw[APIKEY_KEY_SIZE];
	ApikeyResult result;

	demand(value != NULL);
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
	uint8_t    *envelope = malloc(apikey_base64_decoded_size(size) + 1);
	char	   *again = malloc(size + 1);
	size_t		len;

	demand(envelope != NULL && again != NULL);
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

/* Seal the input as a value, and open it. */
static void
try_value(const uint8_t *data, size_t size)
{
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE] = {0};
	uint8_t    *sealed = malloc(size + APIKEY_ENVELOPE_OVERHEAD);
	uint8_t    *value = malloc(size + 1);

	demand(sealed != NULL && value != NULL);
	memcpy(nonce, data, size < sizeof(nonce) ? size : sizeof(nonce));
	demand(apikey_envelope_seal(key, &context, nonce, data, size,
								sealed) == APIKEY_OK);
	demand(apikey_envelope_open(key, &context, sealed,
								size + APIKEY_ENVELOPE_OVERHEAD,
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
