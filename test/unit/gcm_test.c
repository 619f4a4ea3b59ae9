/*-------------------------------------------------------------------------
 *
 * gcm_test.c
 *		AES-256-GCM against NIST's vectors (CAVS 14.0).
 *
 * Only those with a 96-bit nonce can be run by the core; the others are only
 * counted.  A tag shorter than 128 bits is the beginning of the full one: for
 * these a ciphertext is opened by sealing it (the cipher is a stream) and
 * verified by sealing the result again.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "gcm.h"
#include "support.h"

/* The fields of a record; "FAIL" means a tag that must not be accepted. */
typedef struct Case
{
	Field		key;
	Field		iv;
	Field		pt;
	Field		aad;
	Field		ct;
	Field		tag;
	bool		must_fail;
} Case;

typedef struct Tally
{
	int			opened;
	int			refused;
	int			sealed;
	int			short_tags;
	int			skipped;
	int			wrong;
} Tally;

static void
free_case(Case *c)
{
	free_field(&c->key);
	free_field(&c->iv);
	free_field(&c->pt);
	free_field(&c->aad);
	free_field(&c->ct);
	free_field(&c->tag);
	memset(c, 0, sizeof(*c));
}

/* Seal a text of a case; the result is len + 16 bytes. */
static uint8_t *
seal(const Case *c, const uint8_t *text, size_t len, Tally *tally)
{
	ApikeySpan	ad = {c->aad.data, c->aad.len};
	uint8_t    *out = need(len + APIKEY_GCM_TAG_SIZE);

	if (apikey_gcm_seal(c->key.data, c->iv.data, &ad, 1, text, len,
						out) != APIKEY_OK)
		tally->wrong++;
	return out;
}

static void
check_seal(const Case *c, Tally *tally)
{
	size_t		len = c->pt.len;
	uint8_t    *out = seal(c, c->pt.data, len, tally);

	tally->sealed++;
	tally->wrong += memcmp(out, c->ct.data, len) != 0 ||
		memcmp(out + len, c->tag.data, c->tag.len) != 0;
	free(out);
}

static void
check_open(const Case *c, Tally *tally)
{
	size_t		len = c->ct.len;
	uint8_t    *sealed = need(len + APIKEY_GCM_TAG_SIZE);
	uint8_t    *out = need(len);
	ApikeySpan	ad[2] = {{c->aad.data, c->aad.len / 2}};
	ApikeyResult result;

	/* The associated data in two pieces, which must make no difference. */
	ad[1].data = c->aad.data + ad[0].len;
	ad[1].len = c->aad.len - ad[0].len;
	memcpy(sealed, c->ct.data, len);
	memcpy(sealed + len, c->tag.data, APIKEY_GCM_TAG_SIZE);
	memset(out, 0xEE, len);
	result = apikey_gcm_open(c->key.data, c->iv.data, ad, 2,
							 sealed, len + APIKEY_GCM_TAG_SIZE, out);
	if (c->must_fail)
		tally->wrong += result != APIKEY_UNOPENED || !all_zero(out, len);
	else
		tally->wrong += result != APIKEY_OK ||
			memcmp(out, c->pt.data, len) != 0;
	free(sealed);
	free(out);
}

static void
check_open_short(const Case *c, Tally *tally)
{
	size_t		len = c->ct.len;
	uint8_t    *plain = seal(c, c->ct.data, len, tally);
	uint8_t    *again = seal(c, plain, len, tally);
	bool		matches = memcmp(again + len, c->tag.data, c->tag.len) == 0;

	tally->short_tags++;
	tally->wrong += matches == c->must_fail;
	if (!c->must_fail)
		tally->wrong += memcmp(plain, c->pt.data, len) != 0;
	free(plain);
	free(again);
}

static void
check_case(const Case *c, bool sealing, Tally *tally)
{
	if (c->iv.len != APIKEY_GCM_NONCE_SIZE)
		tally->skipped++;
	else if (sealing)
		check_seal(c, tally);
	else
	{
		if (c->must_fail)
			tally->refused++;
		else
			tally->opened++;
		if (c->tag.len == APIKEY_GCM_TAG_SIZE)
			check_open(c, tally);
		else
			check_open_short(c, tally);
	}
}

