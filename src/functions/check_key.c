/*-------------------------------------------------------------------------
 *
 * check_key.c
 *		SQL functions that tell of a value what its type says of it.
 *
 * Nothing of a value is returned or put into a message.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/errors.h"
#include "exec/precondition.h"
#include "validate/arguments.h"
#include "validate/key_type.h"
#include "validate/value.h"

PG_FUNCTION_INFO_V1(apikey_check_key);
PG_FUNCTION_INFO_V1(apikey_detect_key_type);

/*
 * apikey.check_key(key_type text, value text)
 *		-> setof (severity text, code text, message text)
 */
static Datum
check_key(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const ApikeyKeyType *type;
	const char *value = "";
	size_t		len = 0;
	ListCell   *cell;

	apikey_refuse_restricted();
	type = apikey_arg_key_type(fcinfo, 0);
	if (!PG_ARGISNULL(1))
	{
		text	   *argument = PG_GETARG_TEXT_PP(1);

		value = VARDATA_ANY(argument);
		len = VARSIZE_ANY_EXHDR(argument);
		apikey_value_trim(&value, &len);
	}

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, apikey_value_validate(type, value, len))
	{
		const ApikeyFinding *finding = lfirst(cell);
		bool		nulls[3] = {false};
		Datum		row[3];

		row[0] = CStringGetTextDatum(finding->is_error ? "error" : "warning");
		row[1] = CStringGetTextDatum(finding->code);
		row[2] = CStringGetTextDatum(finding->message);
		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	return (Datum) 0;
}

Datum
apikey_check_key(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(check_key, fcinfo);
}

/* A type that a value could be of. */
typedef struct Candidate
{
	const ApikeyKeyType *type;
	size_t		prefix_len;		/* of its own that the value begins with */
	bool		takes_anything;
	bool		is_custom;
} Candidate;

/*
 * Does the type take a string that no provider would give out?  Then it says
 * little that it takes this value, too.
 */
static bool
takes_anything(const ApikeyKeyType *type)
{
	static const char odd[] = "~!#$%&*+,-./:;<=>?@^_`{|}~!#$%&*";

	return apikey_key_type_matches(type, odd, sizeof(odd) - 1);
}

/* qsort: the most specific first. */
static int
compare_candidates(const void *a, const void *b)
{
	const Candidate *left = a;
	const Candidate *right = b;

	if (left->is_custom != right->is_custom)
		return left->is_custom ? 1 : -1;
	if (left->prefix_len != right->prefix_len)
		return left->prefix_len > right->prefix_len ? -1 : 1;
	if (left->takes_anything != right->takes_anything)
		return left->takes_anything ? 1 : -1;
	return strcmp(left->type->name, right->type->name);
}

/* If the value could be of the type, fill in the candidate. */
static bool
consider(const ApikeyKeyType *type, const char *value, size_t len,
		 Candidate *candidate)
{
	const char *prefix;

	/* The cheaper question first: most patterns need not be compiled. */
	if (apikey_value_other_types(type, value, len) != NIL ||
		!apikey_key_type_matches(type, value, len))
		return false;
	prefix = apikey_key_type_prefix(type, value, len);
	candidate->type = type;
	candidate->prefix_len = prefix != NULL ? strlen(prefix) : 0;
	candidate->takes_anything = takes_anything(type);
	candidate->is_custom = strcmp(type->name, APIKEY_KEY_TYPE_CUSTOM) == 0;
	return true;
}

/*
 * apikey.detect_key_type(value text) -> setof text
 */
static Datum
detect_key_type(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const ApikeyKeyType *type;
	Candidate  *candidates;
	text	   *argument;
	const char *value;
	size_t		len;
	int			types = 0;
	int			count = 0;
	int			i;

	apikey_refuse_restricted();
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	argument = PG_GETARG_TEXT_PP(0);
	value = VARDATA_ANY(argument);
	len = VARSIZE_ANY_EXHDR(argument);
	apikey_value_trim(&value, &len);
	if (len == 0 || len > APIKEY_VALUE_MAX)
		return (Datum) 0;

	while (apikey_key_type_nth(types) != NULL)
		types++;
	candidates = palloc((types + 1) * sizeof(Candidate));
	for (i = 0; i < types && (type = apikey_key_type_nth(i)) != NULL; i++)
		if (consider(type, value, len, &candidates[count]))
			count++;
	qsort(candidates, count, sizeof(Candidate), compare_candidates);
	for (i = 0; i < count; i++)
	{
		Datum		name = CStringGetTextDatum(candidates[i].type->name);
		bool		is_null = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &name, &is_null);
	}
	return (Datum) 0;
}

Datum
apikey_detect_key_type(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(detect_key_type, fcinfo);
}
