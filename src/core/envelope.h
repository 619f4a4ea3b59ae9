/*-------------------------------------------------------------------------
 *
 * envelope.h
 *		The envelope: an encrypted value as it is stored (doc/format.md).
 *
 *		version (1), suite (1), data key id (16), nonce (24),
 *		ciphertext (as long as the value), tag (16)
 *
 * Its text form is "ak1." and the bytes in base64url.  The header (version,
 * suite, data key id) and the context are authenticated.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ENVELOPE_H
#define APIKEY_ENVELOPE_H

#include "keys.h"

#define APIKEY_ENVELOPE_VERSION		1

#define APIKEY_ENVELOPE_HEADER_SIZE	(2 + APIKEY_DATA_KEY_ID_SIZE)
#define APIKEY_ENVELOPE_OVERHEAD \
	(APIKEY_ENVELOPE_HEADER_SIZE + APIKEY_XAES_NONCE_SIZE + \
	 APIKEY_XAES_TAG_SIZE)

/* The largest value; the text form of its envelope fits in a field. */
#define APIKEY_ENVELOPE_MAX_VALUE	((size_t) 64 * 1024 * 1024)

#define APIKEY_ENVELOPE_TEXT_PREFIX	"ak1."

/* What a value belongs to; see apikey_context_*(). */
typedef struct ApikeyContext
{
	uint8_t    *data;			/* malloc'ed by the core */
	size_t		len;
} ApikeyContext;

/*
 * The context of a stored key: user id, id (16 bytes), type and name, each
 * preceded by its length.  False if memory runs out.  Not secret.
 */
extern bool apikey_context_value(ApikeyContext *context,
								 ApikeySpan user_id, const uint8_t *id,
								 ApikeySpan key_type, ApikeySpan name);

/* The context of a value in another table: a text that the caller chooses. */
extern bool apikey_context_column(ApikeyContext *context, ApikeySpan name);

extern void apikey_context_free(ApikeyContext *context);

/* Is it well-formed: length, version, a known suite? */
extern bool apikey_envelope_is_valid(const uint8_t *envelope, size_t len);

/* The data key's id (16 bytes) of a well-formed envelope. */
extern const uint8_t *apikey_envelope_data_key_id(const uint8_t *envelope);

/* A nonce for apikey_envelope_seal(): see apikey_make_nonce(). */
extern ApikeyResult apikey_envelope_nonce(const ApikeyDataKey *key,
										  const ApikeyContext *context,
										  const uint8_t *random,
										  const void *value, size_t len,
										  uint8_t *nonce);

/*
 * Seal a value.  nonce: 24 bytes, never used before, of
 * apikey_envelope_nonce().  envelope has
 * room for len + APIKEY_ENVELOPE_OVERHEAD bytes, all of them written (wiped
 * on failure).  APIKEY_MALFORMED, and nothing written, when the value is
 * longer than APIKEY_ENVELOPE_MAX_VALUE.
 */
extern ApikeyResult apikey_envelope_seal(const ApikeyDataKey *key,
										 const ApikeyContext *context,
										 const uint8_t *nonce,
										 const void *value, size_t len,
										 uint8_t *envelope);

/*
 * Open an envelope; value has room for len - APIKEY_ENVELOPE_OVERHEAD bytes,
 * all of them written (wiped on failure).  APIKEY_MALFORMED: not an
 * envelope.  APIKEY_UNOPENED: sealed with another data key or context, or
 * altered.
 */
extern ApikeyResult apikey_envelope_open(const ApikeyDataKey *key,
										 const ApikeyContext *context,
										 const uint8_t *envelope, size_t len,
										 void *value);

/* Number of characters of the text form of an envelope of len bytes. */
extern size_t apikey_envelope_text_size(size_t len);

/* Write exactly that many characters, without a terminating zero. */
extern void apikey_envelope_to_text(const uint8_t *envelope, size_t len,
									char *text);

/*
 * Read the text form.  envelope has room for apikey_base64_decoded_size(len)
 * bytes; *envelope_len gets the number written.  APIKEY_MALFORMED for
 * anything but a well-formed envelope.
 */
extern ApikeyResult apikey_envelope_from_text(const char *text, size_t len,
											  uint8_t *envelope,
											  size_t *envelope_len);

#endif							/* APIKEY_ENVELOPE_H */
