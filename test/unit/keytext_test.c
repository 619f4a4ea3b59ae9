/*-------------------------------------------------------------------------
 *
 * keytext_test.c
 *		The text in which a source provides master keys.
 *
 * KEY_A is the bytes 0 to 31; KEY_B has all bits set, which is where the two
 * base64 alphabets differ.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "keytext.h"
#include "support.h"

#define A_URL	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define A_HEX	"000102030405060708090a0b0c0d0e0f" \
				"101112131415161718191A1B1C1D1E1F"
#define B_URL	"__________________________________________8"
#define B_STD	"//////////////////////////////////////////8"
#define B_HEX	"ffffffffffffffffffffffffffffffff" \
				"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"

typedef struct Accepted
{
	const char *what;
	const char *text;
	const char *keys;			/* a letter for each */
} Accepted;

static const Accepted accepted[] = {
	{"base64url", A_URL, "A"},
	{"base64url, padded", B_URL "=", "B"},
	{"base64", B_STD, "B"},
	{"base64, padded", B_STD "=", "B"},
	{"hexadecimal, both cases", A_HEX, "A"},
	{"hexadecimal of one letter", B_HEX, "B"},
	{"a newline at the end", A_URL "=\n", "A"},
	{"CRLF", A_URL "\r\n" B_URL "=\r\n", "AB"},
	{"a carriage return at the end", A_URL "\r", "A"},
	{"two lines", A_URL "\n" B_HEX, "AB"},
	{"commas", A_URL "," B_STD "=," A_HEX, "ABA"},
	{"commas, spaces and tabs", " \t" A_URL " ,\t" B_STD "= , " A_HEX " ", "ABA"},
	{"commas and lines", A_URL "," B_URL "\n" B_HEX "," A_HEX "\n", "ABBA"},
	{"blank lines", "\n\r\n  \n" A_URL "\n\n\t\n", "A"},
	{"comments", "# first\n" A_URL " # a comment, " B_URL "\n  #\n" B_URL "#x",
	"AB"},
	{"a comment with any bytes", "# \xEF\xBB\xBF \x01 =\r\n" A_URL, "A"},
	{"nothing between commas", ",," A_URL ",\n,", "A"},
	{"the same key twice", A_URL "\n" A_URL, "AA"}
};

typedef struct Refused
{
	const char *what;
	const char *text;
	ApikeyKeytextStatus status;
	int			line;
	size_t		length;
} Refused;

