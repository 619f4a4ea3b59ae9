/*-------------------------------------------------------------------------
 *
 * verify_keys.c
 *		verify_keys: which keys, of any user, cannot be decrypted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "audit/audit.h"
#include "exec/precondition.h"
#include "keys/master_key.h"
#include "store/key_value.h"

PG_FUNCTION_INFO_V1(apikey_verify_keys);

static ApikeyStatement select_every_key = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT " APIKEY_KEY_ROW_SEALED_COLUMNS
	" FROM apikey.api_keys"
};

typedef struct VerifyResult
{
	ReturnSetInfo *rows;
	int64		problems;
} VerifyResult;

/*
 * Report a row whose value cannot be decrypted.  A long scan can find versions
 * of rows whose data key was retired after the scan began; such a row has been
 * re-encrypted since, so its value was decrypted then.
 */
static void
verify_row(HeapTuple tuple, TupleDesc desc, void *arg)
{
	VerifyResult *result = arg;
	bool		nulls[3] = {false};
	ApikeyKeyRow key;
	Datum		values[3];
	const char *problem;

	apikey_key_row_read_sealed(tuple, desc, &key);
	problem = apikey_key_value_problem(&key);
	if (problem == NULL || !apikey_key_value_is_current(&key))
		return;
	values[0] = CStringGetTextDatum(key.user_id);
	values[1] = UUIDPGetDatum(&key.id);
	values[2] = CStringGetTextDatum(problem);
	tuplestore_putvalues(result->rows->setResult, result->rows->setDesc, values, nulls);
	result->problems++;
}

/*
 * apikey.verify_keys() -> table (user_id, id, problem)
 */
static Datum
verify_keys(PG_FUNCTION_ARGS)
{
	VerifyResult result = {.rows = (ReturnSetInfo *) fcinfo->resultinfo};

	apikey_refuse_restricted();
	(void) apikey_master_keys();
	InitMaterializedSRF(fcinfo, 0);
	apikey_statement_run_each(&select_every_key, NULL, NULL, NULL, verify_row,
							  &result);
	apikey_event_count(result.problems);
	return (Datum) 0;
}

Datum
apikey_verify_keys(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_VERIFY, verify_keys, fcinfo);
}
