/*-------------------------------------------------------------------------
 *
 * gcm.c
 *		AES-256-GCM with a 96-bit nonce and a 128-bit tag, from libcrypto.
 *
 * The fetched cipher and one context are kept for the life of the process.
 * Naming the cipher again would make libcrypto rebuild the context, so it is
 * named once.  The context holds no key between calls: it is keyed with
 * zeros afterwards, and dropped (the next call makes another) when any call
 * to libcrypto fails.  libcrypto's error queue is left empty.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "gcm.h"
#include "wipe.h"

/* The last argument but one of EVP_CipherInit_ex2() */
#define OPEN	0
#define SEAL	1

static EVP_CIPHER *cipher = NULL;
static EVP_CIPHER_CTX *context = NULL;

static bool
gcm_make_context(void)
{
	if (cipher == NULL)
		cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (cipher == NULL)
		return false;
	context = EVP_CIPHER_CTX_new();
	return context != NULL &&
		EVP_CipherInit_ex2(context, cipher, NULL, NULL, SEAL, NULL) == 1;
}

/* Process bytes; out is NULL for associated data. */
static bool
feed(const void *data, size_t len, uint8_t *out)
{
	int			written;

	if (len == 0)
		return true;
	return len <= INT_MAX &&
		EVP_CipherUpdate(context, out, &written, data, (int) len) == 1 &&
		written == (int) len;
}

/* Set key and nonce, and process the associated data. */
static bool
gcm_start(int direction, const uint8_t *key, const uint8_t *nonce,
		  const ApikeySpan *ad, int ad_count)
{
	if (context == NULL && !gcm_make_context())
		return false;
	if (EVP_CipherInit_ex2(context, NULL, key, nonce, direction, NULL) != 1)
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

	return EVP_CipherFinal_ex(context, rest, &written) == 1;
}

/* Leave no key behind. */
static void
gcm_clean_up(bool ok)
{
	static const uint8_t zeros[APIKEY_GCM_KEY_SIZE];

	if (!ok || EVP_CipherInit_ex2(context, NULL, zeros, NULL, SEAL, NULL) != 1)
	{
		EVP_CIPHER_CTX_free(context);
		context = NULL;
	}
	ERR_clear_error();
}

ApikeyResult
apikey_gcm_seal(const uint8_t *key, const uint8_t *nonce,
				const ApikeySpan *ad, int ad_count,
				const uint8_t *plain, size_t len, uint8_t *out)
{
	bool		ok;

	if (len > INT_MAX)
		return APIKEY_LIBCRYPTO_FAILED;
	ok = gcm_start(SEAL, key, nonce, ad, ad_count) &&
		feed(plain, len, out) &&
		gcm_finish() &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG,
							APIKEY_GCM_TAG_SIZE, out + len) == 1;
	gcm_clean_up(ok);
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
	if (gcm_start(OPEN, key, nonce, ad, ad_count) &&
		feed(sealed, plain_len, out) &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG,
							APIKEY_GCM_TAG_SIZE,
							(void *) (sealed + plain_len)) == 1)
		result = gcm_finish() ? APIKEY_OK : APIKEY_UNOPENED;

	gcm_clean_up(result == APIKEY_OK);
	if (result != APIKEY_OK && plain_len > 0)
		apikey_wipe(out, plain_len);
	return result;
}
