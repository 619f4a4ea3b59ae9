/*-------------------------------------------------------------------------
 *
 * xaes_test.c
 *		XAES-256-GCM against the vectors of its specification
 *		(c2sp.org/XAES-256-GCM): two, and 10,000 accumulated.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base64.h"
#include "support.h"

#define TESTS		10000
#define STREAM_SIZE	(TESTS * (32 + 24 + 2 * 256))

static void
test_published(uint8_t key_byte, const char *ad_text, const char *expected)
{
	static const char nonce[] = "ABCDEFGHIJKLMNOPQRSTUVWX";
	ApikeySpan	plain = span("XAES-256-GCM");
	ApikeySpan	ad = span(ad_text);
	uint8_t		key[APIKEY_XAES_KEY_SIZE];
	uint8_t		wanted[28];
	uint8_t		sealed[28];
	uint8_t		opened[12];
	ApikeyXaes	xaes;

	memset(key, key_byte, sizeof(key));
	apikey_hex_decode(expected, sizeof(wanted), wanted);
	ok(apikey_xaes_init(&xaes, key) &&
	   apikey_xaes_seal(&xaes, (const uint8_t *) nonce, &ad, 1,
						plain.data, plain.len, sealed) == APIKEY_OK &&
	   memcmp(sealed, wanted, sizeof(wanted)) == 0,
	   "vector with key %02x seals", key_byte);
	ok(apikey_xaes_open(&xaes, (const uint8_t *) nonce, &ad, 1,
						sealed, sizeof(sealed), opened) == APIKEY_OK &&
	   memcmp(opened, plain.data, plain.len) == 0,
	   "vector with key %02x opens", key_byte);
}

/* Fill out with the SHAKE-128 output for empty input. */
static bool
shake128(uint8_t *out, size_t len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool		made = context != NULL &&
	EVP_DigestInit_ex(context, EVP_shake128(), NULL) == 1 &&
	EVP_DigestFinalXOF(context, out, len) == 1;

	EVP_MD_CTX_free(context);
	return made;
}

/* One test taken from the stream; false when anything goes wrong. */
static bool
run_accumulated(const uint8_t **stream, EVP_MD_CTX *results)
{
	const uint8_t *key = *stream;
	const uint8_t *nonce = key + APIKEY_XAES_KEY_SIZE;
	const uint8_t *plain = nonce + APIKEY_XAES_NONCE_SIZE + 1;
	size_t		plain_len = plain[-1];
	const uint8_t *ad_data = plain + plain_len + 1;
	ApikeySpan	ad = {ad_data, ad_data[-1]};
	uint8_t		sealed[255 + APIKEY_XAES_TAG_SIZE];
	uint8_t		opened[255];
	size_t		len = plain_len + APIKEY_XAES_TAG_SIZE;
	ApikeyXaes	xaes;
	bool		right;

	right = apikey_xaes_init(&xaes, key) &&
		apikey_xaes_seal(&xaes, nonce, &ad, 1, plain, plain_len,
						 sealed) == APIKEY_OK &&
		apikey_xaes_open(&xaes, nonce, &ad, 1, sealed, len,
						 opened) == APIKEY_OK &&
		memcmp(opened, plain, plain_len) == 0 &&
		EVP_DigestUpdate(results, sealed, len) == 1;
	*stream = ad_data + ad.len;
	return right;
}

static void
test_accumulated(void)
{
	uint8_t    *stream = need(STREAM_SIZE);
	const uint8_t *next = stream;
	EVP_MD_CTX *results = EVP_MD_CTX_new();
	uint8_t		wanted[32];
	uint8_t		digest[32];
	int			right = 0;

	apikey_hex_decode("7f9c2ba4e88f827d616045507605853e", 16, wanted);
	ok(shake128(stream, STREAM_SIZE) && memcmp(stream, wanted, 16) == 0 &&
	   EVP_DigestInit_ex(results, EVP_shake128(), NULL) == 1,
	   "the stream of inputs starts as published");
	for (int i = 0; i < TESTS; i++)
		right += run_accumulated(&next, results);
	ok(right == TESTS, "%d random messages seal and open", right);

	apikey_hex_decode("e6b9edf2df6cec60c8cbd864e2211b59"
					  "7fb69a529160cd040d56c0c210081939", 32, wanted);
	ok(EVP_DigestFinalXOF(results, digest, sizeof(digest)) == 1 &&
	   memcmp(digest, wanted, sizeof(digest)) == 0,
	   "the ciphertexts accumulate to the published digest");
	EVP_MD_CTX_free(results);
	free(stream);
}

static void
test_edges(void)
{
	uint8_t    *key = pattern(APIKEY_XAES_KEY_SIZE, 1);
	uint8_t    *nonce = pattern(APIKEY_XAES_NONCE_SIZE, 2);
	ApikeyXaes	xaes;
	uint8_t		sealed[APIKEY_XAES_TAG_SIZE];
	uint8_t		nothing[1];
	int			unopened = 0;

	ok(apikey_xaes_init(&xaes, key) &&
	   apikey_xaes_seal(&xaes, nonce, NULL, 0, NULL, 0, sealed) == APIKEY_OK &&
	   apikey_xaes_open(&xaes, nonce, NULL, 0, sealed, sizeof(sealed),
						nothing) == APIKEY_OK,
	   "an empty value can be sealed and opened");
	for (int i = 0; i < APIKEY_XAES_NONCE_SIZE; i++)
	{
		nonce[i] ^= 1;
		unopened += apikey_xaes_open(&xaes, nonce, NULL, 0, sealed,
									 sizeof(sealed),
									 nothing) == APIKEY_UNOPENED;
		nonce[i] ^= 1;
	}
	ok(unopened == APIKEY_XAES_NONCE_SIZE, "every byte of the nonce counts");
	ok(apikey_xaes_open(&xaes, nonce, NULL, 0, sealed, 15,
						nothing) == APIKEY_MALFORMED,
	   "less than a tag is malformed");
	free(key);
	free(nonce);
}

int
main(void)
{
	test_published(0x01, "",
				   "ce546ef63c9cc60765923609b33a9a19"
				   "74e96e52daf2fcf7075e2271");
	test_published(0x03, "c2sp.org/XAES-256-GCM",
				   "986ec1832593df5443a179437fd083bf"
				   "3fdb41abd740a21f71eb769d");
	test_accumulated();
	test_edges();
	return done();
}
