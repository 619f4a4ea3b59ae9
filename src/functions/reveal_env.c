/*-------------------------------------------------------------------------
 *
 * reveal_env.c
 *		reveal_env: the values that an execution needs, by environment variable.
 *
 * First it is settled which key fills which variable, without opening any;
 * all that is wrong with an argument is told in one error.  Then each key is
 * opened once, and what was opened is wiped when the JSON is made.
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
#include "store/key_value.h"
#include "validate/key_type.h"

PG_FUNCTION_INFO_V1(apikey_reveal_env);

/* Bytes after which a list in a message is cut. */
#define LIST_MAX	1000

/* Which key fills a variable. */
typedef struct Slot
{
	char	   *variable;
	ApikeyKeyRow *key;
	bool		named;			/* asked for by name */
	bool		contested;		/* by another key asked for by name */
} Slot;

typedef struct Request
{
	char	   *user_id;
	ApikeyKeyRow *keys;			/* all of the user's, newest first */
	int			key_count;
	List	   *slots;			/* of Slot */
	StringInfoData absent;		/* what cannot be had, by what is wrong */
	StringInfoData unusable;
	StringInfoData nameless;
	StringInfoData conflicting;
} Request;

/*
 * Add a name to a list, once, until the list is long; kind is what goes before
 * it, if anything.
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

/* The variables of a key, copied: its own, or those of its type. */
static List *
variables_of(const ApikeyKeyRow *key)
{
	const ApikeyKeyType *type;
	List	   *variables = NIL;
	char	  **variable;

	if (key->env_var != NULL)
		return list_make1(pstrdup(key->env_var));
	type = apikey_key_type_find(key->key_type);
	if (type != NULL)
		for (variable = type->env_vars; *variable != NULL; variable++)
			variables = lappend(variables, pstrdup(*variable));
	return variables;
}

static Slot *
find_slot(const Request *request, const char *variable)
{
	ListCell   *cell;

	foreach(cell, request->slots)
	{
		Slot	   *slot = lfirst(cell);

		if (strcmp(slot->variable, variable) == 0)
			return slot;
	}
	return NULL;
}

/*
 * Let a key fill its variables; those that a key before it fills stay.  Two
 * keys asked for by name must not want the same one.
 */
static void
claim(Request *request, ApikeyKeyRow *key, bool named)
{
	List	   *variables = variables_of(key);
	ListCell   *cell;

	if (named && variables == NIL)
		note(&request->nameless, "", key->name);
	foreach(cell, variables)
	{
		Slot	   *slot = find_slot(request, lfirst(cell));

		if (slot == NULL)
		{
			slot = palloc0(sizeof(Slot));
			slot->variable = lfirst(cell);
			slot->key = key;
			slot->named = named;
			request->slots = lappend(request->slots, slot);
		}
		else if (named && slot->named && slot->key != key && !slot->contested)
		{
			slot->contested = true;
			note(&request->conflicting, "", slot->variable);
		}
	}
}

static void
add_name(Request *request, Datum name)
{
	const char *wanted = TextDatumGetCString(name);
	ApikeyKeySelector selector = apikey_key_selector_named(request->user_id, wanted);
	int			i;

	for (i = 0; i < request->key_count; i++)
	{
		ApikeyKeyRow *key = &request->keys[i];

		if (selector.name != NULL ? strcmp(key->name, wanted) != 0 :
			memcmp(&key->id, &selector.id, UUID_LEN) != 0)
			continue;
		if (apikey_key_row_is_usable(key))
			claim(request, key, true);
		else
			note(&request->unusable, "", key->name);
		return;
	}
	note(&request->absent, "", apikey_key_selector_text(&selector));
}

static void
add_type(Request *request, Datum key_type)
{
	const char *wanted = TextDatumGetCString(key_type);
	bool		exists = false;
	bool		usable = false;
	int			i;

	(void) apikey_key_type_get(wanted, "key_types");
	for (i = 0; i < request->key_count; i++)
	{
		ApikeyKeyRow *key = &request->keys[i];

		if (strcmp(key->key_type, wanted) != 0)
			continue;
		exists = true;
		if (!apikey_key_row_is_usable(key))
			continue;
		usable = true;
		claim(request, key, false);
	}
	if (!usable)
		note(exists ? &request->unusable : &request->absent, "of type ", wanted);
}

