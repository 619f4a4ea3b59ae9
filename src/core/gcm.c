/*-------------------------------------------------------------------------
 *
 * gcm.c
 *		AES-256-GCM with a 96-bit nonce and a 128-bit tag, from libcrypto.
 *
 * libcrypto's error queue is left empty.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>

#include "cipher.h"
#include "gcm.h"
#include "wipe.h"

static ApikeyCipher cipher =
{
	.name = "AES-256-GCM"
};

/* Process bytes; out is NULL for associated data. */
static bool
feed(const void *data, size_t len, uint8_t *out)
{
	int			written;

	if (len == 0)
		return true;
	return len <= INT_MAX &&
		EVP_CipherUpdate(cipher.context, out, &written, data, (int) len) == 1 &&
		written == (int) len;
}

/* Set key and nonce, and process the associated data. */
static bool
gcm_start(ApikeyCipherDirection direction, const uint8_t *key, const uint8_t *nonce,
		  const ApikeySpan *ad, int ad_count)
{
	if (!apikey_cipher_start(&cipher, direction, key, nonce))
		return false;
	for (int i = 0; i < ad_count; i++)
	{
		if (!feed(ad[i].data, ad[i].len, NULL))
			return false;
	}
	return true;
}

/* Compute the tag, or check it; GCM outputs no bytes at the end. */
static bool
gcm_finish(void)
{
	uint8_t		rest[EVP_MAX_BLOCK_LENGTH];
	int			written;

	return EVP_CipherFinal_ex(cipher.context, rest, &written) == 1;
}

ApikeyResult
apikey_gcm_seal(const uint8_t *key, const uint8_t *nonce,
				const ApikeySpan *ad, int ad_count,
				const uint8_t *plain, size_t len, uint8_t *out)
{
	bool		ok;

	if (len > INT_MAX)
		return APIKEY_LIBCRYPTO_FAILED;
	ok = gcm_start(APIKEY_ENCRYPT, key, nonce, ad, ad_count) &&
		feed(plain, len, out) &&
		gcm_finish() &&
		EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_AEAD_GET_TAG,
							APIKEY_GCM_TAG_SIZE, out + len) == 1;
	apikey_cipher_clean_up(&cipher, ok);
	if (ok)
		return APIKEY_OK;
	apikey_wipe(out, len + APIKEY_GCM_TAG_SIZE);
	return APIKEY_LIBCRYPTO_FAILED;
}

ApikeyResult
apikey_gcm_open(const uint8_t *key, const uint8_t *nonce,
				const ApikeySpan *ad, int ad_count,
				const uint8_t *sealed, size_t len, uint8_t *out)
{
	ApikeyResult result = APIKEY_LIBCRYPTO_FAILED;
	size_t		plain_len;

	if (len < APIKEY_GCM_TAG_SIZE)
		return APIKEY_MALFORMED;
	plain_len = len - APIKEY_GCM_TAG_SIZE;
	if (plain_len > INT_MAX)
		return APIKEY_LIBCRYPTO_FAILED;

	/* The control function only reads the tag, though it is not const. */
	if (gcm_start(APIKEY_DECRYPT, key, nonce, ad, ad_count) &&
		feed(sealed, plain_len, out) &&
		EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_AEAD_SET_TAG,
							APIKEY_GCM_TAG_SIZE,
							(void *) (sealed + plain_len)) == 1)
		result = gcm_finish() ? APIKEY_OK : APIKEY_UNOPENED;

	apikey_cipher_clean_up(&cipher, result == APIKEY_OK);
	if (result != APIKEY_OK && plain_len > 0)
		apikey_wipe(out, plain_len);
	return result;
}
