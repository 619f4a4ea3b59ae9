/*-------------------------------------------------------------------------
 *
 * fernet.c
 *		Fernet tokens: version, time, initialization vector, ciphertext, MAC.
 *
 * The MAC covers everything before it and is compared, in constant time, before
 * anything is decrypted; any failure from then on gives the same result.  Only
 * values and keys are secret: a token is public, and so is how it is parsed.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base64.h"
#include "fernet.h"
#include "kdf.h"
#include "secret.h"
#include "wipe.h"

#define LABEL_ID		"apikey/1/fernet/id"

#define VERSION			0x80
#define TIME_OFFSET		1
#define TIME_SIZE		8
#define IV_OFFSET		(TIME_OFFSET + TIME_SIZE)
#define HEADER_SIZE		(IV_OFFSET + APIKEY_CBC_BLOCK_SIZE)
#define FRAME_SIZE		(HEADER_SIZE + APIKEY_SHA256_SIZE)

ApikeyFernetKey *
apikey_fernet_key_new(const uint8_t *raw)
{
	ApikeyFernetKey *key = apikey_secret_new(sizeof(ApikeyFernetKey));

	if (key == NULL)
		return NULL;
	memcpy(key->signing, raw, APIKEY_FERNET_SIGN_SIZE);
	memcpy(key->encryption, raw + APIKEY_FERNET_SIGN_SIZE,
		   APIKEY_CBC_KEY_SIZE);
	if (apikey_hkdf(raw, APIKEY_KEY_SIZE, LABEL_ID,
					key->id, sizeof(key->id)) != APIKEY_OK)
	{
		apikey_fernet_key_free(key);
		return NULL;
	}
	return key;
}

void
apikey_fernet_key_free(ApikeyFernetKey *key)
{
	apikey_secret_free(key, sizeof(*key));
}

/* Size in bytes of the token of a value of len bytes. */
static size_t
binary_size(size_t len)
{
	return FRAME_SIZE + APIKEY_CBC_PADDED_SIZE(len);
}

size_t
apikey_fernet_token_size(size_t len)
{
	return (binary_size(len) + 2) / 3 * 4;
}

static ApikeyResult
sign(const ApikeyFernetKey *key, const uint8_t *data, size_t len, uint8_t *mac)
{
	return apikey_hmac(key->signing, sizeof(key->signing), data, len, mac);
}

/* Fill data, of binary_size(len) bytes. */
static ApikeyResult
build(const ApikeyFernetKey *key, uint64_t time, const uint8_t *iv,
	  const void *value, size_t len, uint8_t *data)
{
	uint8_t    *mac = data + binary_size(len) - APIKEY_SHA256_SIZE;
	ApikeyResult result;

	data[0] = VERSION;
	for (int i = 0; i < TIME_SIZE; i++)
		data[TIME_OFFSET + i] = (uint8_t) (time >> (56 - 8 * i));
	memcpy(data + IV_OFFSET, iv, APIKEY_CBC_BLOCK_SIZE);
	result = apikey_cbc_encrypt(key->encryption, iv, value, len,
								data + HEADER_SIZE);
	if (result == APIKEY_OK)
		result = sign(key, data, (size_t) (mac - data), mac);
	return result;
}

ApikeyResult
apikey_fernet_seal(const ApikeyFernetKey *key, uint64_t time,
				   const uint8_t *iv, const void *value, size_t len,
				   char *token)
{
	size_t		size = binary_size(len);
	size_t		encoded = apikey_base64url_encoded_size(size);
	ApikeyResult result = APIKEY_LIBCRYPTO_FAILED;
	uint8_t    *data;

	if (len > APIKEY_FERNET_MAX_VALUE)
		return APIKEY_MALFORMED;
	data = malloc(size);
	if (data != NULL)
		result = build(key, time, iv, value, len, data);
	if (result == APIKEY_OK)
	{
		apikey_base64url_encode(data, size, token);
		memset(token + encoded, '=', apikey_fernet_token_size(len) - encoded);
	}
	else
		apikey_wipe(token, apikey_fernet_token_size(len));
	free(data);
	return result;
}

ApikeyResult
apikey_fernet_parse(const char *text, size_t len, uint8_t *buffer,
					ApikeyFernetToken *token)
{
	size_t		size;

	memset(token, 0, sizeof(*token));
	if (apikey_base64_decode_lenient(text, len, buffer, &size) != APIKEY_OK ||
		size < binary_size(0) ||
		size > binary_size(APIKEY_FERNET_MAX_VALUE) ||
		(size - FRAME_SIZE) % APIKEY_CBC_BLOCK_SIZE != 0 ||
		buffer[0] != VERSION)
		return APIKEY_MALFORMED;
	token->data = buffer;
	token->len = size;
	token->room = size - FRAME_SIZE;
	for (int i = 0; i < TIME_SIZE; i++)
		token->time = token->time << 8 | buffer[TIME_OFFSET + i];
	return APIKEY_OK;
}

ApikeyResult
apikey_fernet_open(const ApikeyFernetKey *key, const ApikeyFernetToken *token,
				   uint8_t *value, size_t *len)
{
	const size_t signed_len = token->len - APIKEY_SHA256_SIZE;
	uint8_t		mac[APIKEY_SHA256_SIZE];
	ApikeyResult result = sign(key, token->data, signed_len, mac);

	*len = 0;
	if (result == APIKEY_OK &&
		CRYPTO_memcmp(mac, token->data + signed_len, sizeof(mac)) != 0)
		result = APIKEY_UNOPENED;
	apikey_wipe(mac, sizeof(mac));
	if (result == APIKEY_OK)
		return apikey_cbc_decrypt(key->encryption, token->data + IV_OFFSET,
								  token->data + HEADER_SIZE, token->room,
								  value, len);
	apikey_wipe(value, token->room);
	return result;
}

/* As in Python, in whole seconds; adding to time instead could overflow. */
ApikeyFernetAge
apikey_fernet_age(uint64_t time, uint64_t now, uint64_t max_age)
{
	if (time < now && now - time > max_age)
		return APIKEY_FERNET_EXPIRED;
	if (time > now && time - now > APIKEY_FERNET_CLOCK_SKEW)
		return APIKEY_FERNET_FUTURE;
	return APIKEY_FERNET_FRESH;
}
