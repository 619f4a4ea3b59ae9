/*-------------------------------------------------------------------------
 *
 * fernet_test.c
 *		Fernet tokens, against the vectors of the specification.
 *
 * The vectors are those in Debian's python3-cryptography-vectors, as JSON with
 * a field on each line; the argument may name a directory with generate.json,
 * verify.json and invalid.json.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1		/* timegm() */
#endif
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base64.h"
#include "fernet.h"
#include "support.h"

#define VECTORS	"/usr/lib/python3/dist-packages/cryptography_vectors/fernet"
#define TEXT_SIZE	512

typedef struct Vector
{
	char		desc[TEXT_SIZE];
	char		token[TEXT_SIZE];
	char		src[TEXT_SIZE];
	char		secret[TEXT_SIZE];
	uint64_t	now;
	long		ttl;
	uint8_t		iv[APIKEY_CBC_BLOCK_SIZE];
} Vector;

/* "1985-10-26T01:20:00-07:00", as seconds since 1970 */
static uint64_t
read_time(const char *text)
{
	struct tm	tm = {0};
	int			hours = 0;
	int			minutes = 0;

	if (sscanf(text, "%d-%d-%dT%d:%d:%d%d:%d", &tm.tm_year, &tm.tm_mon,
			   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
			   &hours, &minutes) != 8)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (uint64_t) timegm(&tm) - (uint64_t) (hours * 3600L);
}

/* [0, 1, ...] */
static void
read_iv(const char *text, uint8_t *iv)
{
	char	   *next = (char *) text + 1;

	for (int i = 0; i < APIKEY_CBC_BLOCK_SIZE; i++)
	{
		iv[i] = (uint8_t) strtol(next, &next, 10);
		next++;
	}
}

static void
copy_text(char *to, const char *value)
{
	if (*value++ != '"')
		return;
	snprintf(to, TEXT_SIZE, "%.*s", (int) strcspn(value, "\""), value);
}

/* The next object of the file; false when there is none. */
static bool
next_vector(FILE *file, Vector *vector)
{
	char		line[4 * TEXT_SIZE];
	char		name[32];
	int			at;

	memset(vector, 0, sizeof(*vector));
	while (fgets(line, sizeof(line), file) != NULL)
	{
		const char *value;

		if (strchr(line, '}') != NULL)
			return true;
		if (sscanf(line, " \"%31[a-z_]\": %n", name, &at) != 1)
			continue;
		value = line + at;
		if (strcmp(name, "desc") == 0)
			copy_text(vector->desc, value);
		else if (strcmp(name, "token") == 0)
			copy_text(vector->token, value);
		else if (strcmp(name, "src") == 0)
			copy_text(vector->src, value);
		else if (strcmp(name, "secret") == 0)
			copy_text(vector->secret, value);
		else if (strcmp(name, "now") == 0)
			vector->now = read_time(value + 1);
		else if (strcmp(name, "ttl_sec") == 0)
			vector->ttl = strtol(value, NULL, 10);
		else if (strcmp(name, "iv") == 0)
			read_iv(value, vector->iv);
	}
	return false;
}

static ApikeyFernetKey *
vector_key(const Vector *vector)
{
	uint8_t		raw[TEXT_SIZE];
	size_t		len;
	ApikeyFernetKey *key = NULL;

	if (apikey_base64_decode(vector->secret, strlen(vector->secret),
							 APIKEY_BASE64_URL | APIKEY_BASE64_PADDED,
							 raw, &len) == APIKEY_OK && len == APIKEY_KEY_SIZE)
		key = apikey_fernet_key_new(raw);
	if (key == NULL)
	{
		printf("Bail out!  no Fernet key\n");
		exit(1);
	}
	return key;
}

/* Parse and open; NULL when refused, else a malloc'ed value. */
static char *
open_token(const ApikeyFernetKey *key, const char *text, uint64_t * time)
{
	size_t		size = strlen(text);
	uint8_t    *buffer = need(apikey_base64_decoded_size(size));
	char	   *value = NULL;
	ApikeyFernetToken token;
	size_t		len;

	if (apikey_fernet_parse(text, size, buffer, &token) == APIKEY_OK)
	{
		value = need(token.room + 1);
		*time = token.time;
		if (apikey_fernet_open(key, &token, (uint8_t *) value,
							   &len) == APIKEY_OK)
			value[len] = '\0';
		else
		{
			ok(len == 0 && all_zero(value, token.room),
			   "a token that does not open leaves no output");
			free(value);
			value = NULL;
		}
	}
	free(buffer);
	return value;
}

/* Like Python: by the clock of the vector, and within its ttl. */
static bool
verifies(const Vector *vector, const char *wanted)
{
	ApikeyFernetKey *key = vector_key(vector);
	uint64_t	time;
	char	   *value = open_token(key, vector->token, &time);
	bool		result = value != NULL &&
	apikey_fernet_age(time, vector->now,
					  (uint64_t) vector->ttl) == APIKEY_FERNET_FRESH &&
	(wanted == NULL || strcmp(value, wanted) == 0);

	free(value);
	apikey_fernet_key_free(key);
	return result;
}

static bool
generates(const Vector *vector)
{
	ApikeyFernetKey *key = vector_key(vector);
	size_t		len = strlen(vector->src);
	size_t		size = apikey_fernet_token_size(len);
	char	   *token = need(size);
	bool		result;

	result = apikey_fernet_seal(key, vector->now, vector->iv, vector->src,
								len, token) == APIKEY_OK &&
		size == strlen(vector->token) &&
		memcmp(token, vector->token, size) == 0;
	free(token);
	apikey_fernet_key_free(key);
	return result;
}

static FILE *
open_vectors(const char *directory, const char *name)
{
	char		path[1024];

	snprintf(path, sizeof(path), "%s/%s.json", directory, name);
	return open_file(path);
}

