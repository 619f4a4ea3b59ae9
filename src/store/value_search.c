/*-------------------------------------------------------------------------
 *
 * value_search.c
 *		Search for keys by their value, without decrypting any.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/encoding.h"
#include "compat.h"
#include "exec/statement.h"
#include "keys/data_key.h"
#include "store/value_search.h"

static ApikeyStatement find_duplicate = {
	.sql = "SELECT name FROM apikey.api_keys"
	" WHERE user_id OPERATOR(pg_catalog.=) $1"
	" AND fingerprint OPERATOR(pg_catalog.=) ANY ($2)"
	" AND deleted_at IS NULL LIMIT 1",
	.arg_count = 2,
	.arg_types = {TEXTOID, BYTEAARRAYOID}
};

/* Append a value's fingerprints, as bytea. */
static void
append_fingerprints(ArrayBuildState *array, ApikeySpan value, bool complete)
{
	uint8_t    *fingerprints = NULL;
	volatile int count = 0;		/* set within PG_TRY */
	size_t		utf8_len;
	const char *utf8 = apikey_to_utf8(value.data, value.len, &utf8_len);

	PG_TRY();
	{
		count = apikey_data_key_all_fingerprints(utf8, utf8_len, complete, &fingerprints);
	}
	PG_FINALLY();
	{
		apikey_wipe_utf8(utf8, utf8_len, value.data);
	}
	PG_END_TRY();
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		accumArrayResult(array,
						 PointerGetDatum(cstring_to_text_with_len((const char *) fingerprints +
																  i * APIKEY_FINGERPRINT_SIZE,
																  APIKEY_FINGERPRINT_SIZE)),
						 false, BYTEAOID, CurrentMemoryContext);
	}
}

Datum
apikey_value_fingerprints(const ApikeySpan *values, int count)
{
	ArrayBuildState *array = initArrayResult(BYTEAOID, CurrentMemoryContext, false);

	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		append_fingerprints(array, values[i], true);
	}
	return makeArrayResult(array, CurrentMemoryContext);
}

char *
apikey_value_find_duplicate(const char *user_id, const char *value, size_t len)
{
	ArrayBuildState *array = initArrayResult(BYTEAOID, CurrentMemoryContext, false);
	ApikeySpan	searched = {value, len};
	ApikeyRows	rows;
	Datum		args[2];
	bool		is_null;

	append_fingerprints(array, searched, false);
	args[0] = CStringGetTextDatum(user_id);
	args[1] = makeArrayResult(array, CurrentMemoryContext);
	if (apikey_statement_run(&find_duplicate, user_id, args, NULL, &rows) == 0)
		return NULL;
	return TextDatumGetCString(apikey_rows_get(&rows, 0, 1, &is_null));
}
