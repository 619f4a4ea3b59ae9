/*-------------------------------------------------------------------------
 *
 * keys.h
 *		Master keys, data keys, and wrapping the latter with the former.
 *
 * Neither raw key is kept: from a master key a wrapping key and an id are
 * derived, from a data key an encryption key and a fingerprint key, each by
 * HKDF under its own label (doc/format.md).  Both structs lie in the protected
 * memory of secret.h, and are wiped when freed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEYS_H
#define APIKEY_KEYS_H

#include "xaes.h"

#define APIKEY_KEY_SIZE				32	/* a raw master or data key */
#define APIKEY_MASTER_ID_SIZE		8
#define APIKEY_DATA_KEY_ID_SIZE		16	/* a random uuid */
#define APIKEY_FINGERPRINT_SIZE		16

#define APIKEY_WRAP_VERSION			1

/* version, suite, master key id, nonce, sealed data key with its tag */
#define APIKEY_WRAP_HEADER_SIZE		(2 + APIKEY_MASTER_ID_SIZE)
#define APIKEY_WRAPPED_SIZE \
	(APIKEY_WRAP_HEADER_SIZE + APIKEY_XAES_NONCE_SIZE + \
	 APIKEY_KEY_SIZE + APIKEY_XAES_TAG_SIZE)

typedef struct ApikeyMasterKey
{
	uint8_t		id[APIKEY_MASTER_ID_SIZE];	/* safe to show */
	ApikeyXaes	wrap;
	uint8_t		nonce[APIKEY_KEY_SIZE]; /* of the HMAC that makes nonces */
} ApikeyMasterKey;

typedef struct ApikeyDataKey
{
	uint8_t		id[APIKEY_DATA_KEY_ID_SIZE];
	ApikeyXaes	encrypt;
	uint8_t		nonce[APIKEY_KEY_SIZE]; /* of the HMAC that makes nonces */
	uint8_t		fingerprint[APIKEY_KEY_SIZE];	/* of the HMAC of values */
} ApikeyDataKey;

/*
 * Concatenate spans, each preceded by its length (four bytes, big-endian), so
 * that no two lists give the same bytes.  *data is malloc'ed; false if memory
 * runs out.
 */
extern bool apikey_pack(const ApikeySpan *spans, int count,
						uint8_t **data, size_t *len);

/*
 * Have libcrypto find the algorithms, so that processes that are forked later need
 * not: a third of a millisecond each.  There are no keys yet.
 */
extern void apikey_keys_warm_up(void);

/* Derive from 32 raw bytes, which the caller wipes; NULL on failure. */
extern ApikeyMasterKey *apikey_master_key_new(const uint8_t *raw);
extern void apikey_master_key_free(ApikeyMasterKey *key);

extern ApikeyDataKey *apikey_data_key_new(const uint8_t *id,
										  const uint8_t *raw);
extern void apikey_data_key_free(ApikeyDataKey *key);

/*
 * Make a nonce for message in context, with a key of one of the structs:
 * HMAC-SHA-256 of random, both of them, truncated.  random: 24 bytes; were they
 * ever repeated (by two copies of a virtual machine, say), different messages
 * would still have different nonces.  nonce gets 24 bytes (wiped on failure).
 */
extern ApikeyResult apikey_make_nonce(const uint8_t *key, const uint8_t *random,
									  ApikeySpan context, ApikeySpan message,
									  uint8_t *nonce);

/*
 * Wrap the raw data key with the master key; purpose ("value" or "column")
 * and the data key's id are authenticated.  nonce: 24 bytes, never used before,
 * of apikey_wrap_nonce().  wrapped gets APIKEY_WRAPPED_SIZE bytes (wiped on
 * failure).
 */
extern ApikeyResult apikey_data_key_wrap(const ApikeyMasterKey *master,
										 const uint8_t *id,
										 const char *purpose,
										 const uint8_t *nonce,
										 const uint8_t *raw,
										 uint8_t *wrapped);

/* A nonce for it: see apikey_make_nonce(). */
extern ApikeyResult apikey_wrap_nonce(const ApikeyMasterKey *master,
									  const uint8_t *id, const char *purpose,
									  const uint8_t *random, const uint8_t *raw,
									  uint8_t *nonce);

/*
 * Open a wrap; raw gets 32 bytes, which the caller wipes (wiped here on
 * failure).  APIKEY_MALFORMED: not a wrap.  APIKEY_UNOPENED: wrapped with another
 * master key, for another id or purpose, or altered.
 */
extern ApikeyResult apikey_data_key_unwrap(const ApikeyMasterKey *master,
										   const uint8_t *id,
										   const char *purpose,
										   const uint8_t *wrapped, size_t len,
										   uint8_t *raw);

/* The id of the master key of a wrap; NULL if it is not a wrap. */
extern const uint8_t *apikey_wrap_master_id(const uint8_t *wrapped, size_t len);

/* HMAC-SHA-256 of a value, truncated to APIKEY_FINGERPRINT_SIZE bytes. */
extern ApikeyResult apikey_data_key_fingerprint(const ApikeyDataKey *key,
												const void *value, size_t len,
												uint8_t *out);

#endif							/* APIKEY_KEYS_H */