static void
test_published(const char *directory)
{
	Vector		vector;
	FILE	   *file = open_vectors(directory, "generate");
	int			count = 0;

	for (; next_vector(file, &vector); count++)
		ok(generates(&vector), "generates \"%s\"", vector.src);
	fclose(file);
	file = open_vectors(directory, "verify");
	for (; next_vector(file, &vector); count++)
		ok(verifies(&vector, vector.src), "verifies \"%s\"", vector.src);
	fclose(file);
	ok(count >= 2, "%d valid vectors", count);

	file = open_vectors(directory, "invalid");
	for (count = 0; next_vector(file, &vector); count++)
		ok(!verifies(&vector, NULL), "refuses: %s", vector.desc);
	fclose(file);
	ok(count >= 8, "%d invalid vectors", count);
}

static ApikeyFernetKey *
sample_key(unsigned int seed)
{
	uint8_t    *raw = pattern(APIKEY_KEY_SIZE, seed);
	ApikeyFernetKey *key = apikey_fernet_key_new(raw);

	free(raw);
	if (key == NULL)
	{
		printf("Bail out!  no Fernet key\n");
		exit(1);
	}
	return key;
}

/* Each length, sealed and opened; the space after the value is wiped. */
static void
test_lengths(void)
{
	ApikeyFernetKey *key = sample_key(1);
	ApikeyFernetKey *other = sample_key(2);
	uint8_t		iv[APIKEY_CBC_BLOCK_SIZE] = {5};
	int			wrong = 0;

	for (size_t len = 0; len <= 200; len++)
	{
		uint8_t    *value = pattern(len, (unsigned int) len);
		size_t		size = apikey_fernet_token_size(len);
		char	   *text = need(size);
		uint8_t    *buffer = need(apikey_base64_decoded_size(size));
		uint8_t    *opened = need(len + APIKEY_CBC_BLOCK_SIZE);
		size_t		got;
		ApikeyFernetToken token;

		wrong += apikey_fernet_seal(key, UINT64_MAX - len, iv, value, len,
									text) != APIKEY_OK;
		wrong += apikey_fernet_parse(text, size, buffer,
									 &token) != APIKEY_OK;
		wrong += token.time != UINT64_MAX - len;
		wrong += token.room != APIKEY_CBC_PADDED_SIZE(len);
		wrong += apikey_fernet_open(other, &token, opened,
									&got) != APIKEY_UNOPENED;
		wrong += got != 0 || !all_zero(opened, token.room);
		wrong += apikey_fernet_open(key, &token, opened, &got) != APIKEY_OK;
		wrong += got != len || memcmp(opened, value, len) != 0;
		wrong += !all_zero(opened + got, token.room - got);
		free(value);
		free(text);
		free(buffer);
		free(opened);
	}
	ok(wrong == 0, "each length from 0 to 200, sealed and opened");
	apikey_fernet_key_free(other);
	apikey_fernet_key_free(key);
}

/* A token with a changed byte does not open; a shorter one does not parse. */
static void
test_altered(void)
{
	ApikeyFernetKey *key = sample_key(3);
	uint8_t		iv[APIKEY_CBC_BLOCK_SIZE] = {6};
	char		text[256] = {0};
	uint8_t		buffer[256];
	uint8_t		opened[64];
	ApikeyFernetToken token;
	size_t		size = apikey_fernet_token_size(20);
	size_t		len;
	int			wrong = 0;

	ok(apikey_fernet_seal(key, 7, iv, "twenty bytes, no more", 20,
						  text) == APIKEY_OK &&
	   apikey_fernet_parse(text, size, buffer, &token) == APIKEY_OK &&
	   apikey_fernet_open(key, &token, opened, &len) == APIKEY_OK,
	   "a token to be altered");
	for (size_t i = 0; i < token.len; i++)
	{
		buffer[i] ^= 0x10;
		wrong += apikey_fernet_open(key, &token, opened,
									&len) != APIKEY_UNOPENED;
		buffer[i] ^= 0x10;
	}
	ok(wrong == 0, "no altered byte opens");
	wrong = 0;
	for (size_t i = 0; i < size; i++)
		wrong += apikey_fernet_parse(text, i, buffer, &token) == APIKEY_OK;
	/* Without its last block it still has the form of a token. */
	ok(wrong <= 1, "truncated tokens do not parse");
	ok(apikey_fernet_seal(key, 7, iv, "", APIKEY_FERNET_MAX_VALUE + 1,
						  NULL) == APIKEY_MALFORMED,
	   "a value that is too long is refused");
	apikey_fernet_key_free(key);
}

static void
test_age(void)
{
	ok(apikey_fernet_age(100, 160, 60) == APIKEY_FERNET_FRESH &&
	   apikey_fernet_age(100, 161, 60) == APIKEY_FERNET_EXPIRED &&
	   apikey_fernet_age(100, 100, 0) == APIKEY_FERNET_FRESH,
	   "a token as old as max_age has not expired, a second older it has");
	ok(apikey_fernet_age(160, 100, 0) == APIKEY_FERNET_FRESH &&
	   apikey_fernet_age(161, 100, 0) == APIKEY_FERNET_FUTURE,
	   "a clock may be 60 seconds ahead");
	ok(apikey_fernet_age(UINT64_MAX, 100, UINT64_MAX) == APIKEY_FERNET_FUTURE &&
	   apikey_fernet_age(0, UINT64_MAX, UINT64_MAX) == APIKEY_FERNET_FRESH,
	   "nothing overflows");
}

int
main(int argc, char **argv)
{
	test_published(argc > 1 ? argv[1] : VECTORS);
	test_lengths();
	test_altered();
	test_age();
	return done();
}
