/*-------------------------------------------------------------------------
 *
 * cbc.c
 *		AES-128-CBC with PKCS#7 padding, from libcrypto.
 *
 * The fetched cipher is kept for the life of the process; each call has a
 * context of its own, and freeing it wipes key and plaintext.
 * libcrypto's error queue is left empty.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "cbc.h"
#include "wipe.h"

/* The last argument but one of EVP_CipherInit_ex2() */
#define DECRYPT	0
#define ENCRYPT	1

static EVP_CIPHER *cipher = NULL;
static EVP_CIPHER_CTX *context = NULL;

static bool
cbc_make_context(void)
{
	if (cipher == NULL)
		cipher = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	if (cipher == NULL)
		return false;
	context = EVP_CIPHER_CTX_new();
	return context != NULL &&
		EVP_CipherInit_ex2(context, cipher, NULL, NULL, ENCRYPT, NULL) == 1;
}

/* Process all bytes but the last block; *done gets the number written. */
static bool
cbc_start(int direction, const uint8_t *key, const uint8_t *iv,
		  const uint8_t *in, size_t len, uint8_t *out, size_t *done)
{
	int			written = 0;

	if (len > INT_MAX - APIKEY_CBC_BLOCK_SIZE ||
		(context == NULL && !cbc_make_context()) ||
		EVP_CipherInit_ex2(context, NULL, key, iv, direction, NULL) != 1 ||
		(len > 0 &&
		 EVP_CipherUpdate(context, out, &written, in, (int) len) != 1))
		return false;
	*done = (size_t) written;
	return true;
}

/*
 * Leave neither key nor plaintext behind: a context keeps its last block until
 * it is freed, which wipes it.
 */
static void
cbc_clean_up(void)
{
	EVP_CIPHER_CTX_free(context);
	context = NULL;
	ERR_clear_error();
}

ApikeyResult
apikey_cbc_encrypt(const uint8_t *key, const uint8_t *iv,
				   const uint8_t *plain, size_t len, uint8_t *out)
{
	size_t		done;
	int			last;
	bool		ok;

	ok = cbc_start(ENCRYPT, key, iv, plain, len, out, &done) &&
		EVP_CipherFinal_ex(context, out + done, &last) == 1 &&
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

	if (cbc_start(DECRYPT, key, iv, sealed, len, out, &done))
		result = EVP_CipherFinal_ex(context, block, &last) == 1 ?
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
