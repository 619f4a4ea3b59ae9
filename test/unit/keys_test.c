/*-------------------------------------------------------------------------
 *
 * keys_test.c
 *		Master keys, data keys, wraps, fingerprints.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* A wrapped raw key, and everything that is needed to open it. */
typedef struct Fixture
{
	ApikeyMasterKey *master;
	uint8_t    *id;
	uint8_t    *nonce;
	uint8_t    *raw;
	uint8_t		wrapped[APIKEY_WRAPPED_SIZE];
} Fixture;

static void
set_up(Fixture *f)
{
	f->master = sample_master_key(1);
	f->id = pattern(APIKEY_DATA_KEY_ID_SIZE, 2);
	f->nonce = pattern(APIKEY_XAES_NONCE_SIZE, 3);
	f->raw = pattern(APIKEY_KEY_SIZE, 4);
	ok(apikey_data_key_wrap(f->master, f->id, "value", f->nonce, f->raw,
							f->wrapped) == APIKEY_OK, "a data key is wrapped");
}

static void
tear_down(Fixture *f)
{
	apikey_master_key_free(f->master);
	free(f->id);
	free(f->nonce);
	free(f->raw);
}

/* Unwrap; a failure must leave no output. */
static ApikeyResult
unwrap(const Fixture *f, const char *purpose, size_t len, uint8_t *raw)
{
	ApikeyResult result;

	memset(raw, 0xEE, APIKEY_KEY_SIZE);
	result = apikey_data_key_unwrap(f->master, f->id, purpose,
									f->wrapped, len, raw);
	if (result != APIKEY_OK && !all_zero(raw, APIKEY_KEY_SIZE))
		ok(false, "a refused wrap left bytes behind");
	return result;
}

static void
test_round_trip(Fixture *f)
{
	uint8_t		raw[APIKEY_KEY_SIZE];
	ApikeyMasterKey *other = sample_master_key(99);
	ApikeyMasterKey *own = f->master;

	ok(unwrap(f, "value", APIKEY_WRAPPED_SIZE, raw) == APIKEY_OK &&
	   memcmp(raw, f->raw, sizeof(raw)) == 0, "and unwrapped");
	ok(f->wrapped[0] == 1 && f->wrapped[1] == 1 &&
	   apikey_wrap_master_id(f->wrapped, APIKEY_WRAPPED_SIZE) ==
	   f->wrapped + 2 &&
	   memcmp(f->wrapped + 2, own->id, APIKEY_MASTER_ID_SIZE) == 0,
	   "a wrap names its master key");
	ok(unwrap(f, "column", APIKEY_WRAPPED_SIZE, raw) == APIKEY_UNOPENED &&
	   unwrap(f, "", APIKEY_WRAPPED_SIZE, raw) == APIKEY_UNOPENED,
	   "not for another purpose");
	ok(memcmp(other->id, own->id, APIKEY_MASTER_ID_SIZE) != 0,
	   "master keys have different ids");
	f->master = other;
	ok(unwrap(f, "value", APIKEY_WRAPPED_SIZE, raw) == APIKEY_UNOPENED,
	   "not with another master key");
	f->master = own;
	f->id[15] ^= 1;
	ok(unwrap(f, "value", APIKEY_WRAPPED_SIZE, raw) == APIKEY_UNOPENED,
	   "not as another data key");
	f->id[15] ^= 1;
	apikey_master_key_free(other);
}

static void
test_wrap_nonces(const Fixture *f)
{
	uint8_t    *other = pattern(APIKEY_KEY_SIZE, 5);
	uint8_t		nonces[5][APIKEY_XAES_NONCE_SIZE];
	int			equal = 0;

	ok(apikey_wrap_nonce(f->master, f->id, "value", f->nonce, f->raw,
						 nonces[0]) == APIKEY_OK &&
	   apikey_wrap_nonce(f->master, f->id, "value", f->nonce, other,
						 nonces[1]) == APIKEY_OK &&
	   apikey_wrap_nonce(f->master, f->id, "column", f->nonce, f->raw,
						 nonces[2]) == APIKEY_OK &&
	   apikey_wrap_nonce(f->master, f->raw, "value", f->nonce, f->raw,
						 nonces[3]) == APIKEY_OK &&
	   apikey_wrap_nonce(f->master, f->id, "value", other, f->raw,
						 nonces[4]) == APIKEY_OK,
	   "nonces of wraps are made");
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < i; j++)
			equal += memcmp(nonces[i], nonces[j], APIKEY_XAES_NONCE_SIZE) == 0;
	ok(equal == 0,
	   "from the data key, its purpose, its id and random bytes");
	free(other);
}

