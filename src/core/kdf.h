/*-------------------------------------------------------------------------
 *
 * kdf.h
 *		HKDF-SHA-256 (RFC 5869) and HMAC-SHA-256 (RFC 2104), from libcrypto.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KDF_H
#define APIKEY_KDF_H

#include "result.h"

#define APIKEY_SHA256_SIZE	32

/*
 * Derive out_len bytes from a key of key_len bytes for the purpose that info
 * (a zero-terminated string) names; no salt.  out is wiped on failure.
 */
extern ApikeyResult apikey_hkdf(const uint8_t *key, size_t key_len,
								const char *info,
								uint8_t *out, size_t out_len);

/* Of some data; out gets APIKEY_SHA256_SIZE bytes; wiped on failure. */
extern ApikeyResult apikey_hmac(const uint8_t *key, size_t key_len,
								const void *data, size_t len, uint8_t *out);

/* Of the concatenation of spans. */
extern ApikeyResult apikey_hmac_spans(const uint8_t *key, size_t key_len,
									  const ApikeySpan *spans, int count,
									  uint8_t *out);

#endif							/* APIKEY_KDF_H */
