/*-------------------------------------------------------------------------
 *
 * keytext.c
 *		libFuzzer's entry to the parser of master keys.
 *
 * Any text produces either keys, or an error status and no keys; and keys that
 * were parsed, when written and parsed again, are the same.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "fuzz.h"
#include "keytext.h"

#define ENCODED_SIZE	43		/* of a key, in base64url */

static void
read_again(const ApikeyKeytext *first)
{
	static ApikeyKeytext second;
	char		text[APIKEY_KEYTEXT_MAX_KEYS * (ENCODED_SIZE + 1)];
	size_t		used = 0;

	for (int i = 0; i < first->count; i++)
	{
		apikey_base64url_encode(first->keys[i], APIKEY_KEY_SIZE, text + used);
		used += ENCODED_SIZE;
		text[used++] = i % 2 == 0 ? ',' : '\n';
	}
	demand(apikey_keytext_parse(text, used, &second) == APIKEY_KEYTEXT_OK);
	demand(second.count == first->count);
	demand(memcmp(second.keys, first->keys, sizeof(first->keys)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static ApikeyKeytext result;
	static const uint8_t zeros[sizeof(result.keys)];

	if (apikey_keytext_parse((const char *) data, size,
							 &result) == APIKEY_KEYTEXT_OK)
	{
		demand(result.count >= 1 && result.count <= APIKEY_KEYTEXT_MAX_KEYS);
		read_again(&result);
	}
	else
	{
		demand(result.count == 0);
		demand(memcmp(result.keys, zeros, sizeof(zeros)) == 0);
		demand(result.line >= 0 && result.line <= APIKEY_KEYTEXT_MAX_SIZE);
	}
	return 0;
}
