/*-------------------------------------------------------------------------
 *
 * cbc.h
 *		AES-128-CBC with PKCS#7 padding, from libcrypto; only for Fernet,
 *		which authenticates what it encrypts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_CBC_H
#define APIKEY_CBC_H

#include "result.h"

#define APIKEY_CBC_KEY_SIZE		16
#define APIKEY_CBC_BLOCK_SIZE	16	/* and of the initialization vector */

/* Size of len bytes with their padding, of which there is always some. */
#define APIKEY_CBC_PADDED_SIZE(len) \
	((len) + APIKEY_CBC_BLOCK_SIZE - (len) % APIKEY_CBC_BLOCK_SIZE)

/* out gets APIKEY_CBC_PADDED_SIZE(len) bytes; wiped on failure. */
extern ApikeyResult apikey_cbc_encrypt(const uint8_t *key, const uint8_t *iv,
									   const uint8_t *plain, size_t len,
									   uint8_t *out);

/*
 * len is a positive multiple of the block size (else APIKEY_MALFORMED), and
 * out has room for len bytes; *plain_len gets their number without padding.
 * The rest of out is wiped, and all of it on failure.  APIKEY_UNOPENED: the
 * padding is invalid.
 */
extern ApikeyResult apikey_cbc_decrypt(const uint8_t *key, const uint8_t *iv,
									   const uint8_t *sealed, size_t len,
									   uint8_t *out, size_t *plain_len);

#endif							/* APIKEY_CBC_H */
