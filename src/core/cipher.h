/*-------------------------------------------------------------------------
 *
 * cipher.h
 *		A cipher of libcrypto: its context, kept between messages without a key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_CIPHER_H
#define APIKEY_CIPHER_H

#include <openssl/evp.h>

#include "result.h"

/* A static variable for each cipher; only name is given. */
typedef struct ApikeyCipher
{
	const char *name;
	EVP_CIPHER *fetched;		/* for the life of the process */
	EVP_CIPHER_CTX *context;	/* NULL: the next message makes one */
} ApikeyCipher;

typedef enum ApikeyCipherDirection
{
	APIKEY_DECRYPT = 0,			/* as EVP_CipherInit_ex2() has it */
	APIKEY_ENCRYPT = 1
} ApikeyCipherDirection;

/* Set key and nonce (or initialization vector) of a message; NULL: it has none. */
extern bool apikey_cipher_start(ApikeyCipher *cipher,
								ApikeyCipherDirection direction,
								const uint8_t *key, const uint8_t *nonce);

/*
 * To be called after each message: leaves no key in the context, and libcrypto's
 * error queue empty.  The context stays if keep; a context that failed, or that
 * has more secrets than the key, must not.
 */
extern void apikey_cipher_clean_up(ApikeyCipher *cipher, bool keep);

#endif							/* APIKEY_CIPHER_H */
