/*-------------------------------------------------------------------------
 *
 * cipher.c
 *		A cipher of libcrypto: its context, kept between messages without a key.
 *
 * libcrypto allocates contexts in ordinary memory, which a core dump contains.
 * So after each message the context is keyed with zeros, which overwrites the
 * key schedule, or freed, which wipes it.  Naming the cipher again would make
 * libcrypto rebuild the context, so it is named once.
 *
 * What fails leaves errors in libcrypto's queue, so that it is emptied then.
 *
 *-------------------------------------------------------------------------
 */
#include <openssl/err.h>

#include "cipher.h"

static bool
make_context(ApikeyCipher *cipher)
{
	if (cipher->fetched == NULL)
		cipher->fetched = EVP_CIPHER_fetch(NULL, cipher->name, NULL);
	if (cipher->fetched == NULL)
		return false;
	cipher->context = EVP_CIPHER_CTX_new();
	return cipher->context != NULL &&
		EVP_CipherInit_ex2(cipher->context, cipher->fetched, NULL, NULL,
						   APIKEY_ENCRYPT, NULL) == 1;
}

bool
apikey_cipher_start(ApikeyCipher *cipher, ApikeyCipherDirection direction,
					const uint8_t *key, const uint8_t *nonce)
{
	return (cipher->context != NULL || make_context(cipher)) &&
		EVP_CipherInit_ex2(cipher->context, NULL, key, nonce, direction, NULL) == 1;
}

void
apikey_cipher_clean_up(ApikeyCipher *cipher, bool keep)
{
	static const uint8_t zeros[EVP_MAX_KEY_LENGTH];

	if (!keep || EVP_CipherInit_ex2(cipher->context, NULL, zeros, NULL,
									APIKEY_ENCRYPT, NULL) != 1)
	{
		EVP_CIPHER_CTX_free(cipher->context);
		cipher->context = NULL;
		ERR_clear_error();
	}
}
