/*-------------------------------------------------------------------------
 *
 * find_keys.c
 *		find_keys: which keys, of any user, have a given value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/tuplestore.h"

#include "base/encoding.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "keys/data_key.h"
#include "validate/value_characters.h"

PG_FUNCTION_INFO_V1(apikey_find_keys);

/*
 * The columns of apikey.all_keys.  The view itself is not used: as a security
 * barrier view, it would be read completely.  The latest state is read, because
 * the fingerprints are made with the latest data keys: an older snapshot may
 * see rows of a data key that has been destroyed since, which no fingerprint
 * would find.  There is no ORDER BY, for which the planner might read the whole
 * table by another index.
 */
static ApikeyStatement find_by_fingerprint = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT k.id, k.user_id, k.name, k.key_type,"
	" apikey.key_type_label(k.key_type), k.hint,"
	" k.env_var, k.metadata, k.created_at, k.updated_at, k.expires_at,"
	" k.disabled_at, k.disabled_reason, k.deleted_at, k.is_active,"
	" k.is_active AND (k.expires_at IS NULL"
	" OR k.expires_at OPERATOR(pg_catalog.>) pg_catalog.statement_timestamp())"
	" FROM apikey.api_keys k"
	" WHERE k.fingerprint OPERATOR(pg_catalog.=) ANY ($1)",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 1,
	.arg_types = {BYTEAARRAYOID}
};

/* Fingerprints as bytea[]. */
static Datum
make_array(const uint8_t *fingerprints, int count)
{
	Datum	   *elements = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		elements[i] = PointerGetDatum(cstring_to_text_with_len((const char *) fingerprints +
															   i * APIKEY_FINGERPRINT_SIZE,
															   APIKEY_FINGERPRINT_SIZE));
	}
	return PointerGetDatum(construct_array(elements, count, BYTEAOID, -1, false,
										   TYPALIGN_INT));
}

/* The value's fingerprints, one with each data key that is not destroyed. */
static Datum
fingerprints_of(const char *value, size_t len)
{
	uint8_t    *fingerprints = NULL;
	volatile int count = 0;		/* set within PG_TRY */
	size_t		utf8_len;
	const char *utf8 = apikey_to_utf8(value, len, &utf8_len);

	PG_TRY();
	{
		count = apikey_data_key_all_fingerprints(utf8, utf8_len, &fingerprints);
	}
	PG_FINALLY();
	{
		apikey_wipe_utf8(utf8, utf8_len, value);
	}
	PG_END_TRY();
	return make_array(fingerprints, count);
}

/* The argument "value", without outer white space; 22023 if nothing is left. */
static void
read_searched_value(FunctionCallInfo fcinfo, const char **value, size_t *len)
{
	apikey_value_read(fcinfo, 0, value, len);
	if (*len == 0)
		apikey_refuse_argument("value", "value is empty", NULL,
							   "Pass the whole value to look for.");
}

/*
 * Find the rows.  If they were moved to another data key meanwhile, the
 * fingerprints have changed as well, and the search is repeated.
 */
static void
find_rows(const char *value, size_t len, ApikeyRows *rows)
{
	Datum		fingerprints = fingerprints_of(value, len);
	Datum		searched;

	do
	{
		CHECK_FOR_INTERRUPTS();
		searched = fingerprints;
		apikey_statement_run_by_index(&find_by_fingerprint, &searched, rows);
		fingerprints = fingerprints_of(value, len);
	} while (!datumIsEqual(fingerprints, searched, false, -1));
}

/*
 * apikey.find_keys(value) -> setof apikey.all_keys
 */
static Datum
find_keys(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *value;
	size_t		len;
	ApikeyRows	rows;

	apikey_refuse_restricted();
	read_searched_value(fcinfo, &value, &len);
	InitMaterializedSRF(fcinfo, 0);
	if (len > APIKEY_VALUE_MAX)
		return (Datum) 0;		/* no stored value is that long */
	find_rows(value, len, &rows);
	for (uint64 i = 0; i < rows.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_puttuple(result->setResult, rows.tuples[i]);
	}
	return (Datum) 0;
}

Datum
apikey_find_keys(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(find_keys, fcinfo);
}
