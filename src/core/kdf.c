/*-------------------------------------------------------------------------
 *
 * kdf.c
 *		HKDF-SHA-256 and HMAC-SHA-256, from libcrypto.
 *
 * The fetched algorithms and one HMAC context are kept for the life of the
 * process.  The context holds no key between calls: it is keyed with zeros
 * afterwards, and dropped (the next call makes another) when any call to
 * libcrypto fails.  Derivations are rare, so each has a context of its
 * own.  libcrypto's error queue is left empty.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "kdf.h"
#include "wipe.h"

static EVP_KDF *hkdf = NULL;
static EVP_MAC *hmac = NULL;
static EVP_MAC_CTX *hmac_context = NULL;

/* libcrypto only reads these, though they are not const. */
static char digest_name[] = "SHA256";

static bool
kdf_derive(EVP_KDF_CTX *context, const uint8_t *key, size_t key_len,
		   const char *info, uint8_t *out, size_t out_len)
{
	OSSL_PARAM	params[4];

	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
												 digest_name, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
												  (void *) key, key_len);
	params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
												  (void *) info, strlen(info));
	params[3] = OSSL_PARAM_construct_end();
	return EVP_KDF_derive(context, out, out_len, params) == 1;
}

ApikeyResult
apikey_hkdf(const uint8_t *key, size_t key_len, const char *info,
			uint8_t *out, size_t out_len)
{
	EVP_KDF_CTX *context = NULL;
	bool		ok = false;

	if (hkdf == NULL)
		hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	if (hkdf != NULL)
		context = EVP_KDF_CTX_new(hkdf);
	if (context != NULL)
		ok = kdf_derive(context, key, key_len, info, out, out_len);

	/* Freeing it wipes its copy of the key. */
	EVP_KDF_CTX_free(context);
	ERR_clear_error();
	if (ok)
		return APIKEY_OK;
	apikey_wipe(out, out_len);
	return APIKEY_LIBCRYPTO_FAILED;
}

/* Create the HMAC context and set its digest. */
static bool
make_hmac_context(void)
{
	OSSL_PARAM	params[2];

	if (hmac == NULL)
		hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (hmac == NULL)
		return false;
	hmac_context = EVP_MAC_CTX_new(hmac);
	if (hmac_context == NULL)
		return false;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
												 digest_name, 0);
	params[1] = OSSL_PARAM_construct_end();
	return EVP_MAC_CTX_set_params(hmac_context, params) == 1;
}

static bool
compute_hmac(const uint8_t *key, size_t key_len, const ApikeySpan *spans, int count,
			 uint8_t *out)
{
	size_t		written;

	if ((hmac_context == NULL && !make_hmac_context()) ||
		EVP_MAC_init(hmac_context, key, key_len, NULL) != 1)
		return false;
	for (int i = 0; i < count; i++)
	{
		if (spans[i].len > 0 &&
			EVP_MAC_update(hmac_context, spans[i].data, spans[i].len) != 1)
			return false;
	}
	return EVP_MAC_final(hmac_context, out, &written, APIKEY_SHA256_SIZE) == 1 &&
		written == APIKEY_SHA256_SIZE;
}

ApikeyResult
apikey_hmac(const uint8_t *key, size_t key_len, const void *data, size_t len,
			uint8_t *out)
{
	const ApikeySpan span = {data, len};

	return apikey_hmac_spans(key, key_len, &span, 1, out);
}

ApikeyResult
apikey_hmac_spans(const uint8_t *key, size_t key_len, const ApikeySpan *spans,
				  int count, uint8_t *out)
{
	static const uint8_t zeros[APIKEY_SHA256_SIZE];
	bool		ok = compute_hmac(key, key_len, spans, count, out);

	if (!ok || EVP_MAC_init(hmac_context, zeros, sizeof(zeros), NULL) != 1)
	{
		EVP_MAC_CTX_free(hmac_context);
		hmac_context = NULL;
		ERR_clear_error();
	}
	if (ok)
		return APIKEY_OK;
	apikey_wipe(out, APIKEY_SHA256_SIZE);
	return APIKEY_LIBCRYPTO_FAILED;
}
