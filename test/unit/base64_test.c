/*-------------------------------------------------------------------------
 *
 * base64_test.c
 *		Base64, base64url and hexadecimal.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "support.h"

#define BOTH	(APIKEY_BASE64_URL | APIKEY_BASE64_STD)
#define ANY		(BOTH | APIKEY_BASE64_PADDED)

/* Does text decode to these bytes, or to APIKEY_MALFORMED where NULL? */
static bool
decodes(const char *text, size_t len, int flags, const void *bytes,
		size_t bytes_len)
{
	size_t		room = apikey_base64_decoded_size(len);
	uint8_t    *buffer = need(room);
	size_t		decoded = 12345;
	ApikeyResult result;
	bool		right;

	memset(buffer, 0xEE, room);
	result = apikey_base64_decode(text, len, flags, buffer, &decoded);
	if (bytes == NULL)
		right = result == APIKEY_MALFORMED && decoded == 0 &&
			all_zero(buffer, room);
	else
		right = result == APIKEY_OK && decoded == bytes_len &&
			memcmp(buffer, bytes, bytes_len) == 0;
	free(buffer);
	return right;
}

/* RFC 4648, section 10 */
static void
test_published(void)
{
	static const struct
	{
		const char *bytes;
		const char *padded;
	}			cases[] = {
		{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
		{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}
	};

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		const char *bytes = cases[i].bytes;
		const char *padded = cases[i].padded;
		size_t		len = strlen(bytes);
		size_t		bare = strcspn(padded, "=");
		char		text[16];

		apikey_base64url_encode((const uint8_t *) bytes, len, text);
		ok(apikey_base64url_encoded_size(len) == bare &&
		   memcmp(text, padded, bare) == 0, "\"%s\" encodes", bytes);
		ok(decodes(padded, strlen(padded), ANY, bytes, len) &&
		   decodes(padded, bare, ANY, bytes, len) &&
		   decodes(padded, bare, BOTH, bytes, len),
		   "\"%s\" decodes, with padding and without", padded);
		ok(decodes(padded, strlen(padded), BOTH,
				   bare == strlen(padded) ? bytes : NULL, len),
		   "\"%s\" is refused if padding is not allowed", padded);
	}
}

