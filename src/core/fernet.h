/*-------------------------------------------------------------------------
 *
 * fernet.h
 *		Fernet tokens (github.com/fernet/spec), as Python's "cryptography"
 *		makes and takes them.
 *
 * Neither clock nor randomness is in here: time and initialization vector
 * are arguments.
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

/* Its halves are used as they are: Fernet derives nothing. */
typedef struct ApikeyFernetKey
{
	uint8_t		id[APIKEY_FERNET_ID_SIZE];	/* safe to show */
	uint8_t		signing[APIKEY_FERNET_SIGN_SIZE];
	uint8_t		encryption[APIKEY_CBC_KEY_SIZE];
} ApikeyFernetKey;

/* A token, taken apart; points into the buffer of whoever had it parsed. */
typedef struct ApikeyFernetToken
{
	const uint8_t *data;
	size_t		len;
	uint64_t	time;			/* seconds since 1970; not yet authenticated */
	size_t		room;			/* bytes that its value takes at most */
} ApikeyFernetToken;

typedef enum ApikeyFernetAge
{
	APIKEY_FERNET_FRESH,
	APIKEY_FERNET_EXPIRED,
	APIKEY_FERNET_FUTURE
} ApikeyFernetAge;

/* Of 32 raw bytes, which the caller wipes; malloc'ed, NULL on failure. */
extern ApikeyFernetKey *apikey_fernet_key_new(const uint8_t *raw);
extern void apikey_fernet_key_free(ApikeyFernetKey *key);

/* Characters of the token of a value of len bytes. */
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
 * Take a token apart into buffer, which has room for
 * apikey_base64_decoded_size(len) bytes.  Takes each text that Python's
 * Fernet takes: see apikey_base64_decode_lenient().  APIKEY_MALFORMED for
 * what no key could open.
 */
extern ApikeyResult apikey_fernet_parse(const char *text, size_t len,
										uint8_t *buffer,
										ApikeyFernetToken *token);

/*
 * Authenticate, then decrypt into value, which has token->room bytes; those
 * behind *len are wiped, and all of them on failure.  APIKEY_UNOPENED:
 * another key's, or altered, with nothing to tell which.
 */
extern ApikeyResult apikey_fernet_open(const ApikeyFernetKey *key,
									   const ApikeyFernetToken *token,
									   uint8_t *value, size_t *len);

/* Is the time of an authenticated token within max_age seconds of now? */
extern ApikeyFernetAge apikey_fernet_age(uint64_t time, uint64_t now,
										 uint64_t max_age);

#endif							/* APIKEY_FERNET_H */
