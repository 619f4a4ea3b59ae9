/*-------------------------------------------------------------------------
 *
 * metadata.c
 *		The metadata of a key; see metadata.h.
 *
 * The object can be as large as PostgreSQL allows, and much larger as text: the
 * number 1e131071 takes a few bytes.  So its size is counted, up to the limit,
 * before anything is done that takes time or memory in proportion.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/errors.h"
#include "validate/key_search.h"
#include "validate/metadata.h"

/* The length of a scalar as text, at least: characters are not escaped. */
static size_t
scalar_text_len(const JsonbValue *value)
{
	char	   *digits;
	size_t		len;

	if (value->type == jbvString)
		return value->val.string.len + strlen("\"\"");
	if (value->type != jbvNumeric)
		return strlen("true");
	digits = DatumGetCString(DirectFunctionCall1(numeric_out,
												 NumericGetDatum(value->val.numeric)));
	len = strlen(digits);
	pfree(digits);
	return len;
}

/* Refuse an object whose parts alone are larger than the limit. */
static bool
has_large_parts(Jsonb *metadata)
{
	JsonbIterator *iterator = JsonbIteratorInit(&metadata->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	size_t		len = 0;

	while (len <= APIKEY_METADATA_MAX &&
		   (token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		len++;					/* a bracket or a separator */
		if (token == WJB_KEY || token == WJB_VALUE || token == WJB_ELEM)
			len += scalar_text_len(&value);
	}
	return len > APIKEY_METADATA_MAX;
}

static bool
is_too_large(Jsonb *metadata)
{
	char	   *as_text;
	size_t		len;

	if (has_large_parts(metadata))
		return true;
	as_text = JsonbToCString(NULL, &metadata->root, VARSIZE(metadata));
	len = strlen(as_text);
	pfree(as_text);
	return len > APIKEY_METADATA_MAX;
}

/* Refuse a member name or string, at any depth, that looks like a key. */
static void
refuse_keys_within(Jsonb *metadata, const char *argument)
{
	JsonbIterator *iterator = JsonbIteratorInit(&metadata->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if ((token == WJB_KEY || token == WJB_VALUE || token == WJB_ELEM) &&
			value.type == jbvString &&
			apikey_looks_like_key(value.val.string.val, value.val.string.len))
			apikey_refuse_argument(argument, "metadata contains a string that looks like an API key",
								   "Metadata is shown in lists and is not encrypted.",
								   "Leave the secret out of the metadata.");
	}
}

Jsonb *
apikey_arg_metadata(Jsonb *metadata, const char *argument)
{
	if (!JB_ROOT_IS_OBJECT(metadata))
		apikey_refuse_argument(argument, "metadata is not a JSON object", NULL,
							   "Pass an object, such as {\"team\": \"research\"}.");
	if (is_too_large(metadata))
		apikey_refuse_argument(argument, "metadata is too large",
							   psprintf("It has more than %d bytes as text.",
										APIKEY_METADATA_MAX),
							   "Store large data in a table of your own.");
	refuse_keys_within(metadata, argument);
	return metadata;
}