static void
test_alphabets(void)
{
	static const char std[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char url[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t		bytes[48];
	char		text[64];
	size_t		len;
	int			wrong = 0;

	ok(apikey_base64_decode(std, 64, APIKEY_BASE64_STD, bytes,
							&len) == APIKEY_OK && len == 48,
	   "all of base64");
	apikey_base64url_encode(bytes, sizeof(bytes), text);
	ok(memcmp(text, url, 64) == 0, "all of base64url, in its order");
	ok(decodes(url, 64, APIKEY_BASE64_URL, bytes, 48) &&
	   decodes(url, 64, BOTH, bytes, 48) && decodes(std, 64, BOTH, bytes, 48),
	   "either alphabet if both are allowed");
	ok(decodes(url, 64, APIKEY_BASE64_STD, NULL, 0) &&
	   decodes(std, 64, APIKEY_BASE64_URL, NULL, 0) &&
	   decodes("AA+_", 4, BOTH, NULL, 0),
	   "not the other alphabet, and not both in one text");

	for (int c = 0; c < 256; c++)
	{
		char		quad[4] = {'A', (char) c, 'A', 'A'};
		const char *at = c == 0 ? NULL : strchr(std, c);
		uint8_t		expected[3] = {0};

		if (at != NULL)
		{
			expected[0] = (uint8_t) ((at - std) >> 4);
			expected[1] = (uint8_t) ((at - std) << 4);
		}
		wrong += !decodes(quad, 4, APIKEY_BASE64_STD,
						  at != NULL ? expected : NULL, 3);
	}
	ok(wrong == 0, "each of the 256 bytes is a character or refused");
}

static void
test_not_canonical(void)
{
	static const char *const texts[] = {
		"Zh==", "Zh", "Zm9=", "Zm9vYh", "Zm9vYmF",	/* unused bits set */
		"Z", "Zm9vY", "Zg=", "Zg===", "Zm8==", "Zm9v=", "Zm9v==", "=", "==",
		"====", "Zg==Zg==", "Z=g=", "Zg= =", " Zg==", "Zg==\n", "Zm\n9v",
		"Zm.v", "Zm9\xC3"
	};

	for (size_t i = 0; i < lengthof(texts); i++)
		ok(decodes(texts[i], strlen(texts[i]), ANY, NULL, 0),
		   "text %zu that is not canonical is refused", i + 1);
	ok(decodes("Zm\0v", 4, ANY, NULL, 0), "a zero byte is refused");
}

/* Round trips; every truncation either means fewer bytes or is refused. */
static void
test_lengths(void)
{
	int			wrong = 0;
	int			truncated = 0;

	for (size_t len = 0; len <= 100; len++)
	{
		uint8_t    *bytes = pattern(len, (unsigned int) len);
		size_t		size = apikey_base64url_encoded_size(len);
		char	   *text = need(size);

		apikey_base64url_encode(bytes, len, text);
		wrong += !decodes(text, size, APIKEY_BASE64_URL, bytes, len);
		wrong += apikey_base64_decoded_size(size) != len;
		for (size_t cut = 0; cut < size; cut++)
		{
			size_t		shorter = apikey_base64_decoded_size(cut);
			bool		whole = cut % 4 == 0 ||
			(cut % 4 == 2 && (bytes[shorter] & 0xF0) == 0) ||
			(cut % 4 == 3 && (bytes[shorter] & 0xC0) == 0);

			wrong += !decodes(text, cut, APIKEY_BASE64_URL,
							  whole ? bytes : NULL, shorter);
			truncated++;
		}
		free(bytes);
		free(text);
	}
	ok(wrong == 0, "101 lengths and %d truncations", truncated);
	ok(apikey_base64url_encoded_size(SIZE_MAX / 2) > SIZE_MAX / 2 &&
	   apikey_base64_decoded_size(SIZE_MAX) < SIZE_MAX,
	   "sizes do not overflow");
}

/* NULL bytes are refused. */
static bool
decodes_leniently(const char *text, const char *bytes)
{
	uint8_t		out[64];
	size_t		len;
	ApikeyResult result = apikey_base64_decode_lenient(text, strlen(text),
													   out, &len);

	if (bytes == NULL)
		return result == APIKEY_MALFORMED && len == 0;
	return result == APIKEY_OK && len == strlen(bytes) &&
		memcmp(out, bytes, len) == 0;
}

/* What Python's base64.urlsafe_b64decode() returns for the same texts */
static void
test_lenient(void)
{
	ok(decodes_leniently("Zm9vYg==", "foob") &&
	   decodes_leniently("Zm9vYmE=", "fooba") &&
	   decodes_leniently("Zm9vYmFy", "foobar") &&
	   decodes_leniently("", ""), "lenient: canonical text");
	ok(decodes_leniently("-_+/", "\xFB\xFF\xBF"),
	   "lenient: both alphabets at once");
	ok(decodes_leniently(" Zm\n9v%Yg\r=!=", "foob"),
	   "lenient: other characters are skipped");
	ok(decodes_leniently("Zm9vYh==", "foob"), "lenient: unused bits");
	ok(decodes_leniently("Zm9vYg==Zm9v", "foob") &&
	   decodes_leniently("Zm9vYg===", "foob") &&
	   decodes_leniently("Zm9vYmE==", "fooba"),
	   "lenient: nothing is read after the padding");
	ok(decodes_leniently("=Zm9v", "foo") &&
	   decodes_leniently("Z=m9v", "foo") &&
	   decodes_leniently("Zm=9v", "foo") &&
	   decodes_leniently("Zm9v=", "foo") &&
	   decodes_leniently("Zm=9=", "fo") &&
	   decodes_leniently("====", ""),
	   "lenient: padding that completes nothing");
	ok(decodes_leniently("Zm9vYg", NULL) &&
	   decodes_leniently("Zm9vYg=", NULL) &&
	   decodes_leniently("Zm9vYmE", NULL) &&
	   decodes_leniently("Zm9vY", NULL) &&
	   decodes_leniently("Zm9vY===", NULL) &&
	   decodes_leniently("Zm=9", NULL),
	   "lenient: incomplete padding is refused");
	ok(decodes_leniently("Zm9v\xC3\xA9", NULL),
	   "lenient: non-ASCII characters are refused");
}

static void
test_hexadecimal(void)
{
	uint8_t		bytes[3] = {9, 9, 9};
	int			wrong = 0;

	ok(apikey_hex_decode("09afAF", 3, bytes) == APIKEY_OK &&
	   memcmp(bytes, "\x09\xAF\xAF", 3) == 0, "hexadecimal, either case");
	for (int c = 0; c < 256; c++)
	{
		char		pair[2] = {'0', (char) c};
		bool		digit = c != 0 && strchr("0123456789abcdefABCDEF", c);

		bytes[0] = 9;
		wrong += (apikey_hex_decode(pair, 1, bytes) == APIKEY_OK) != digit;
		wrong += !digit && bytes[0] != 0;
	}
	ok(wrong == 0, "each of the 256 bytes is a digit or refused");
}

int
main(void)
{
	test_published();
	test_alphabets();
	test_not_canonical();
	test_lengths();
	test_lenient();
	test_hexadecimal();
	return done();
}
