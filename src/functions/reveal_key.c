/*-------------------------------------------------------------------------
 *
 * reveal_key.c
 *		reveal_key: the hot path.
 *
 * One statement finds the row; data keys and their ciphers come from this
 * backend's cache.  The value is opened straight into the text that is
 * returned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/errors.h"
#include "exec/identity.h"
#include "store/key_value.h"

PG_FUNCTION_INFO_V1(apikey_reveal_key);
PG_FUNCTION_INFO_V1(apikey_reveal_key_by_id);

static Datum
reveal(const char *user_id, ApikeyKeySelector selector)
{
	ApikeyKeyRow key;

	apikey_key_row_get(user_id, &selector, false, &key);
	apikey_key_row_require_usable(&key, selector.argument);
	PG_RETURN_TEXT_P(apikey_key_value_open(&key));
}

/*
 * apikey.reveal_key(name or id) -> text
 */
Datum
apikey_reveal_key(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return reveal(user_id, apikey_key_selector_by_text(fcinfo, 0));
}

Datum
apikey_reveal_key_by_id(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();

	return reveal(user_id, apikey_key_selector_by_id(fcinfo, 0));
}
