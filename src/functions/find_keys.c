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
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/tuplestore.h"

#include "audit/audit.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "keys/data_key.h"
#include "redact/secret.h"
#include "store/value_lookup.h"
#include "store/value_search.h"
#include "validate/value_characters.h"

PG_FUNCTION_INFO_V1(apikey_find_keys);

/* One row at most. */
#define FROM_USAGE \
	" FROM apikey.key_usage u WHERE u.user_id OPERATOR(pg_catalog.=) k.user_id" \
	" AND u.id OPERATOR(pg_catalog.=) k.id"

/*
 * For tables that cannot be read without a statement.  The columns of apikey.all_keys.
 * The view itself is not used: as a security barrier view, it would be read completely.
 * The latest state is read, because the fingerprints are made with the latest data keys:
 * an older snapshot may see rows of a data key that has been destroyed since, which no
 * fingerprint would find.  There is no ORDER BY, for which the planner might read the
 * whole table by another index, and no join, for which it might read the whole of
 * key_usage: fingerprint has no statistics, so that it expects 5 % of all keys.  It has
 * a generic plan, as planning costs more than the search; for Citus see doc/scaling.md.
 */
static ApikeyStatement find_by_fingerprint = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT k.id, k.user_id, k.name, k.key_type,"
	" apikey.key_type_label(k.key_type), k.hint,"
	" k.env_var, k.metadata, k.created_at, k.updated_at, k.expires_at,"
	" k.disabled_at, k.disabled_reason, k.deleted_at, k.is_active,"
	" k.is_active AND (k.expires_at IS NULL"
	" OR k.expires_at OPERATOR(pg_catalog.>) pg_catalog.statement_timestamp())"
	" AND NOT apikey.is_lost(apikey.data_key_id(k.encrypted_value)),"
	" (SELECT u.last_used_at" FROM_USAGE "),"
	" COALESCE((SELECT u.uses" FROM_USAGE "), 0)"
	" FROM apikey.api_keys k WHERE k.fingerprint OPERATOR(pg_catalog.=) ANY ($1)",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.allow_bitmap = true,
	.arg_count = 1,
	.arg_types = {BYTEAARRAYOID}
};

/*
 * The forms in which the argument "value" may be stored: trimmed; as it is, for
 * types that allow white space; and with the last line end that a copy of a file's
 * text often lacks, for which *with_line_end has room.  Returns how many fit into a
 * row, without repetition; 22023 if there is nothing but white space.
 */
static int
read_searched_values(FunctionCallInfo fcinfo, ApikeySpan *values, char *with_line_end)
{
	const char *data;
	size_t		len;
	int			count = 0;

	apikey_value_read_trimmed(fcinfo, 0, &data, &len);
	if (len == 0)
		apikey_refuse_argument("value", "value is empty", NULL,
							   "Pass the whole value to look for.");
	if (len > APIKEY_VALUE_MAX)
		return 0;				/* no stored value is that long */
	values[count].data = data;
	values[count++].len = len;
	memcpy(with_line_end, data, len);
	with_line_end[len] = '\n';
	values[count].data = with_line_end;
	values[count++].len = len + 1;
	apikey_value_read_exact(fcinfo, 0, &data, &len);
	if (len == values[0].len || len > APIKEY_VALUE_MAX)
		return count;
	values[count].data = data;
	values[count++].len = len;
	return count;
}

static void
find_by_statement(Datum fingerprints, Tuplestorestate *store)
{
	ApikeyRows	rows;

	apikey_statement_run_by_index(&find_by_fingerprint, &fingerprints, &rows);
	for (uint64 i = 0; i < rows.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_puttuple(store, rows.tuples[i]);
	}
}

/*
 * Find the rows.  If they were moved to another data key meanwhile, the
 * fingerprints have changed as well, and the search is repeated.  A message alone is
 * no reason to: others might never cease to come.
 */
static void
find_rows(const ApikeySpan *values, int count, const ReturnSetInfo *result)
{
	Datum		searched = (Datum) 0;

	for (;;)
	{
		uint64		version = apikey_data_key_version();
		Datum		fingerprints = apikey_value_fingerprints(values, count);

		CHECK_FOR_INTERRUPTS();
		if (searched != (Datum) 0 && datumIsEqual(fingerprints, searched, false, -1))
			return;
		tuplestore_clear(result->setResult);
		if (!apikey_value_lookup(fingerprints, result->setDesc, result->setResult))
			find_by_statement(fingerprints, result->setResult);
		if (apikey_data_key_version() == version)
			return;
		searched = fingerprints;
	}
}

/*
 * apikey.find_keys(value) -> setof apikey.all_keys
 */
static Datum
find_keys(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ApikeySpan	values[3];
	const char *data;
	size_t		len;
	char	   *with_line_end;

	apikey_secret_received(fcinfo, 0, "value");
	apikey_refuse_restricted();
	InitMaterializedSRF(fcinfo, 0);
	apikey_value_read_exact(fcinfo, 0, &data, &len);
	with_line_end = palloc(len + 1);
	PG_TRY();
	{
		int			count = read_searched_values(fcinfo, values, with_line_end);

		if (count > 0)
			find_rows(values, count, result);
	}
	PG_FINALLY();
	{
		explicit_bzero(with_line_end, len + 1);
	}
	PG_END_TRY();
	apikey_event_count(tuplestore_tuple_count(result->setResult));
	return (Datum) 0;
}

Datum
apikey_find_keys(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_FIND, find_keys, fcinfo);
}
