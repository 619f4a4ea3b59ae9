/*-------------------------------------------------------------------------
 *
 * reveal_env.c
 *		reveal_env: the values that a program needs, by environment variable.
 *
 * env_plan.h determines which key sets which variable, and decrypts each value
 * once.  All of them are wiped when the JSON has been made, or cannot be.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "compat.h"
#include "audit/audit.h"
#include "base/counter.h"
#include "exec/identity.h"
#include "store/env_plan.h"
#include "store/env_values.h"
#include "store/key_usage.h"
#include "validate/array_argument.h"

PG_FUNCTION_INFO_V1(apikey_reveal_env);

/* An array argument; count is 0 if it is NULL. */
typedef struct Requested
{
	char	  **elements;
	int			count;
} Requested;

static Requested
read_requested(FunctionCallInfo fcinfo, int number, const char *argument)
{
	Requested	requested;

	requested.count = apikey_arg_text_array(fcinfo, number, argument,
											&requested.elements);
	return requested;
}

/* Call add for each element; what each needs is freed after it. */
static void
add_each(ApikeyEnvPlan *plan, Requested requested, const char *argument,
		 void (*add) (ApikeyEnvPlan *, const char *))
{
	MemoryContext per_element = AllocSetContextCreate(CurrentMemoryContext, "apikey element",
													  ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(per_element);

	for (int i = 0; i < requested.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		add(plan, requested.elements[i]);
		MemoryContextReset(per_element);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(per_element);
	apikey_env_plan_require_complete(plan, argument);
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
make_object(ApikeyEnvPlan *plan)
{
	JsonbInState state = {0};
	ListCell   *cell;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	foreach(cell, plan->variables)
	{
		ApikeyEnvVariable *variable = lfirst(cell);
		text	   *value;

		CHECK_FOR_INTERRUPTS();
		value = apikey_env_values_get(plan, variable->key);
		push_string(&state, WJB_KEY, variable->name, strlen(variable->name));
		push_string(&state, WJB_VALUE, VARDATA(value), VARSIZE(value) - VARHDRSZ);
	}
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(state.result);
}

/*
 * Not to be interrupted, as the object of the values exists; if there is no memory,
 * it is wiped.
 */
static void
add_revealed_keys(const ApikeyKeyRow **keys, int count, Jsonb *object)
{
	PG_TRY();
	{
		for (int i = 0; i < count; i++)
			apikey_event_add_key(&keys[i]->id, keys[i]->name, keys[i]->key_type);
	}
	PG_CATCH();
	{
		explicit_bzero(VARDATA(object), VARSIZE(object) - VARHDRSZ);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/* Read the keys from which the requested ones are chosen. */
static void
read_keys(ApikeyEnvPlan *plan, bool everything, Requested names, Requested key_types)
{
	if (everything || key_types.count > 0)
		apikey_env_plan_read_all(plan);
	else
		apikey_env_plan_read_named(plan, names.elements, names.count);
}

/* The object of the values, when their uses have been noted. */
static Jsonb *
reveal_values(ApikeyEnvPlan *plan)
{
	const ApikeyKeyRow **keys;
	int			count = apikey_env_plan_revealed(plan, &keys);
	Jsonb	   *result;

	/* Before the object exists, which an error would leave in memory. */
	apikey_key_usage_note(keys, count);
	result = make_object(plan);
	add_revealed_keys(keys, count, result);
	apikey_count_add(APIKEY_COUNT_REVEALS_ENV, count);
	return result;
}

/*
 * apikey.reveal_env(names, key_types) -> jsonb
 */
static Datum
reveal_env(PG_FUNCTION_ARGS)
{
	char	   *user_id = apikey_require_identity();
	Requested	names = read_requested(fcinfo, 0, "names");
	Requested	key_types = read_requested(fcinfo, 1, "key_types");
	bool		everything = PG_ARGISNULL(0) && PG_ARGISNULL(1);
	ApikeyEnvPlan plan;
	Jsonb	   *result = NULL;

	apikey_event_user(user_id);
	apikey_env_plan_init(&plan, user_id);
	read_keys(&plan, everything, names, key_types);
	PG_TRY();
	{
		if (everything)
		{
			apikey_env_values_open_all(&plan);
			apikey_env_plan_add_opened(&plan);
		}
		add_each(&plan, names, "names", apikey_env_plan_add_name);
		add_each(&plan, key_types, "key_types", apikey_env_plan_add_type);
		result = reveal_values(&plan);
	}
	PG_FINALLY();
	{
		apikey_env_values_wipe(&plan);
	}
	PG_END_TRY();
	PG_RETURN_JSONB_P(result);
}

Datum
apikey_reveal_env(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_REVEAL_ENV, reveal_env, fcinfo);
}
