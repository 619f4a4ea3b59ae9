/*-------------------------------------------------------------------------
 *
 * key_shape.c
 *		Hiding what looks like a provider's key; see key_shape.h.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "hidden_text.h"
#include "key_shape.h"

/* A prefix with that many letters is not the beginning of an ordinary word. */
#define DISTINCTIVE_LETTERS	4
#define SHORTEST_PREFIX		3

/* What follows a distinctive prefix has at least that many characters, ... */
#define MIN_BODY	12
#define MIN_DIGITS	2
/* ... and what follows any other, that many, either in one word or mixed. */
#define MIN_WORD	16
#define MIN_MIXED	20

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_small(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_alphanumeric(char c)
{
	return is_digit(c) || is_small(c) || is_capital(c);
}

/* Can it be part of a key? */
static bool
is_key_character(char c)
{
	return is_alphanumeric(c) || (c != '\0' && strchr("_-.+/=~", c) != NULL);
}

/* What there is in the text after the prefix. */
typedef struct Body
{
	size_t		len;
	size_t		digits;
	size_t		letters;
	bool		has_small;
	bool		has_capital;
	bool		has_word;		/* a long one, of letters and digits */
} Body;

static Body
measure(const char *text, size_t len)
{
	Body		body = {0};
	size_t		word = 0;
	size_t		word_digits = 0;

	for (; body.len < len && is_key_character(text[body.len]); body.len++)
	{
		char		c = text[body.len];

		body.digits += is_digit(c);
		body.has_small |= is_small(c);
		body.has_capital |= is_capital(c);
		word = is_alphanumeric(c) ? word + 1 : 0;
		word_digits = word == 0 ? 0 : word_digits + is_digit(c);
		body.has_word |= word >= MIN_WORD && word_digits > 0 && word_digits < word;
	}
	return body;
}

static bool
is_distinctive_prefix(const char *prefix)
{
	int			letters = 0;

	for (; *prefix != '\0'; prefix++)
		letters += is_small(*prefix) || is_capital(*prefix);
	return letters >= DISTINCTIVE_LETTERS;
}

static bool
looks_random(const char *prefix, const Body *body)
{
	if (body->has_word)
		return true;
	if (is_distinctive_prefix(prefix))
		return body->len >= MIN_BODY && body->digits >= MIN_DIGITS;
	return body->len >= MIN_MIXED && body->digits > 0 && body->has_small && body->has_capital;
}

/*
 * Where a key can begin after that place: not within a word, but behind an escaped
 * character.
 */
static size_t
next_boundary(const ApikeyKeyShapes *shapes, const char *text, size_t len, size_t pos)
{
	if (pos > 0 && text[pos - 1] == '\\')
		return pos + 1;
	while (pos < len && shapes->in_word[(unsigned char) text[pos]])
		pos++;
	return pos + 1;
}

/* The length of the prefix if the text begins with it, which mostly ends at once. */
static size_t
prefix_at(const char *prefix, const char *text, size_t len)
{
	size_t		size = 0;

	while (size < len && prefix[size] == text[size] && prefix[size] != '\0')
		size++;
	return prefix[size] == '\0' ? size : 0;
}

/* A bit for each byte modulo 64: bytes that share one cause only a needless comparison. */
static uint64_t
bit_of(char c)
{
	return UINT64_C(1) << ((unsigned char) c % 64);
}

/*
 * The length of the key that begins there; 0 if none does.  Only the longest prefix
 * counts, which comes last.
 */
static size_t
key_at(const ApikeyKeyShapes *shapes, const char *text, size_t len)
{
	unsigned char byte = (unsigned char) *text;

	if (len < SHORTEST_PREFIX || (shapes->second[byte] & bit_of(text[1])) == 0)
		return 0;
	for (int i = shapes->first[byte + 1] - 1; i >= shapes->first[byte]; i--)
	{
		const char *prefix = shapes->prefixes[i];
		size_t		size = prefix_at(prefix, text, len);
		Body		body;

		if (size < SHORTEST_PREFIX)
			continue;
		body = measure(text + size, len - size);
		return looks_random(prefix, &body) ? size + body.len : 0;
	}
	return 0;
}

/* Set *pos, where a key can begin, to the next key.  Returns its length, 0 if there is none. */
static size_t
next_key(const ApikeyKeyShapes *shapes, const char *text, size_t len, size_t *pos)
{
	if (shapes->count == 0)
		return 0;
	while (*pos < len)
	{
		size_t		size = key_at(shapes, text + *pos, len - *pos);

		if (size > 0)
			return size;
		*pos = next_boundary(shapes, text, len, *pos);
	}
	return 0;
}

bool
apikey_key_shapes_are_in(const ApikeyKeyShapes *shapes, const char *text, size_t len)
{
	size_t		pos = 0;

	return next_key(shapes, text, len, &pos) > 0;
}

bool
apikey_key_shapes_hide(const ApikeyKeyShapes *shapes, char *text, size_t len)
{
	bool		found = false;
	size_t		pos = 0;
	size_t		size;

	while ((size = next_key(shapes, text, len, &pos)) > 0)
	{
		apikey_hide(text, pos, pos + size);
		found = true;
		pos += size;
	}
	return found;
}

void
apikey_key_shapes_set(ApikeyKeyShapes *shapes, const char *const *prefixes, int count)
{
	int			byte = 0;

	memset(shapes, 0, sizeof(*shapes));
	shapes->prefixes = prefixes;
	shapes->count = count;
	for (int i = 0; i < count; i++)
	{
		while (byte <= (unsigned char) prefixes[i][0])
			shapes->first[byte++] = (uint16_t) i;
		shapes->second[(unsigned char) prefixes[i][0]] |= bit_of(prefixes[i][1]);
	}
	while (byte <= 256)
		shapes->first[byte++] = (uint16_t) count;
	for (int c = 0; c < 256; c++)
		shapes->in_word[c] = is_alphanumeric((char) c) || c == '_';
}
