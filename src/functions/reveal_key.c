/*-------------------------------------------------------------------------
 *
 * reveal_key.c
 *		reveal_key: the most frequent call.
 *
 * One statement finds the row; data keys and their ciphers come from the
 * backend's cache.  The value is decrypted directly into the text that is
 * returned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/counter.h"
#include "store/key_call.h"
#include "store/key_usage.h"
#include "store/key_value.h"

PG_FUNCTION_INFO_V1(apikey_reveal_key);
PG_FUNCTION_INFO_V1(apikey_reveal_key_by_id);

static Datum
reveal_key(FunctionCallInfo fcinfo, ApikeyKeySelector selector)
{
	ApikeyKeyRow key;
	const ApikeyKeyRow *used = &key;
	text	   *value;

	apikey_key_row_get(&selector, false, &key);
	apikey_key_row_require_usable(&key, selector.argument);
	/* While there is no value yet that an error would leave in memory. */
	apikey_key_usage_note(&used, 1);
	value = apikey_key_value_open(&key);
	apikey_count(APIKEY_COUNT_REVEALS_KEY);
	PG_RETURN_TEXT_P(value);
}

/*
 * apikey.reveal_key(name or id) -> text
 */
Datum
apikey_reveal_key(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_REVEAL, apikey_key_selector_by_text,
						   reveal_key, fcinfo);
}

Datum
apikey_reveal_key_by_id(PG_FUNCTION_ARGS)
{
	return apikey_key_call(APIKEY_ACTION_REVEAL, apikey_key_selector_by_id,
						   reveal_key, fcinfo);
}
