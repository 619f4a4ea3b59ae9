/*-------------------------------------------------------------------------
 *
 * kdf_test.c
 *		HMAC-SHA-256 (RFC 4231) and HKDF-SHA-256 (RFC 5869).
 *
 * The core's HKDF takes no salt, and text as info, so that only one vector of
 * RFC 5869 and a long one of Debian's apply to it.  The rest is tested in two
 * steps: an HKDF built here from the core's HMAC is checked against every
 * vector, and then the core's HKDF against that one.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "kdf.h"
#include "support.h"

#define MAX_OUT		2048

/* RFC 5869 word by word; an empty salt is a key of zeros. */
static bool
hkdf(const Field *salt, const uint8_t *ikm, size_t ikm_len,
	 const uint8_t *info, size_t info_len, uint8_t *out, size_t out_len)
{
	uint8_t		zeros[APIKEY_SHA256_SIZE] = {0};
	uint8_t		prk[APIKEY_SHA256_SIZE];
	uint8_t		block[APIKEY_SHA256_SIZE + 256 + 1];
	size_t		previous = 0;
	size_t		made = 0;
	uint8_t		counter = 1;
	bool		salted = salt != NULL && salt->len > 0;

	if (apikey_hmac(salted ? salt->data : zeros,
					salted ? salt->len : sizeof(zeros),
					ikm, ikm_len, prk) != APIKEY_OK)
		return false;
	while (made < out_len)
	{
		uint8_t		t[APIKEY_SHA256_SIZE];
		size_t		take = out_len - made < sizeof(t) ? out_len - made : sizeof(t);

		if (info_len > 0)
			memcpy(block + previous, info, info_len);
		block[previous + info_len] = counter++;
		if (apikey_hmac(prk, sizeof(prk), block, previous + info_len + 1,
						t) != APIKEY_OK)
			return false;
		memcpy(out + made, t, take);
		memcpy(block, t, sizeof(t));
		previous = sizeof(t);
		made += take;
	}
	return true;
}

static void
check_hkdf(const Field *ikm, const Field *salt, const Field *info,
		   const Field *okm)
{
	uint8_t		out[MAX_OUT];

	ok(hkdf(salt, ikm->data, ikm->len, info->data, info->len,
			out, okm->len) && memcmp(out, okm->data, okm->len) == 0,
	   "published HKDF of %zu bytes, built from HMAC", okm->len);
	if (salt->len == 0 && info->len == 0)
		ok(apikey_hkdf(ikm->data, ikm->len, "", out, okm->len) == APIKEY_OK &&
		   memcmp(out, okm->data, okm->len) == 0,
		   "published HKDF of %zu bytes", okm->len);
}

/* A record is complete with its OKM; count is the expected number of them. */
static void
test_published_hkdf(const char *path, int count)
{
	enum
	{
		IKM, SALT, INFO, OKM, FIELDS
	};
	static const char *const names[FIELDS] = {"IKM", "salt", "info", "OKM"};
	Field		fields[FIELDS];
	Field		field;
	FILE	   *file = open_file(path);
	char		name[NAME_SIZE];
	int			i;

	memset(fields, 0, sizeof(fields));
	while (next_field(file, name, &field))
	{
		for (i = 0; i < FIELDS && strcmp(name, names[i]) != 0;)
			i++;
		if (i == FIELDS)
			free_field(&field);
		else
			fields[i] = field;
		if (i != OKM)
			continue;
		check_hkdf(&fields[IKM], &fields[SALT], &fields[INFO], &fields[OKM]);
		count--;
		for (i = 0; i < FIELDS; i++)
			free_field(&fields[i]);
	}
	ok(count == 0, "all of the published HKDFs of this file ran");
	fclose(file);
}

static void
test_published_hmac(void)
{
	FILE	   *file = open_file(PUBLISHED "HMAC/rfc-4231-sha256.txt");
	Field		key = {0};
	Field		message = {0};
	Field		field;
	char		name[NAME_SIZE];
	uint8_t		out[APIKEY_SHA256_SIZE];
	int			count = 0;

	while (next_field(file, name, &field))
	{
		if (strcmp(name, "Key") == 0)
			key = field;
		else if (strcmp(name, "Msg") == 0)
			message = field;
		else if (strcmp(name, "MD") == 0)
		{
			ok(apikey_hmac(key.data, key.len, message.data, message.len,
						   out) == APIKEY_OK &&
			   memcmp(out, field.data, sizeof(out)) == 0,
			   "published HMAC %d", ++count);
			free_field(&key);
			free_field(&message);
			free_field(&field);
		}
		else
			free_field(&field);
	}
	ok(count == 6, "all of the published HMACs ran");
	fclose(file);
}

static void
test_hkdf_against_hmac(void)
{
	static const char *const labels[] = {"", "a", "apikey/1/master/wrap"};
	int			wrong = 0;

	for (size_t i = 0; i < lengthof(labels); i++)
	{
		for (size_t len = 1; len <= 200; len++)
		{
			uint8_t    *key = pattern(len, (unsigned int) len);
			uint8_t		here[200];
			uint8_t		core[200];

			wrong += !hkdf(NULL, key, len, (const uint8_t *) labels[i],
						   strlen(labels[i]), here, len) ||
				apikey_hkdf(key, len, labels[i], core, len) != APIKEY_OK ||
				memcmp(here, core, len) != 0;
			free(key);
		}
	}
	ok(wrong == 0, "HKDF agrees with the one built from HMAC, for 600 inputs");
}

static void
test_edges(void)
{
	uint8_t    *key = pattern(32, 1);
	size_t		too_much = 255 * APIKEY_SHA256_SIZE + 1;
	uint8_t    *out = need(too_much);
	uint8_t		first[APIKEY_SHA256_SIZE];
	uint8_t		again[APIKEY_SHA256_SIZE];

	memset(out, 0xEE, too_much);
	ok(apikey_hkdf(key, 32, "x", out, too_much) == APIKEY_LIBCRYPTO_FAILED &&
	   all_zero(out, too_much), "more bytes than HKDF can produce are refused");
	ok(apikey_hkdf(key, 32, "x", out, too_much - 1) == APIKEY_OK,
	   "and the next call works");
	ok(apikey_hmac(key, 32, NULL, 0, first) == APIKEY_OK &&
	   apikey_hmac(key, 32, "", 0, again) == APIKEY_OK &&
	   memcmp(first, again, sizeof(first)) == 0, "HMAC of empty input");
	free(key);
	free(out);
}

int
main(void)
{
	test_published_hmac();
	test_published_hkdf(PUBLISHED "KDF/rfc-5869-HKDF-SHA256.txt", 3);
	test_published_hkdf(PUBLISHED "KDF/hkdf-generated.txt", 1);
	test_hkdf_against_hmac();
	test_edges();
	return done();
}
