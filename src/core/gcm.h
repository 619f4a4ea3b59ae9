/*-------------------------------------------------------------------------
 *
 * gcm.h
 *		AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce and a 128-bit tag,
 *		from libcrypto.
 *
 * The fetched cipher and one context are kept for the life of the process;
 * each call sets its own key and leaves none behind.  libcrypto counts in
 * int: more than INT_MAX bytes give APIKEY_LIBCRYPTO_FAILED.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_GCM_H
#define APIKEY_GCM_H

#include "result.h"

#define APIKEY_GCM_KEY_SIZE		32
#define APIKEY_GCM_NONCE_SIZE	12
#define APIKEY_GCM_TAG_SIZE		16

/*
 * Encrypt len bytes of plain with key and nonce, with the spans of ad as
 * associated data, one after the other.  out gets len + 16 bytes: ciphertext,
 * then tag; it is wiped on failure.
 */
extern ApikeyResult apikey_gcm_seal(const uint8_t *key, const uint8_t *nonce,
									const ApikeySpan *ad, int ad_count,
									const uint8_t *plain, size_t len,
									uint8_t *out);

/*
 * The reverse: sealed holds len bytes, tag included; out gets len - 16.
 * APIKEY_MALFORMED when len < 16, APIKEY_UNOPENED when the tag does not
 * match; out is wiped on every failure, since libcrypto writes it before it
 * checks the tag.
 */
extern ApikeyResult apikey_gcm_open(const uint8_t *key, const uint8_t *nonce,
									const ApikeySpan *ad, int ad_count,
									const uint8_t *sealed, size_t len,
									uint8_t *out);

#endif							/* APIKEY_GCM_H */
