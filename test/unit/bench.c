/*-------------------------------------------------------------------------
 *
 * bench.c
 *		Nanoseconds of processor time for each operation on a value of 100
 *		bytes.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support.h"

#define VALUE_LEN	100
#define ROUNDS		200000

static ApikeyDataKey *key;
static ApikeyMasterKey *master;
static ApikeyContext context;
static uint8_t *nonce;
static uint8_t *value;
static uint8_t sealed[VALUE_LEN + APIKEY_ENVELOPE_OVERHEAD];
static uint8_t wrapped[APIKEY_WRAPPED_SIZE];
static char text[512];

static bool
do_seal(void)
{
	return apikey_envelope_seal(key, &context, nonce, value, VALUE_LEN,
								sealed) == APIKEY_OK;
}

static bool
do_nonce(void)
{
	uint8_t		made[APIKEY_XAES_NONCE_SIZE];

	return apikey_envelope_nonce(key, &context, nonce, value, VALUE_LEN,
								 made) == APIKEY_OK;
}

static bool
do_open(void)
{
	uint8_t		opened[VALUE_LEN];

	return apikey_envelope_open(key, &context, sealed, sizeof(sealed),
								opened) == APIKEY_OK;
}

static bool
do_fingerprint(void)
{
	uint8_t		out[APIKEY_FINGERPRINT_SIZE];

	return apikey_data_key_fingerprint(key, value, VALUE_LEN,
									   out) == APIKEY_OK;
}

static bool
do_to_text(void)
{
	apikey_envelope_to_text(sealed, sizeof(sealed), text);
	return true;
}

static bool
do_from_text(void)
{
	uint8_t		out[512];
	size_t		len;

	return apikey_envelope_from_text(text,
									 apikey_envelope_text_size(sizeof(sealed)),
									 out, &len) == APIKEY_OK;
}

/* What a backend does once for each data key. */
static bool
do_load(void)
{
	uint8_t		raw[APIKEY_KEY_SIZE];
	ApikeyDataKey *loaded;

	if (apikey_data_key_unwrap(master, key->id, "value", wrapped,
							   sizeof(wrapped), raw) != APIKEY_OK)
		return false;
	loaded = apikey_data_key_new(key->id, raw);
	apikey_data_key_free(loaded);
	return loaded != NULL;
}

static void
measure(const char *what, bool (*operation) (void), int rounds)
{
	struct timespec start;
	struct timespec end;
	double		spent;
	bool		worked = true;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (int i = 0; i < rounds; i++)
		worked &= operation();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	spent = (double) (end.tv_sec - start.tv_sec) * 1e9 +
		(double) (end.tv_nsec - start.tv_nsec);
	printf("%-24s %8.0f ns%s\n", what, spent / rounds,
		   worked ? "" : "  (it failed)");
}

int
main(void)
{
	uint8_t    *raw = pattern(APIKEY_KEY_SIZE, 3);

	key = sample_data_key(1);
	master = sample_master_key(2);
	nonce = pattern(APIKEY_XAES_NONCE_SIZE, 4);
	value = pattern(VALUE_LEN, 5);
	if (!apikey_context_value(&context, span("user-42"), key->id,
							  span("openai"), span("Chat")) ||
		apikey_data_key_wrap(master, key->id, "value", nonce, raw,
							 wrapped) != APIKEY_OK)
		return 1;

	measure("seal", do_seal, ROUNDS);
	measure("nonce", do_nonce, ROUNDS);
	measure("open", do_open, ROUNDS);
	measure("fingerprint", do_fingerprint, ROUNDS);
	measure("envelope to text", do_to_text, ROUNDS);
	measure("text to envelope", do_from_text, ROUNDS);
	measure("unwrap and load a key", do_load, ROUNDS / 10);

	apikey_context_free(&context);
	apikey_data_key_free(key);
	apikey_master_key_free(master);
	free(raw);
	free(nonce);
	free(value);
	return 0;
}
