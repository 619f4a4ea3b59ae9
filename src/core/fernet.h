/*-------------------------------------------------------------------------
 *
 * fernet.h
 *		Fernet tokens (github.com/fernet/spec), as Python's "cryptography"
 *		creates and accepts them.
 *
 * Neither a clock nor randomness is used here: the time and the initialization
 * vector are arguments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_FERNET_H
#define APIKEY_FERNET_H

#include "cbc.h"
#include "keys.h"

#define APIKEY_FERNET_ID_SIZE		APIKEY_MASTER_ID_SIZE
#define APIKEY_FERNET_SIGN_SIZE		16
#define APIKEY_FERNET_CLOCK_SKEW	60	/* seconds that a clock may be ahead */
#define APIKEY_FERNET_MAX_VALUE		((size_t) 1 << 26)

/* The halves of a key are used as they are: Fernet derives nothing. */
typedef struct ApikeyFernetKey
{
	uint8_t		id[APIKEY_FERNET_ID_SIZE];	/* safe to show */
	uint8_t		signing[APIKEY_FERNET_SIGN_SIZE];
	uint8_t		encryption[APIKEY_CBC_KEY_SIZE];
} ApikeyFernetKey;

/* A parsed token; it points into the buffer given to the parser. */
typedef struct ApikeyFernetToken
{
	const uint8_t *data;
	size_t		len;
	uint64_t	time;			/* seconds since 1970; not yet authenticated */
	size_t		room;			/* largest size of its value in bytes */
} ApikeyFernetToken;

typedef enum ApikeyFernetAge
{
	APIKEY_FERNET_FRESH,
	APIKEY_FERNET_EXPIRED,
	APIKEY_FERNET_FUTURE
} ApikeyFernetAge;

/* Of 32 raw bytes, which the caller wipes; NULL on failure. */
extern ApikeyFernetKey *apikey_fernet_key_new(const uint8_t *raw);
extern void apikey_fernet_key_free(ApikeyFernetKey *key);

/* Number of characters of the token of a value of len bytes. */
extern size_t apikey_fernet_token_size(size_t len);

/*
 * Write apikey_fernet_token_size(len) characters, without a terminating zero
 * (wiped on failure).  iv: 16 random bytes, never used before.
 * APIKEY_MALFORMED: the value is longer than APIKEY_FERNET_MAX_VALUE.
 */
extern ApikeyResult apikey_fernet_seal(const ApikeyFernetKey *key,
									   uint64_t time, const uint8_t *iv,
									   const void *value, size_t len,
									   char *token);

/*
 * Parse a token into buffer, which has room for
 * apikey_base64_decoded_size(len) bytes.  Accepts each text that Python's
 * Fernet accepts: see apikey_base64_decode_lenient().  APIKEY_MALFORMED: no
 * key could open it.
 */
extern ApikeyResult apikey_fernet_parse(const char *text, size_t len,
										uint8_t *buffer,
										ApikeyFernetToken *token);

/*
 * Authenticate, then decrypt into value, which has token->room bytes; those
 * after *len are wiped, and all of them on failure.  APIKEY_UNOPENED: made
 * with another key, or altered; which of these is not known.
 */
extern ApikeyResult apikey_fernet_open(const ApikeyFernetKey *key,
									   const ApikeyFernetToken *token,
									   uint8_t *value, size_t *len);

/* Is the time of an authenticated token within max_age seconds of now? */
extern ApikeyFernetAge apikey_fernet_age(uint64_t time, uint64_t now,
										 uint64_t max_age);

#endif							/* APIKEY_FERNET_H */
