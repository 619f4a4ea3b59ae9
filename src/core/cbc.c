/*-------------------------------------------------------------------------
 *
 * cbc.c
 *		AES-128-CBC with PKCS#7 padding, from libcrypto.
 *
 * The fetched cipher is kept for the life of the process; each call has a
 * context of its own, which takes key and plaintext with it when it is freed.
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
make_context(void)
{
	if (cipher == NULL)
		cipher = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	if (cipher == NULL)
		return false;
	context = EVP_CIPHER_CTX_new();
	return context != NULL &&
		EVP_CipherInit_ex2(context, cipher, NULL, NULL, ENCRYPT, NULL) == 1;
}

/* Pass all bytes but the last block; *done gets what was written. */
static bool
start(int direction, const uint8_t *key, const uint8_t *iv,
	  const uint8_t *in, size_t len, uint8_t *out, size_t *done)
{
	int			written = 0;

	if (len > INT_MAX - APIKEY_CBC_BLOCK_SIZE ||
		(context == NULL && !make_context()) ||
		EVP_CipherInit_ex2(context, NULL, key, iv, direction, NULL) != 1 ||
		(len > 0 &&
		 EVP_CipherUpdate(context, out, &written, in, (int) len) != 1))
		return false;
	*done = (size_t) written;
	return true;
}

/*
 * Leave neither key nor plaintext behind: a context keeps its last block, and
 * freeing it is what wipes that.
 */
static void
clean_up(void)
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

	ok = start(ENCRYPT, key, iv, plain, len, out, &done) &&
		EVP_CipherFinal_ex(context, out + done, &last) == 1 &&
		done + (size_t) last == APIKEY_CBC_PADDED_SIZE(len);
	clean_up();
	if (ok)
		return APIKEY_OK;
	apikey_wipe(out, APIKEY_CBC_PADDED_SIZE(len));
	return APIKEY_LIBCRYPTO_FAILED;
}

/*
 * The last block goes through a buffer of its own: libcrypto may write a
 * whole one there before it looks at the padding.
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

	if (start(DECRYPT, key, iv, sealed, len, out, &done))
		result = EVP_CipherFinal_ex(context, block, &last) == 1 ?
			APIKEY_OK : APIKEY_UNOPENED;
	clean_up();
	if (result == APIKEY_OK)
	{
		memcpy(out + done, block, (size_t) last);
		*plain_len = done + (size_t) last;
	}
	apikey_wipe(block, sizeof(block));
	apikey_wipe(out + *plain_len, len - *plain_len);
	return result;
}
