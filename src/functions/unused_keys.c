/*-------------------------------------------------------------------------
 *
 * unused_keys.c
 *		unused_keys: which keys, of any user, have not been used for a time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"

#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "store/key_usage.h"
#include "validate/arguments.h"

PG_FUNCTION_INFO_V1(apikey_unused_keys);

static ApikeyStatement select_unused = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT * FROM apikey.all_keys"
	" WHERE deleted_at IS NULL AND GREATEST(created_at, last_used_at)"
	" OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) $1)",
	.across_users = true,
	.arg_count = 1,
	.arg_types = {INTERVALOID}
};

/* Uses within the interval are not recorded, so that they cannot be ruled out. */
static void
require_recorded(Interval *older_than)
{
	int			seconds = apikey_key_usage_interval();
	Interval	shortest = {.time = seconds * USECS_PER_SEC};

	if (seconds < 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the use of API keys is not recorded"),
				 errhint("Set apikey.usage_interval to a time such as '1h'."),
				 apikey_err_hide_statement()));
	if (DatumGetBool(DirectFunctionCall2(interval_lt, IntervalPGetDatum(older_than),
										 IntervalPGetDatum(&shortest))))
		apikey_refuse_argument("older_than", "older_than is shorter than apikey.usage_interval",
							   psprintf("A key's use is recorded once in %d seconds at most.", seconds),
							   "Pass a longer interval, or set apikey.usage_interval to a shorter time.");
}

static void
put_unused(HeapTuple tuple, TupleDesc desc, void *arg)
{
	ReturnSetInfo *result = arg;

	tuplestore_puttuple(result->setResult, tuple);
}

/*
 * apikey.unused_keys(older_than) -> setof apikey.all_keys
 */
Datum
apikey_unused_keys(PG_FUNCTION_ARGS)
{
	Interval   *older_than;
	Datum		arg;

	apikey_refuse_restricted();
	older_than = apikey_arg_age(fcinfo, 0, "older_than");
	require_recorded(older_than);
	InitMaterializedSRF(fcinfo, 0);
	arg = IntervalPGetDatum(older_than);
	apikey_statement_run_each(&select_unused, NULL, &arg, NULL, put_unused,
							  fcinfo->resultinfo);
	return (Datum) 0;
}