/*
 * Where everything is asked for, a row that was damaged hides no other; but
 * the want of a master key is an error, since no value opens without it.
 */
static bool
is_damaged(const ApikeyKeyRow *key)
{
	const char *problem;

	apikey_key_value_require_master(key);
	problem = apikey_key_value_problem(key);
	if (problem == NULL)
		return false;
	apikey_key_value_require_current(key);
	ereport(WARNING,
			(errcode(ERRCODE_APIKEY_UNOPENED),
			 errmsg("value of API key \"%s\" could not be decrypted and is left out",
					key->name),
			 errdetail("%s", problem)));
	return true;
}

static void
add_all(Request *request)
{
	int			i;

	for (i = 0; i < request->key_count; i++)
		if (apikey_key_row_is_usable(&request->keys[i]) &&
			!is_damaged(&request->keys[i]))
			claim(request, &request->keys[i], false);
}

/* Raise what is wrong with what an argument asked for. */
static void
refuse_faults(const Request *request, const char *argument)
{
	if (request->absent.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_NO_SUCH_KEY),
				 errmsg("API keys do not exist: %s", request->absent.data),
				 errhint("The view apikey.keys lists the user's keys."),
				 apikey_err_argument(argument)));
	if (request->unusable.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_NOT_USABLE),
				 errmsg("API keys are expired or disabled: %s",
						request->unusable.data),
				 apikey_err_argument(argument)));
	if (request->nameless.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("API keys have no environment variable: %s",
						request->nameless.data),
				 errhint("Set one with apikey.update_key(..., new_env_var => ...)."),
				 apikey_err_argument(argument)));
	if (request->conflicting.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("several of the named API keys set the same environment variable: %s",
						request->conflicting.data),
				 errhint("Name only one of them, or give one of them another variable."),
				 apikey_err_argument(argument)));
}

/* Apply add to each element of argument arg; a NULL element is refused. */
static void
add_each(FunctionCallInfo fcinfo, int arg, const char *argument,
		 Request *request, void (*add) (Request *, Datum))
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	int			i;

	if (PG_ARGISNULL(arg))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, &nulls, &count);
	for (i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"%s\" must not contain NULL", argument),
					 apikey_err_argument(argument)));
		(*add) (request, elements[i]);
	}
	refuse_faults(request, argument);
}

/* The value of a key, opened only once however many variables it fills. */
static text *
value_of(const Request *request, text **values, ApikeyKeyRow *key)
{
	text	  **value = &values[key - request->keys];

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
make_object(const Request *request, text **values)
{
	JsonbInState state = {0};
	ListCell   *cell;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	foreach(cell, request->slots)
	{
		Slot	   *slot = lfirst(cell);
		text	   *value = value_of(request, values, slot->key);

		push_string(&state, WJB_KEY, slot->variable, strlen(slot->variable));
		push_string(&state, WJB_VALUE, VARDATA(value), VARSIZE(value) - VARHDRSZ);
	}
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(state.result);
}

/* Open what is needed, make the object, and wipe what was opened. */
static Jsonb *
reveal(const Request *request)
{
	text	  **values = palloc0(Max(request->key_count, 1) * sizeof(text *));
	Jsonb	   *result = NULL;
	int			i;

	PG_TRY();
	{
		result = make_object(request, values);
	}
	PG_FINALLY();
	{
		for (i = 0; i < request->key_count; i++)
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
	bool		everything = PG_ARGISNULL(0) && PG_ARGISNULL(1);
	Request		request = {.user_id = apikey_require_identity()};

	initStringInfo(&request.absent);
	initStringInfo(&request.unusable);
	initStringInfo(&request.nameless);
	initStringInfo(&request.conflicting);
	request.key_count = apikey_key_row_list(request.user_id, &request.keys);
	if (everything)
		add_all(&request);
	add_each(fcinfo, 0, "names", &request, add_name);
	add_each(fcinfo, 1, "key_types", &request, add_type);
	PG_RETURN_JSONB_P(reveal(&request));
}
