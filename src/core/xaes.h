/*-------------------------------------------------------------------------
 *
 * xaes.h
 *		XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM with a key derived
 *		for each message, so that random 192-bit nonces need no counting.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_XAES_H
#define APIKEY_XAES_H

#include "result.h"

#define APIKEY_XAES_KEY_SIZE	32
#define APIKEY_XAES_NONCE_SIZE	24
#define APIKEY_XAES_TAG_SIZE	16

/* The second byte of everything that is sealed with it. */
#define APIKEY_SUITE_XAES_256_GCM	1

/* What does not depend on the message: the AES key schedule and K1. */
typedef struct ApikeyXaes ApikeyXaes;

/*
 * Prepare a key of 32 bytes; NULL if libcrypto fails.  The caller keeps
 * and wipes its own copy of the bytes, and frees the result with
 * apikey_xaes_free(), which wipes it (NULL is allowed there).
 */
extern ApikeyXaes *apikey_xaes_new(const uint8_t *key);
extern void apikey_xaes_free(ApikeyXaes *xaes);

/* As apikey_gcm_seal() and apikey_gcm_open(), with a nonce of 24 bytes. */
extern ApikeyResult apikey_xaes_seal(ApikeyXaes *xaes, const uint8_t *nonce,
									 const ApikeySpan *ad, int ad_count,
									 const uint8_t *plain, size_t len,
									 uint8_t *out);
extern ApikeyResult apikey_xaes_open(ApikeyXaes *xaes, const uint8_t *nonce,
									 const ApikeySpan *ad, int ad_count,
									 const uint8_t *sealed, size_t len,
									 uint8_t *out);

#endif							/* APIKEY_XAES_H */
