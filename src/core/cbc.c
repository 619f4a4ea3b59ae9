/*-------------------------------------------------------------------------
 *
 * cbc.c
 *		AES-128-CBC with PKCS#7 padding, from libcrypto.
 *
 * libcrypto's error queue is left empty.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <string.h>

#include "cbc.h"
#include "cipher.h"
#include "wipe.h"

static ApikeyCipher cipher =
{
	.name = "AES-128-CBC"
};

/* Process all bytes but the last block; *done gets the number written. */
static bool
cbc_start(ApikeyCipherDirection direction, const uint8_t *key, const uint8_t *iv,
		  const uint8_t *in, size_t len, uint8_t *out, size_t *done)
{
	int			written = 0;

	if (len > INT_MAX - APIKEY_CBC_BLOCK_SIZE ||
		!apikey_cipher_start(&cipher, direction, key, iv) ||
		(len > 0 &&
		 EVP_CipherUpdate(cipher.context, out, &written, in, (int) len) != 1))
		return false;
	*done = (size_t) written;
	return true;
}

/* A context keeps its last block of plaintext until it is freed. */
static void
cbc_clean_up(void)
{
	apikey_cipher_clean_up(&cipher, false);
}

ApikeyResult
apikey_cbc_encrypt(const uint8_t *key, const uint8_t *iv,
				   const uint8_t *plain, size_t len, uint8_t *out)
{
	size_t		done;
	int			last;
	bool		ok;

	ok = cbc_start(APIKEY_ENCRYPT, key, iv, plain, len, out, &done) &&
		EVP_CipherFinal_ex(cipher.context, out + done, &last) == 1 &&
		done + (size_t) last == APIKEY_CBC_PADDED_SIZE(len);
	cbc_clean_up();
	if (ok)
		return APIKEY_OK;
	apikey_wipe(out, APIKEY_CBC_PADDED_SIZE(len));
	return APIKEY_LIBCRYPTO_FAILED;
}

/*
 * The last block is decrypted into a buffer of its own: libcrypto may write a
 * whole block before it checks the padding.
 */
ApikeyResult
apikey_cbc_decrypt(const uint8_t *key, const uint8_t *iv,
				   const uint8_t *sealed, size_t len,
				   uint8_t *out, size_t *plain_len)
{
	ApikeyResult result = APIKEY_LIBCRYPTO_FAILED;
	uint8_t		block[EVP_MAX_BLOCK_LENGTH];
	size_t		done = 0;
	int			last = 0;

	*plain_len = 0;
	if (len == 0 || len % APIKEY_CBC_BLOCK_SIZE != 0)
		return APIKEY_MALFORMED;

	if (cbc_start(APIKEY_DECRYPT, key, iv, sealed, len, out, &done))
		result = EVP_CipherFinal_ex(cipher.context, block, &last) == 1 ?
			APIKEY_OK : APIKEY_UNOPENED;
	cbc_clean_up();
	if (result == APIKEY_OK)
	{
		memcpy(out + done, block, (size_t) last);
		*plain_len = done + (size_t) last;
	}
	apikey_wipe(block, sizeof(block));
	apikey_wipe(out + *plain_len, len - *plain_len);
	return result;
}
