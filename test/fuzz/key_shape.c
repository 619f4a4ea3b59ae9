/*-------------------------------------------------------------------------
 *
 * key_shape.c
 *		libFuzzer's entry to hiding what looks like a provider's key.
 *
 * A key of each built-in prefix is put into the text.  What is left of a text has
 * no key.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "redact/builtin_prefixes.h"
#include "fuzz.h"
#include "hidden_text.h"
#include "key_shape.h"

#define PREFIXES	(sizeof(builtin_prefixes) / sizeof(builtin_prefixes[0]))
#define SHORTEST	3

/* What follows a prefix. */
#define BODY	"q7Zw4Kx9Tn2Vb5Rm8Ys3Lp6"

static ApikeyKeyShapes shapes;

static bool
hide_again(const char *hidden, size_t len)
{
	size_t		size = apikey_hidden_size(hidden, len);
	char	   *out = room(size);
	bool		found;

	apikey_hidden_write(hidden, len, out);
	found = apikey_key_shapes_hide(&shapes, out, size);
	free(out);
	return found;
}

/* The text has a key of key_len bytes at that position; 0: perhaps none. */
static void
try_text(const char *text, size_t len, size_t key, size_t key_len)
{
	char	   *hidden = room(len);
	bool		found;

	if (len > 0)
		memcpy(hidden, text, len);
	found = apikey_key_shapes_hide(&shapes, hidden, len);
	demand(found || key_len == 0);
	demand(found == apikey_key_shapes_are_in(&shapes, text, len));
	for (size_t i = 0; i < len; i++)
		demand(hidden[i] == text[i] || (found && hidden[i] == '\0'));
	for (size_t i = key; i < key + key_len; i++)
		demand(hidden[i] == '\0');
	demand(!hide_again(hidden, len));
	free(hidden);
}

static void
try_key(const char *before, size_t before_len, const char *prefix, const char *after, size_t after_len)
{
	Builder		builder = {0};
	size_t		key_len;
	char	   *text;

	add(&builder, before, before_len);
	add_string(&builder, " ");
	add_string(&builder, prefix);
	add_string(&builder, BODY);
	key_len = builder.len - before_len - 1;
	add(&builder, after, after_len);
	text = finish(&builder);
	try_text(text, builder.len, before_len + 1, strlen(prefix) >= SHORTEST ? key_len : 0);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};
	const char *prefix = builtin_prefixes[take_byte(&input) % PREFIXES];
	size_t		before_len;
	size_t		after_len;
	char	   *before = take_text(&input, 400, &before_len);
	char	   *after = take_text(&input, 400, &after_len);

	apikey_key_shapes_set(&shapes, builtin_prefixes, PREFIXES);
	try_key(before, before_len, prefix, after, after_len);
	try_text(before, before_len, 0, 0);
	try_text(after, after_len, 0, 0);
	free(before);
	free(after);
	return 0;
}