/* Store a field; false if it is unknown. */
static bool
keep_field(Case *c, const char *name, Field *field)
{
	Field	   *places[] = {&c->key, &c->iv, &c->pt, &c->aad, &c->ct, &c->tag};
	static const char *const names[] = {"Key", "IV", "PT", "AAD", "CT", "Tag"};

	for (size_t i = 0; i < lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
		{
			*places[i] = *field;
			return true;
		}
	}
	return false;
}

/* A record ends with an empty line. */
static void
run_file(const char *path, bool sealing, Tally *tally)
{
	FILE	   *file = open_file(path);
	Case		c;
	Field		field;
	char		name[NAME_SIZE];

	memset(tally, 0, sizeof(*tally));
	memset(&c, 0, sizeof(c));
	while (next_field(file, name, &field))
	{
		if (strcmp(name, "FAIL") == 0)
			c.must_fail = true;
		else if (name[0] == '\0' && c.key.data != NULL)
		{
			check_case(&c, sealing, tally);
			free_case(&c);
		}
		else if (!keep_field(&c, name, &field))
			free_field(&field);
	}
	if (c.key.data != NULL)
		check_case(&c, sealing, tally);
	free_case(&c);
	fclose(file);
}

static void
test_published(void)
{
	Tally		t;

	run_file(PUBLISHED "ciphers/AES/GCM/gcmDecrypt256.rsp", false, &t);
	note("%d opened, %d refused, %d of both with a short tag; %d skipped",
		 t.opened, t.refused, t.short_tags, t.skipped);
	ok(t.wrong == 0, "gcmDecrypt256: every verdict and every plaintext");
	ok(t.opened == 1308 && t.refused == 1317 && t.short_tags == 2250 &&
	   t.skipped == 5250, "gcmDecrypt256: all applicable cases ran");

	run_file(PUBLISHED "ciphers/AES/GCM/gcmEncryptExtIV256.rsp", true, &t);
	note("%d sealed, %d skipped", t.sealed, t.skipped);
	ok(t.wrong == 0, "gcmEncryptExtIV256: every ciphertext and every tag");
	ok(t.sealed == 2625 && t.skipped == 5250,
	   "gcmEncryptExtIV256: all applicable cases ran");
}

static void
test_edges(void)
{
	uint8_t    *key = pattern(APIKEY_GCM_KEY_SIZE, 1);
	uint8_t    *nonce = pattern(APIKEY_GCM_NONCE_SIZE, 2);
	uint8_t		sealed[APIKEY_GCM_TAG_SIZE];
	uint8_t		nothing[1];
	int			wrong = 0;

	ok(apikey_gcm_seal(key, nonce, NULL, 0, NULL, 0, sealed) == APIKEY_OK &&
	   apikey_gcm_open(key, nonce, NULL, 0, sealed, sizeof(sealed),
					   nothing) == APIKEY_OK,
	   "an empty value can be sealed and opened");
	for (size_t len = 0; len < APIKEY_GCM_TAG_SIZE; len++)
		wrong += apikey_gcm_open(key, nonce, NULL, 0, sealed, len,
								 nothing) != APIKEY_MALFORMED;
	ok(wrong == 0, "less than a tag is malformed");
	ok(apikey_gcm_seal(key, nonce, NULL, 0, nothing, SIZE_MAX - 64,
					   sealed) == APIKEY_LIBCRYPTO_FAILED &&
	   apikey_gcm_open(key, nonce, NULL, 0, sealed, SIZE_MAX,
					   nothing) == APIKEY_LIBCRYPTO_FAILED,
	   "a size too large for libcrypto is refused");
	ok(apikey_gcm_seal(key, nonce, NULL, 0, NULL, 0, sealed) == APIKEY_OK,
	   "and the next call works");
	free(key);
	free(nonce);
}

int
main(void)
{
	test_published();
	test_edges();
	return done();
}
