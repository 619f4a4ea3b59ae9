/*-------------------------------------------------------------------------
 *
 * reveal_env.c
 *		reveal_env: the values that a program needs, by environment variable.
 *
 * env_plan.h determines which key sets which variable.  Then each value is
 * decrypted once, and all of them are wiped when the JSON has been made.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "base/errors.h"
#include "compat.h"
#include "exec/identity.h"
#include "store/env_plan.h"
#include "store/key_value.h"

PG_FUNCTION_INFO_V1(apikey_reveal_env);

/* Call add for each element of argument arg; 22023 for a NULL element. */
static void
add_each(FunctionCallInfo fcinfo, int arg, const char *argument,
		 ApikeyEnvPlan *plan, void (*add) (ApikeyEnvPlan *, const char *))
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (PG_ARGISNULL(arg))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			apikey_refuse_argument(argument,
								   psprintf("argument \"%s\" must not contain NULL",
											argument),
								   NULL, NULL);
		(*add) (plan, TextDatumGetCString(elements[i]));
	}
	apikey_env_plan_require_complete(plan, argument);
}

/* The value of a key, decrypted only once, however many variables it sets. */
static text *
value_of(const ApikeyEnvPlan *plan, text **values, ApikeyKeyRow *key)
{
	text	  **value = &values[key - plan->keys];

	if (*value == NULL)
		*value = apikey_key_value_open(key);
	return *value;
}

static void
push_string(JsonbInState *state, JsonbIteratorToken token,
			char *data, int len)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = data;
	value.val.string.len = len;
	pushJsonbValue(state, token, &value);
}

static Jsonb *
make_object(const ApikeyEnvPlan *plan, text **values)
{
	JsonbInState state = {0};
	ListCell   *cell;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	foreach(cell, plan->variables)
	{
		ApikeyEnvVariable *variable = lfirst(cell);
		text	   *value = value_of(plan, values, variable->key);

		push_string(&state, WJB_KEY, variable->name, strlen(variable->name));
		push_string(&state, WJB_VALUE, VARDATA(value), VARSIZE(value) - VARHDRSZ);
	}
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(state.result);
}

/* Decrypt the values, make the object, and wipe the values. */
static Jsonb *
reveal_plan(const ApikeyEnvPlan *plan)
{
	text	  **values = palloc0(Max(plan->key_count, 1) * sizeof(text *));
	Jsonb	   *result = NULL;

	PG_TRY();
	{
		result = make_object(plan, values);
	}
	PG_FINALLY();
	{
		for (int i = 0; i < plan->key_count; i++)
			if (values[i] != NULL)
				explicit_bzero(values[i], VARSIZE(values[i]));
	}
	PG_END_TRY();
	return result;
}

/*
 * apikey.reveal_env(names, key_types) -> jsonb
 */
Datum
apikey_reveal_env(PG_FUNCTION_ARGS)
{
	ApikeyEnvPlan plan;

	apikey_env_plan_init(&plan, apikey_require_identity());
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		apikey_env_plan_add_all(&plan);
	add_each(fcinfo, 0, "names", &plan, apikey_env_plan_add_name);
	add_each(fcinfo, 1, "key_types", &plan, apikey_env_plan_add_type);
	PG_RETURN_JSONB_P(reveal_plan(&plan));
}
