/*-------------------------------------------------------------------------
 *
 * admin_keys.c
 *		find_keys, verify_keys and purge_deleted: what works across users, as
 *		apikey_maintenance.
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
#include "keys/master_key.h"
#include "store/key_value.h"
#include "validate/arguments.h"
#include "validate/value.h"

/* The longest age that can be subtracted from any time to come. */
#define MAX_YEARS	1000

#define AGE_HINT	"Pass an interval such as '30 days'."

PG_FUNCTION_INFO_V1(apikey_find_keys);
PG_FUNCTION_INFO_V1(apikey_verify_keys);
PG_FUNCTION_INFO_V1(apikey_purge_deleted);

/*
 * The columns of apikey.all_keys.  Not from the view itself: a security
 * barrier would have it read whole.  The latest state, as the fingerprints are
 * those of the latest data keys: an older snapshot may see rows under one that
 * has been destroyed since, and no fingerprint would find these.
 */
static ApikeyStatement find_by_fingerprint = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT k.id, k.user_id, k.name, k.key_type, t.label, k.hint,"
	" k.env_var, k.metadata, k.created_at, k.updated_at, k.expires_at,"
	" k.disabled_at, k.disabled_reason, k.deleted_at, k.is_active"
	" FROM apikey.api_keys k LEFT JOIN apikey.key_types t"
	" ON t.key_type OPERATOR(pg_catalog.=) k.key_type"
	" WHERE k.fingerprint OPERATOR(pg_catalog.=) ANY ($1)"
	" ORDER BY k.user_id, k.id",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 1,
	.arg_types = {BYTEAARRAYOID}
};

static ApikeyStatement select_every_key = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT " APIKEY_KEY_ROW_SEALED_COLUMNS
	" FROM apikey.api_keys"
};

static ApikeyStatement delete_old = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "DELETE FROM apikey.api_keys WHERE deleted_at"
	" OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) $1)",
	.arg_count = 1,
	.arg_types = {INTERVALOID}
};

/* Fingerprints as bytea[]. */
static Datum
make_array(const uint8_t *fingerprints, int count)
{
	Datum	   *elements = palloc(Max(count, 1) * sizeof(Datum));
	int			i;

	for (i = 0; i < count; i++)
		elements[i] = PointerGetDatum(cstring_to_text_with_len((const char *) fingerprints +
															   i * APIKEY_FINGERPRINT_SIZE,
															   APIKEY_FINGERPRINT_SIZE));
	return PointerGetDatum(construct_array(elements, count, BYTEAOID, -1, false,
										   TYPALIGN_INT));
}

/* The value's fingerprints under each live data key. */
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
		if (utf8 != value)
			explicit_bzero(unconstify(char *, utf8), utf8_len);
	}
	PG_END_TRY();
	return make_array(fingerprints, count);
}

/*
 * apikey.find_keys(value) -> setof apikey.all_keys
 */
static Datum
find_keys(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *value = "";
	size_t		len = 0;
	ApikeyRows	rows;
	Datum		looked_for;
	Datum		args[1];
	uint64		i;

	apikey_refuse_restricted();
	if (!PG_ARGISNULL(0))
	{
		text	   *argument = PG_GETARG_TEXT_PP(0);

		value = VARDATA_ANY(argument);
		len = VARSIZE_ANY_EXHDR(argument);
		apikey_value_trim(&value, &len);
	}
	if (len == 0)
		apikey_refuse_argument("value", "value is empty", NULL,
							   "Pass the whole value to look for.");
	InitMaterializedSRF(fcinfo, 0);
	args[0] = fingerprints_of(value, len);
	/* Rows move to a new data key while we look: then look again. */
	do
	{
		looked_for = args[0];
		apikey_statement_run(&find_by_fingerprint, NULL, args, NULL, &rows);
		args[0] = fingerprints_of(value, len);
	} while (!datumIsEqual(args[0], looked_for, false, -1));
	for (i = 0; i < rows.count; i++)
		tuplestore_puttuple(result->setResult, rows.tuples[i]);
	return (Datum) 0;
}

Datum
apikey_find_keys(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(find_keys, fcinfo);
}

/*
 * Report one row if its value does not open.  A long scan can meet rows whose
 * data key was retired since it began: these have been opened and moved.
 */
static void
verify_row(HeapTuple tuple, TupleDesc desc, void *arg)
{
	ReturnSetInfo *result = arg;
	bool		nulls[3] = {false};
	ApikeyKeyRow key;
	Datum		values[3];
	const char *problem;

	CHECK_FOR_INTERRUPTS();
	apikey_key_row_read(tuple, desc, &key);
	problem = apikey_key_value_problem(&key);
	if (problem == NULL || !apikey_key_value_is_current(&key))
		return;
	values[0] = CStringGetTextDatum(key.user_id);
	values[1] = UUIDPGetDatum(&key.id);
	values[2] = CStringGetTextDatum(problem);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * apikey.verify_keys() -> table (user_id, id, problem)
 */
Datum
apikey_verify_keys(PG_FUNCTION_ARGS)
{
	apikey_refuse_restricted();
	(void) apikey_master_keys();
	InitMaterializedSRF(fcinfo, 0);
	apikey_statement_run_each(&select_every_key, NULL, NULL, NULL, verify_row,
							  fcinfo->resultinfo);
	return (Datum) 0;
}

static bool
is_less(const Interval *left, const Interval *right)
{
	return DatumGetBool(DirectFunctionCall2(interval_lt,
											IntervalPGetDatum(unconstify(Interval *, left)),
											IntervalPGetDatum(unconstify(Interval *, right))));
}

/*
 * apikey.purge_deleted(older_than) -> bigint
 */
Datum
apikey_purge_deleted(PG_FUNCTION_ARGS)
{
	Interval	zero = {0};
	Interval	most = {.month = MONTHS_PER_YEAR * MAX_YEARS};
	Datum		args[1];

	apikey_refuse_restricted();
	apikey_arg_require(fcinfo, 0, "older_than", "age", AGE_HINT);
	if (is_less(PG_GETARG_INTERVAL_P(0), &zero) ||
		is_less(&most, PG_GETARG_INTERVAL_P(0)))
		apikey_refuse_argument("older_than",
							   psprintf("older_than must be between 0 and %d years",
										MAX_YEARS),
							   NULL, AGE_HINT);
	apikey_lock_for_write();
	args[0] = PG_GETARG_DATUM(0);
	PG_RETURN_INT64((int64) apikey_statement_run(&delete_old, NULL, args, NULL, NULL));
}
