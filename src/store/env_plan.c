/*-------------------------------------------------------------------------
 *
 * env_plan.c
 *		Which of a user's keys set which environment variables; see env_plan.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "audit/event.h"
#include "base/errors.h"
#include "store/env_plan.h"
#include "validate/key_type.h"

/* A list in a message is cut after this many bytes. */
#define LIST_MAX	1000

/*
 * Add a name to a list of names in double quotes, unless it is already in it or
 * the list is too long; kind is written before the name.
 */
static void
note(StringInfo list, const char *kind, const char *name)
{
	const char *quoted = psprintf("%s\"%s\"", kind, name);

	if (list->len > 0 &&
		(list->len > LIST_MAX || strstr(list->data, quoted) != NULL))
		return;
	appendStringInfo(list, "%s%s", list->len > 0 ? ", " : "", quoted);
	if (list->len > LIST_MAX)
		appendStringInfoString(list, ", ...");
}

void
apikey_env_plan_init(ApikeyEnvPlan *plan, char *user_id)
{
	memset(plan, 0, sizeof(*plan));
	plan->memory = CurrentMemoryContext;
	plan->scratch = AllocSetContextCreate(plan->memory, "apikey value",
										  ALLOCSET_DEFAULT_SIZES);
	plan->user_id = user_id;
	initStringInfo(&plan->absent);
	initStringInfo(&plan->unusable);
	initStringInfo(&plan->nameless);
}

static void
make_room_for_values(ApikeyEnvPlan *plan)
{
	plan->values = palloc0(Max(plan->key_count, 1) * sizeof(text *));
}

void
apikey_env_plan_read_all(ApikeyEnvPlan *plan)
{
	plan->key_count = apikey_key_row_list(plan->user_id, &plan->keys);
	make_room_for_values(plan);
}

void
apikey_env_plan_read_named(ApikeyEnvPlan *plan, char **names, int count)
{
	plan->key_count = apikey_key_row_list_named(plan->user_id, names, count, &plan->keys);
	make_room_for_values(plan);
}

/* The names of a key's variables: its own, or those of its type. */
static List *
variables_of(const ApikeyKeyRow *key)
{
	const ApikeyKeyType *type;
	List	   *variables = NIL;

	if (key->env_var != NULL)
		return list_make1(key->env_var);
	type = apikey_key_type_find(key->key_type);
	if (type != NULL)
		for (char **variable = type->env_vars; *variable != NULL; variable++)
			variables = lappend(variables, *variable);
	return variables;
}

static ApikeyEnvVariable *
find_variable(const ApikeyEnvPlan *plan, const char *name)
{
	ListCell   *cell;

	foreach(cell, plan->variables)
	{
		ApikeyEnvVariable *variable = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (strcmp(variable->name, name) == 0)
			return variable;
	}
	return NULL;
}

/*
 * Does one of two keys for the same variable have precedence over the other?
 * One that was requested by name has; then one whose own variable it is, or the
 * first of its type, over one of a type that has the variable as an alias
 * (CLOUDFLARE_API_KEY); then the newer one, which comes first in the plan: all keys
 * have been read if any was requested otherwise than by name.
 */
static bool
precedes(const ApikeyEnvVariable *one, const ApikeyEnvVariable *other)
{
	if (one->named != other->named)
		return one->named;
	if (one->alias != other->alias)
		return other->alias;
	return one->key < other->key;
}

/* Add a copy of a variable to the plan. */
static void
add_variable(ApikeyEnvPlan *plan, const ApikeyEnvVariable *wanted)
{
	MemoryContext outer = MemoryContextSwitchTo(plan->memory);
	ApikeyEnvVariable *variable = palloc(sizeof(ApikeyEnvVariable));

	*variable = *wanted;
	variable->name = pstrdup(wanted->name);
	plan->variables = lappend(plan->variables, variable);
	MemoryContextSwitchTo(outer);
}

/* Another key sets a variable of the plan. */
static void
replace_variable(ApikeyEnvVariable *present, const ApikeyEnvVariable *wanted)
{
	char	   *name = present->name;

	*present = *wanted;
	present->name = name;
}

/*
 * Let a key set a variable, unless another has precedence.  It is a conflict if
 * only age decides between two that were requested by name.
 */
static void
set_variable(ApikeyEnvPlan *plan, const ApikeyEnvVariable *wanted)
{
	ApikeyEnvVariable *present = find_variable(plan, wanted->name);

	if (present == NULL)
		add_variable(plan, wanted);
	else if (wanted->named && present->named && wanted->alias == present->alias)
		present->contested = present->contested || wanted->key != present->key;
	else if (precedes(wanted, present))
		replace_variable(present, wanted);
}

