/*-------------------------------------------------------------------------
 *
 * env_values.c
 *		The decrypted values of a plan of environment variables; see env_values.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/encoding.h"
#include "base/errors.h"
#include "redact/secret.h"
#include "store/env_values.h"
#include "store/key_value.h"

/*
 * Keep a value that was decrypted in scratch memory, which is then reset.  It is
 * the plan's already, so that it is wiped if there is no memory for the copy.
 */
static void
keep_value(ApikeyEnvPlan *plan, text **value)
{
	text	   *kept = MemoryContextAlloc(plan->memory, VARSIZE(*value));

	memcpy(kept, *value, VARSIZE(*value));
	explicit_bzero(*value, VARSIZE(*value));
	*value = kept;
	MemoryContextReset(plan->scratch);
}

/* A damaged row is left out. */
static void
open_undamaged(ApikeyEnvPlan *plan, int number)
{
	const ApikeyKeyRow *key = &plan->keys[number];
	MemoryContext outer = MemoryContextSwitchTo(plan->scratch);
	const char *problem;
	text	   *value;

	apikey_key_value_require_master(key);
	problem = apikey_key_value_try_open(key, &value);
	if (problem == NULL)
		plan->values[number] = apikey_text_from_utf8(value);
	MemoryContextSwitchTo(outer);
	if (problem == NULL)
	{
		value = plan->values[number];
		apikey_secret_revealed(VARDATA(value), VARSIZE(value) - VARHDRSZ);
		keep_value(plan, &plan->values[number]);
		return;
	}
	apikey_key_value_require_current(key);
	ereport(WARNING,
			(errcode(ERRCODE_APIKEY_UNOPENED),
			 errmsg("value of API key \"%s\" could not be decrypted and is left out",
					key->name),
			 errdetail("%s", problem)));
}

void
apikey_env_values_open_all(ApikeyEnvPlan *plan)
{
	for (int i = 0; i < plan->key_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (apikey_key_row_is_usable(&plan->keys[i]))
			open_undamaged(plan, i);
	}
}

text *
apikey_env_values_get(ApikeyEnvPlan *plan, const ApikeyKeyRow *key)
{
	text	  **value = &plan->values[key - plan->keys];

	if (*value == NULL)
	{
		MemoryContext outer = MemoryContextSwitchTo(plan->scratch);

		*value = apikey_key_value_open(key);
		MemoryContextSwitchTo(outer);
		keep_value(plan, value);
	}
	return *value;
}

void
apikey_env_values_wipe(ApikeyEnvPlan *plan)
{
	for (int i = 0; i < plan->key_count; i++)
		if (plan->values[i] != NULL)
			explicit_bzero(plan->values[i], VARSIZE(plan->values[i]));
}