static void
test_alterations(Fixture *f)
{
	uint8_t		raw[APIKEY_KEY_SIZE];
	int			right = 0;

	for (size_t i = 0; i < APIKEY_WRAPPED_SIZE; i++)
	{
		for (int bit = 0; bit < 8; bit++)
		{
			ApikeyResult expected = i < 2 ? APIKEY_MALFORMED : APIKEY_UNOPENED;

			f->wrapped[i] ^= (uint8_t) (1 << bit);
			right += unwrap(f, "value", APIKEY_WRAPPED_SIZE, raw) == expected;
			f->wrapped[i] ^= (uint8_t) (1 << bit);
		}
	}
	ok(right == 8 * APIKEY_WRAPPED_SIZE, "each of %d bits is authenticated",
	   right);

	right = 0;
	for (size_t i = 0; i < APIKEY_WRAPPED_SIZE; i++)
	{
		right += unwrap(f, "value", i, raw) == APIKEY_MALFORMED &&
			apikey_wrap_master_id(f->wrapped, i) == NULL;
	}
	ok(right == APIKEY_WRAPPED_SIZE &&
	   apikey_wrap_master_id(f->wrapped, APIKEY_WRAPPED_SIZE + 1) == NULL,
	   "no other length is a wrap");
	ok(unwrap(f, "value", APIKEY_WRAPPED_SIZE, raw) == APIKEY_OK,
	   "the unaltered wrap can still be opened");
}

static void
test_fingerprints(void)
{
	ApikeyDataKey *one = sample_data_key(1);
	ApikeyDataKey *two = sample_data_key(2);
	uint8_t		a[APIKEY_FINGERPRINT_SIZE];
	uint8_t		b[APIKEY_FINGERPRINT_SIZE];
	uint8_t		c[APIKEY_FINGERPRINT_SIZE];
	uint8_t		d[APIKEY_FINGERPRINT_SIZE];

	ok(apikey_data_key_fingerprint(one, "some value", 10, a) == APIKEY_OK &&
	   apikey_data_key_fingerprint(one, "some value", 10, b) == APIKEY_OK &&
	   apikey_data_key_fingerprint(one, "some valuf", 10, c) == APIKEY_OK &&
	   apikey_data_key_fingerprint(two, "some value", 10, d) == APIKEY_OK &&
	   memcmp(a, b, sizeof(a)) == 0, "the same value, the same fingerprint");
	ok(memcmp(a, c, sizeof(a)) != 0 && memcmp(a, d, sizeof(a)) != 0,
	   "another value or another data key, another fingerprint");
	apikey_data_key_free(one);
	apikey_data_key_free(two);
	apikey_master_key_free(NULL);
	apikey_data_key_free(NULL);
}

/* Fields that differ only in where they end must not produce the same bytes. */
static void
test_packing(void)
{
	const ApikeySpan one[] = {{"ab", 2}, {"c", 1}};
	const ApikeySpan two[] = {{"a", 1}, {"bc", 2}};
	const ApikeySpan huge[] = {{"", SIZE_MAX}, {"", 1}};
	const ApikeySpan beyond[] = {{"", (size_t) UINT32_MAX + 1}};
	uint8_t    *a;
	uint8_t    *b;
	size_t		a_len;
	size_t		b_len;

	ok(apikey_pack(one, 2, &a, &a_len) && a_len == 11 &&
	   memcmp(a, "\0\0\0\2ab\0\0\0\1c", 11) == 0, "fields are packed");
	ok(apikey_pack(two, 2, &b, &b_len) && b_len == 11 &&
	   memcmp(a, b, 11) != 0, "and their ends are distinguished");
	free(a);
	free(b);
	ok(!apikey_pack(huge, 2, &a, &a_len) && !apikey_pack(beyond, 1, &a, &a_len),
	   "too long a field is refused");
}

int
main(void)
{
	Fixture		f;

	set_up(&f);
	test_round_trip(&f);
	test_wrap_nonces(&f);
	test_alterations(&f);
	tear_down(&f);
	test_fingerprints();
	test_packing();
	return done();
}
