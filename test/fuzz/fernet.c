/*-------------------------------------------------------------------------
 *
 * fernet.c
 *		libFuzzer's entry to Fernet tokens.
 *
 * The input is treated as a token's text, as its bytes and as a value.  No
 * token may open (a forgery) that was not made here; what the strict decoder
 * accepts, the lenient one decodes to the same bytes.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "fernet.h"
#include "fuzz.h"

static ApikeyFernetKey *key = NULL;

static void
try_decoders(const char *text, size_t size)
{
	const int	either = APIKEY_BASE64_URL | APIKEY_BASE64_STD;
	uint8_t    *strict = room(apikey_base64_decoded_size(size));
	uint8_t    *lenient = room(apikey_base64_decoded_size(size));
	size_t		strict_len;
	size_t		lenient_len;

	if (size % 4 == 0 &&
		apikey_base64_decode(text, size, either | APIKEY_BASE64_PADDED,
							 strict, &strict_len) == APIKEY_OK)
	{
		demand(apikey_base64_decode_lenient(text, size, lenient,
											&lenient_len) == APIKEY_OK);
		demand(strict_len == lenient_len &&
			   memcmp(strict, lenient, strict_len) == 0);
	}
	free(strict);
	free(lenient);
}

static void
try_text(const char *text, size_t size)
{
	uint8_t    *buffer = room(apikey_base64_decoded_size(size));
	ApikeyFernetToken token;
	size_t		len;

	if (apikey_fernet_parse(text, size, buffer, &token) == APIKEY_OK)
	{
		uint8_t    *value = room(token.room);

		demand(apikey_fernet_open(key, &token, value,
								  &len) == APIKEY_UNOPENED && len == 0);
		free(value);
	}
	free(buffer);
}

/* The input as the bytes of a token, which has at least a version. */
static void
try_bytes(const uint8_t *data, size_t size)
{
	size_t		encoded = apikey_base64url_encoded_size(size);
	uint8_t    *bytes = room(size);
	char	   *text = room(encoded + 2);

	memcpy(bytes, data, size);
	bytes[0] = 0x80;
	apikey_base64url_encode(bytes, size, text);
	memset(text + encoded, '=', 2);
	try_text(text, encoded + (4 - encoded % 4) % 4);
	free(text);
	free(bytes);
}

static void
try_value(const uint8_t *data, size_t size)
{
	uint8_t		iv[APIKEY_CBC_BLOCK_SIZE] = {0};
	size_t		text_size = apikey_fernet_token_size(size);
	char	   *text = room(text_size);
	uint8_t    *buffer = room(apikey_base64_decoded_size(text_size));
	ApikeyFernetToken token;
	uint8_t    *value;
	size_t		len;

	memcpy(iv, data, size < sizeof(iv) ? size : sizeof(iv));
	demand(apikey_fernet_seal(key, size, iv, data, size,
							  text) == APIKEY_OK);
	demand(apikey_fernet_parse(text, text_size, buffer, &token) == APIKEY_OK);
	value = room(token.room);
	demand(apikey_fernet_open(key, &token, value, &len) == APIKEY_OK);
	demand(token.time == size && len == size &&
		   memcmp(value, data, size) == 0);
	free(value);
	free(buffer);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t bytes[APIKEY_KEY_SIZE] = {3, 2, 1};

	if (key == NULL)
		key = apikey_fernet_key_new(bytes);
	demand(key != NULL);
	if (size == 0)
		return 0;
	try_decoders((const char *) data, size);
	try_text((const char *) data, size);
	try_bytes(data, size);
	try_value(data, size);
	return 0;
}
