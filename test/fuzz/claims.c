/*-------------------------------------------------------------------------
 *
 * claims.c
 *		libFuzzer's entry to the claims of a JSON Web Token.
 *
 * Nothing raises an error.  A "sub" is the one that the text states: put into an
 * object beside other members, it is found, and two of them are not.
 *
 *-------------------------------------------------------------------------
 */
#include "backend.h"

#include "exec/claims.h"

/* Can the bytes be a string of JSON as they are? */
static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~' || strchr("\"\\{}[]", *text) != NULL)
			return false;
	return true;
}

static void
read_claims(Input *input)
{
	char	   *id = take_string(input, 100);
	char	   *text = take_string(input, 70000);
	char	   *sub = apikey_claims_sub(text);
	char	   *wrapped;

	demand(sub == NULL || strstr(text, "su") != NULL || strstr(text, "\\u") != NULL);
	if (!is_plain(id))
		return;
	wrapped = psprintf("{\"a\": {\"sub\": \"x\"}, \"b\": [\"sub\"], \"sub\": \"%s\"}", id);
	sub = apikey_claims_sub(wrapped);
	demand(sub != NULL && strcmp(sub, id) == 0);
	demand(apikey_claims_sub(psprintf("{\"sub\": \"%s\", \"sub\": \"%s\"}", id, id)) == NULL);
	demand(apikey_claims_sub(psprintf("[{\"sub\": \"%s\"}]", id)) == NULL);
	demand(apikey_claims_sub(psprintf("{\"a\": {\"sub\": \"%s\"}}", id)) == NULL);
	demand(apikey_claims_sub(psprintf("{\"sub\": [\"%s\"]}", id)) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};

	demand(call_backend(read_claims, &input));
	return 0;
}
