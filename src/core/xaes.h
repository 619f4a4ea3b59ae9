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

#define APIKEY_XAES_BLOCK_SIZE	16

/*
 * A key and what is derived from it, both secret.  It lies in memory of the
 * caller, who wipes it: see secret.h.
 */
typedef struct ApikeyXaes
{
	uint8_t		key[APIKEY_XAES_KEY_SIZE];
	uint8_t		k1[APIKEY_XAES_BLOCK_SIZE]; /* the CMAC's subkey */
} ApikeyXaes;

/* Prepare a key of 32 bytes; false, and xaes is wiped, if libcrypto fails. */
extern bool apikey_xaes_init(ApikeyXaes *xaes, const uint8_t *key);

/* As apikey_gcm_seal() and apikey_gcm_open(), with a nonce of 24 bytes. */
extern ApikeyResult apikey_xaes_seal(const ApikeyXaes *xaes, const uint8_t *nonce,
									 const ApikeySpan *ad, int ad_count,
									 const uint8_t *plain, size_t len,
									 uint8_t *out);
extern ApikeyResult apikey_xaes_open(const ApikeyXaes *xaes, const uint8_t *nonce,
									 const ApikeySpan *ad, int ad_count,
									 const uint8_t *sealed, size_t len,
									 uint8_t *out);

#endif							/* APIKEY_XAES_H */