static void
add_key(ApikeyEnvPlan *plan, ApikeyKeyRow *key, bool named)
{
	List	   *names = variables_of(key);
	ListCell   *cell;

	if (named && names == NIL)
		note(&plan->nameless, "", key->name);
	foreach(cell, names)
	{
		ApikeyEnvVariable wanted = {
			.name = lfirst(cell),
			.key = key,
			.named = named,
			.alias = cell != list_head(names)
		};

		CHECK_FOR_INTERRUPTS();
		set_variable(plan, &wanted);
	}
}

void
apikey_env_plan_add_name(ApikeyEnvPlan *plan, const char *name)
{
	ApikeyKeySelector selector = apikey_key_selector_named(plan->user_id, name);

	for (int i = 0; i < plan->key_count; i++)
	{
		ApikeyKeyRow *key = &plan->keys[i];

		CHECK_FOR_INTERRUPTS();
		if (selector.name != NULL ? strcmp(key->name, name) != 0 :
			memcmp(&key->id, &selector.id, UUID_LEN) != 0)
			continue;
		if (apikey_key_row_is_usable(key))
			add_key(plan, key, true);
		else
		{
			apikey_event_key(&key->id, key->name, key->key_type);
			note(&plan->unusable, "", key->name);
		}
		return;
	}
	apikey_event_key(NULL, apikey_key_selector_text(&selector), NULL);
	note(&plan->absent, "", apikey_key_selector_text(&selector));
}

void
apikey_env_plan_add_type(ApikeyEnvPlan *plan, const char *key_type)
{
	bool		exists = false;
	bool		usable = false;

	(void) apikey_key_type_get(key_type, "key_types");
	for (int i = 0; i < plan->key_count; i++)
	{
		ApikeyKeyRow *key = &plan->keys[i];

		CHECK_FOR_INTERRUPTS();
		if (strcmp(key->key_type, key_type) != 0)
			continue;
		exists = true;
		if (!apikey_key_row_is_usable(key))
			continue;
		usable = true;
		add_key(plan, key, false);
	}
	if (!usable)
		note(exists ? &plan->unusable : &plan->absent, "of type ", key_type);
}

void
apikey_env_plan_add_opened(ApikeyEnvPlan *plan)
{
	for (int i = 0; i < plan->key_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (plan->values[i] != NULL)
			add_key(plan, &plan->keys[i], false);
	}
}

int
apikey_env_plan_revealed(const ApikeyEnvPlan *plan, const ApikeyKeyRow ***keys)
{
	bool	   *is_noted = palloc0(Max(plan->key_count, 1) * sizeof(bool));
	int			count = 0;
	ListCell   *cell;

	*keys = palloc(Max(plan->key_count, 1) * sizeof(ApikeyKeyRow *));
	foreach(cell, plan->variables)
	{
		const ApikeyKeyRow *key = ((ApikeyEnvVariable *) lfirst(cell))->key;

		CHECK_FOR_INTERRUPTS();
		if (!is_noted[key - plan->keys])
			(*keys)[count++] = key;
		is_noted[key - plan->keys] = true;
	}
	return count;
}

/* The variables that several of the named keys set. */
static char *
contested_variables(const ApikeyEnvPlan *plan)
{
	StringInfoData list;
	ListCell   *cell;

	initStringInfo(&list);
	foreach(cell, plan->variables)
	{
		const ApikeyEnvVariable *variable = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (variable->contested)
			note(&list, "", variable->name);
	}
	return list.data;
}

void
apikey_env_plan_require_complete(const ApikeyEnvPlan *plan, const char *argument)
{
	char	   *contested = contested_variables(plan);

	if (plan->absent.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_NO_SUCH_KEY),
				 errmsg("API keys do not exist: %s", plan->absent.data),
				 errhint("The view apikey.keys lists the user's keys."),
				 apikey_err_argument(argument)));
	if (plan->unusable.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_NOT_USABLE),
				 errmsg("API keys are expired or disabled: %s",
						plan->unusable.data),
				 apikey_err_argument(argument)));
	if (plan->nameless.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("API keys have no environment variable: %s",
						plan->nameless.data),
				 errhint("Set one with apikey.update_key(..., new_env_var => ...)."),
				 apikey_err_argument(argument)));
	if (*contested != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("several of the named API keys set the same environment variable: %s",
						contested),
				 errhint("Name only one of them, or give one of them another variable."),
				 apikey_err_argument(argument)));
}