static const Refused refused[] = {
	{"nothing", "", APIKEY_KEYTEXT_EMPTY, 0, 0},
	{"blank lines alone", " \n\r\n\t\n", APIKEY_KEYTEXT_EMPTY, 0, 0},
	{"a comment alone", "#" A_URL, APIKEY_KEYTEXT_EMPTY, 0, 0},
	{"commas alone", ", ,\n", APIKEY_KEYTEXT_EMPTY, 0, 0},
	{"a character of neither alphabet", A_URL "\nAA!A", APIKEY_KEYTEXT_MALFORMED, 2,
	0},
	{"two keys with a space between", A_URL " " B_URL,
	APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"a carriage return within", A_URL "\r" B_URL "\n",
	APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"a carriage return before a comma", A_URL "\r," B_URL,
	APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"quotation marks", "\"" A_URL "\"", APIKEY_KEYTEXT_QUOTED, 1, 0},
	{"apostrophes", A_URL "\n'" B_URL "'", APIKEY_KEYTEXT_QUOTED, 2, 0},
	{"typographic quotation marks", "\xE2\x80\x9C" A_URL "\xE2\x80\x9D",
	APIKEY_KEYTEXT_QUOTED, 1, 0},
	{"a name before it", "KEY=" A_URL, APIKEY_KEYTEXT_NAMED, 1, 0},
	{"a name and quotation marks", "KEY_1=\"" A_URL "\"", APIKEY_KEYTEXT_NAMED, 1, 0},
	{"a name that is exported", "export KEY=" A_URL, APIKEY_KEYTEXT_NAMED, 1, 0},
	{"a name alone", "NAME1=", APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"a word alone", "export ", APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"a byte order mark", "\xEF\xBB\xBF" A_URL, APIKEY_KEYTEXT_MARKED, 1, 0},
	{"a byte order mark alone", "\xEF\xBB\xBF\n" A_URL,
	APIKEY_KEYTEXT_MARKED, 1, 0},
	{"a byte order mark of UTF-16", "\xFF\xFE" "A", APIKEY_KEYTEXT_MARKED, 1, 0},
	{"the other of UTF-16", "\xFE\xFF", APIKEY_KEYTEXT_MARKED, 1, 0},
	{"too much padding", A_URL "==", APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"padding alone", "=", APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"unused bits that are set", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",
	APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"both alphabets in one key", "/_________________________________________8",
	APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"one character", "A", APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"well-formed base64 of nothing", "AA==", APIKEY_KEYTEXT_WRONG_LENGTH, 1, 1},
	{"31 bytes", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
	APIKEY_KEYTEXT_WRONG_LENGTH, 1, 31},
	{"33 bytes", "\n\n" A_URL "\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
	APIKEY_KEYTEXT_WRONG_LENGTH, 4, 33},
	{"64 characters that are not all digits",
		"g" "00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	APIKEY_KEYTEXT_WRONG_LENGTH, 1, 48},
	{"66 hexadecimal digits", A_HEX "00", APIKEY_KEYTEXT_MALFORMED, 1, 0},
	{"a bad key after good ones", A_URL "," B_URL ",x", APIKEY_KEYTEXT_MALFORMED,
	1, 0}
};

/* The keys that the letters stand for. */
static bool
are_keys(const ApikeyKeytext *result, const char *letters)
{
	uint8_t		a[APIKEY_KEY_SIZE];
	uint8_t		b[APIKEY_KEY_SIZE];
	int			i;

	for (i = 0; i < APIKEY_KEY_SIZE; i++)
		a[i] = (uint8_t) i;
	memset(b, 0xFF, sizeof(b));
	for (i = 0; letters[i] != '\0'; i++)
	{
		if (i >= result->count ||
			memcmp(result->keys[i], letters[i] == 'A' ? a : b, sizeof(a)) != 0)
			return false;
	}
	return result->count == i;
}

/* Parse a copy of exactly the text's size, so that tools detect overreads. */
static ApikeyKeytextStatus
parse(const char *text, size_t len, ApikeyKeytext *result)
{
	char	   *copy = need(len);
	ApikeyKeytextStatus status;

	if (len > 0)
		memcpy(copy, text, len);
	memset(result, 0xEE, sizeof(*result));
	status = apikey_keytext_parse(copy, len, result);
	if (status != APIKEY_KEYTEXT_OK &&
		(result->count != 0 ||
		 !all_zero(result->keys, sizeof(result->keys))))
		ok(false, "a refused text left keys behind");
	free(copy);
	return status;
}

static void
test_forms(void)
{
	ApikeyKeytext result;

	for (size_t i = 0; i < lengthof(accepted); i++)
	{
		const Accepted *c = &accepted[i];

		ok(parse(c->text, strlen(c->text), &result) == APIKEY_KEYTEXT_OK &&
		   are_keys(&result, c->keys), "taken: %s", c->what);
	}
	for (size_t i = 0; i < lengthof(refused); i++)
	{
		const Refused *c = &refused[i];

		ok(parse(c->text, strlen(c->text), &result) == c->status &&
		   result.line == c->line && result.length == c->length,
		   "refused: %s", c->what);
	}
	ok(parse(A_URL "\0", sizeof(A_URL), &result) == APIKEY_KEYTEXT_MALFORMED,
	   "refused: a zero byte");
}

static void
test_limits(void)
{
	ApikeyKeytext result;
	char	   *text = need(APIKEY_KEYTEXT_MAX_SIZE + 1);
	size_t		used = 0;

	for (int i = 0; i <= APIKEY_KEYTEXT_MAX_KEYS; i++)
	{
		memcpy(text + used, A_URL "\n", sizeof(A_URL));
		used += sizeof(A_URL);
	}
	ok(parse(text, used - sizeof(A_URL), &result) == APIKEY_KEYTEXT_OK &&
	   result.count == APIKEY_KEYTEXT_MAX_KEYS, "the maximum number of keys");
	ok(parse(text, used, &result) == APIKEY_KEYTEXT_TOO_MANY &&
	   result.line == APIKEY_KEYTEXT_MAX_KEYS + 1, "one more");

	memset(text, '#', APIKEY_KEYTEXT_MAX_SIZE + 1);
	memcpy(text, A_URL, sizeof(A_URL) - 1);
	ok(parse(text, APIKEY_KEYTEXT_MAX_SIZE, &result) == APIKEY_KEYTEXT_OK,
	   "a text of the maximum length");
	ok(parse(text, APIKEY_KEYTEXT_MAX_SIZE + 1, &result) ==
	   APIKEY_KEYTEXT_TOO_LONG && result.line == 0, "one byte more");
	memset(text, 'A', APIKEY_KEYTEXT_MAX_SIZE);
	ok(parse(text, APIKEY_KEYTEXT_MAX_SIZE, &result) ==
	   APIKEY_KEYTEXT_WRONG_LENGTH &&
	   result.length == APIKEY_KEYTEXT_MAX_SIZE / 4 * 3,
	   "one key of the text's maximum length");
	free(text);
}

int
main(void)
{
	test_forms();
	test_limits();
	return done();
}
