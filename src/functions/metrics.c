/*-------------------------------------------------------------------------
 *
 * metrics.c
 *		read_counters: the counters as rows of the view apikey.metrics.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "base/counter.h"
#include "compat.h"
#include "exec/precondition.h"

PG_FUNCTION_INFO_V1(apikey_read_counters);

static void
push_label_text(JsonbInState *state, JsonbIteratorToken token, const char *value)
{
	JsonbValue	string;

	string.type = jbvString;
	string.val.string.val = unconstify(char *, value);
	string.val.string.len = strlen(value);
	pushJsonbValue(state, token, &string);
}

/* An object with the label, or an empty one. */
static Jsonb *
make_labels(const char *label, const char *value)
{
	JsonbInState state = {0};

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (label != NULL)
	{
		push_label_text(&state, WJB_KEY, label);
		push_label_text(&state, WJB_VALUE, value);
	}
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(state.result);
}

static void
put_metric(ReturnSetInfo *result, const char *name, const char *label,
		   const char *label_value, double value)
{
	bool		nulls[3] = {false};
	Datum		values[3];

	values[0] = CStringGetTextDatum(name);
	values[1] = JsonbPGetDatum(make_labels(label, label_value));
	values[2] = Float8GetDatum(value);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static double
seconds_since_1970(TimestampTz time)
{
	return (double) time / USECS_PER_SEC +
		(double) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

/*
 * apikey.read_counters() -> setof (name text, labels jsonb,
 *									value double precision)
 */
Datum
apikey_read_counters(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	apikey_refuse_restricted();
	InitMaterializedSRF(fcinfo, 0);
	put_metric(result, "apikey_metrics_shared", NULL, NULL, apikey_counters_are_shared());
	put_metric(result, "apikey_metrics_start_time_seconds", NULL, NULL,
			   seconds_since_1970(apikey_counters_since()));
	for (int i = 0; i < APIKEY_COUNTERS; i++)
	{
		const ApikeyCounterInfo *info = &apikey_counter_info[i];

		put_metric(result, info->name, info->label, info->label_value,
				   apikey_counter_read(i) / info->unit);
	}
	return (Datum) 0;
}
