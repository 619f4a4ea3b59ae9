/*-------------------------------------------------------------------------
 *
 * xaes.c
 *		XAES-256-GCM (c2sp.org/XAES-256-GCM).
 *
 * The key of a message is derived by the counter-mode KDF of NIST SP 800-108
 * over AES-256-CMAC.  Both blocks of the CMAC are full, so that each takes one
 * AES call on the block xor K1, the CMAC's subkey.
 *
 * The key of a message lives on the stack for one call and is wiped before it
 * returns.  libcrypto's error queue is left empty.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "cipher.h"
#include "gcm.h"
#include "wipe.h"
#include "xaes.h"

#define BLOCK_SIZE	APIKEY_XAES_BLOCK_SIZE

/* Bytes of the nonce that go into the derivation; the rest is GCM's. */
#define DERIVED_NONCE_SIZE	(APIKEY_XAES_NONCE_SIZE - APIKEY_GCM_NONCE_SIZE)

/* A block at a time. */
static ApikeyCipher aes =
{
	.name = "AES-256-ECB"
};

/* Encrypt len bytes, a multiple of the block, each block by itself. */
static bool
encrypt_blocks(const uint8_t *key, const uint8_t *in, int len, uint8_t *out)
{
	int			written;
	bool		ok = apikey_cipher_start(&aes, APIKEY_ENCRYPT, key, NULL) &&
	EVP_CipherUpdate(aes.context, out, &written, in, len) == 1 &&
	written == len;

	apikey_cipher_clean_up(&aes, ok);
	return ok;
}

/* Double L in CMAC's field, without a branch on its bits. */
static void
make_k1(const uint8_t *l, uint8_t *k1)
{
	int			i;

	for (i = 0; i < BLOCK_SIZE - 1; i++)
		k1[i] = (uint8_t) (l[i] << 1 | l[i + 1] >> 7);
	k1[i] = (uint8_t) (l[i] << 1 ^ (0x87 & -(l[0] >> 7)));
}

bool
apikey_xaes_init(ApikeyXaes *xaes, const uint8_t *key)
{
	static const uint8_t zeros[BLOCK_SIZE];
	uint8_t		l[BLOCK_SIZE] = {0};
	bool		ok = encrypt_blocks(key, zeros, BLOCK_SIZE, l);

	memcpy(xaes->key, key, APIKEY_XAES_KEY_SIZE);
	make_k1(l, xaes->k1);
	apikey_wipe(l, sizeof(l));
	if (!ok)
		apikey_wipe(xaes, sizeof(*xaes));
	return ok;
}

/* Derive the key of a message from the first half of its nonce. */
static bool
xaes_derive(const ApikeyXaes *xaes, const uint8_t *nonce, uint8_t *key)
{
	uint8_t		blocks[2 * BLOCK_SIZE] = {0};
	bool		ok;

	/* counter (2 bytes), label, separator, context */
	for (int i = 0; i < 2; i++)
	{
		uint8_t    *block = blocks + i * BLOCK_SIZE;

		block[1] = (uint8_t) (i + 1);
		block[2] = 'X';
		memcpy(block + 4, nonce, DERIVED_NONCE_SIZE);
	}
	for (int i = 0; i < 2 * BLOCK_SIZE; i++)
		blocks[i] ^= xaes->k1[i % BLOCK_SIZE];

	ok = encrypt_blocks(xaes->key, blocks, sizeof(blocks), key);
	apikey_wipe(blocks, sizeof(blocks));
	return ok;
}

ApikeyResult
apikey_xaes_seal(const ApikeyXaes *xaes, const uint8_t *nonce,
				 const ApikeySpan *ad, int ad_count,
				 const uint8_t *plain, size_t len, uint8_t *out)
{
	uint8_t		key[APIKEY_GCM_KEY_SIZE];
	ApikeyResult result = APIKEY_LIBCRYPTO_FAILED;

	if (xaes_derive(xaes, nonce, key))
		result = apikey_gcm_seal(key, nonce + DERIVED_NONCE_SIZE, ad, ad_count,
								 plain, len, out);
	else
		apikey_wipe(out, len + APIKEY_XAES_TAG_SIZE);
	apikey_wipe(key, sizeof(key));
	return result;
}

ApikeyResult
apikey_xaes_open(const ApikeyXaes *xaes, const uint8_t *nonce,
				 const ApikeySpan *ad, int ad_count,
				 const uint8_t *sealed, size_t len, uint8_t *out)
{
	uint8_t		key[APIKEY_GCM_KEY_SIZE];
	ApikeyResult result = APIKEY_LIBCRYPTO_FAILED;

	if (len < APIKEY_XAES_TAG_SIZE)
		return APIKEY_MALFORMED;
	if (xaes_derive(xaes, nonce, key))
		result = apikey_gcm_open(key, nonce + DERIVED_NONCE_SIZE, ad, ad_count,
								 sealed, len, out);
	else if (len > APIKEY_XAES_TAG_SIZE)
		apikey_wipe(out, len - APIKEY_XAES_TAG_SIZE);
	apikey_wipe(key, sizeof(key));
	return result;
}
