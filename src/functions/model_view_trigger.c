/*-------------------------------------------------------------------------
 *
 * model_view_trigger.c
 *		model_view_trigger: turns INSERT, UPDATE and DELETE on a model view into
 *		calls of create_key, update_key, disable_key, enable_key and delete_key.
 *
 * It runs as the role that writes to the view, with that role's identity and
 * privileges.  The view only says which call is made: whoever creates this
 * trigger on a view of his own gets from it what the functions give to the role
 * that writes to that view, and no more.
 *
 * An ORM writes every column of its model.  created_at, updated_at, label, hint
 * and usable, which it fills in itself or sends back as it read them, are ignored.
 * A change that would otherwise seem to have worked is an error: of the id, the
 * user, the type, or the times when a key was disabled or deleted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "base/errors.h"
#include "exec/identity.h"
#include "functions/model_user_id.h"
#include "functions/model_view_call.h"
#include "functions/model_view_row.h"

PG_FUNCTION_INFO_V1(apikey_model_view_trigger);

/* What the three events have in common. */
typedef struct ModelWrite
{
	ApikeyModelView model;
	char	   *user_id;		/* the identity */
	Datum		shown_user_id;	/* as the view's column user_id shows it */
} ModelWrite;

/* Raise 22023 for a column that cannot be written ("set" or "changed") like that. */
pg_noreturn static void
refuse_column(ApikeyModelColumn column, const char *what, const char *hint)
{
	const char *name = apikey_model_column_name(column);

	apikey_refuse_argument(name, psprintf("column \"%s\" of a model view cannot be %s", name, what),
						   NULL, hint);
}

/* The user of an INSERT; NULL stands for the identity. */
static void
require_own_user_id(const ModelWrite *write, const ApikeyModelRow *row)
{
	int			column = write->model.columns[MODEL_USER_ID];
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(write->model.view), column);

	if (!row->nulls[column] &&
		!datum_image_eq(row->values[column], write->shown_user_id,
						attribute->attbyval, attribute->attlen))
		apikey_refuse_argument("user_id", "user_id is not the caller's identity", NULL,
							   "Omit user_id, or set the identity to that user.");
}

/* Disable a key, with the row's reason. */
static void
set_disabled(const ModelWrite *write, const ApikeyModelRow *row, Datum id)
{
	Datum		args[2] = {id};
	bool		nulls[2] = {false};

	args[1] = apikey_model_row_get(&write->model, row, MODEL_DISABLED_REASON, &nulls[1]);
	apikey_model_call(MODEL_DISABLE_KEY, args, nulls);
}

/* Is the key to be active?  NULL: as it is. */
static bool
wants_active(const ModelWrite *write, const ApikeyModelRow *row, bool is_active)
{
	bool		is_null;
	Datum		value = apikey_model_row_get(&write->model, row, MODEL_IS_ACTIVE, &is_null);

	return is_null ? is_active : DatumGetBool(value);
}

static void
refuse_reason(void)
{
	refuse_column(MODEL_DISABLED_REASON, "set",
				  "A reason is kept for a disabled key: set is_active to false as well.");
}

static HeapTuple
model_insert(const ModelWrite *write, HeapTuple tuple)
{
	static const ApikeyModelColumn arguments[] = {MODEL_NAME, MODEL_KEY_TYPE, MODEL_VALUE,
	MODEL_EXPIRES_AT, MODEL_METADATA, MODEL_ENV_VAR};
	const ApikeyModelView *model = &write->model;
	ApikeyModelRow row = apikey_model_row_read(model, tuple);
	Datum		args[APIKEY_MODEL_CALL_MAX_ARGS] = {0};
	bool		nulls[APIKEY_MODEL_CALL_MAX_ARGS];
	Datum		id;

	require_own_user_id(write, &row);
	if (!apikey_model_row_is_empty(model, &row, MODEL_DISABLED_AT))
		refuse_column(MODEL_DISABLED_AT, "set", "Set is_active to false.");
	if (!apikey_model_row_is_empty(model, &row, MODEL_DELETED_AT))
		refuse_column(MODEL_DELETED_AT, "set", "Delete the key after it was created.");
	if (wants_active(write, &row, true) &&
		!apikey_model_row_is_empty(model, &row, MODEL_DISABLED_REASON))
		refuse_reason();

	memset(nulls, true, sizeof(nulls));
	for (int i = 0; i < (int) lengthof(arguments); i++)
		args[i] = apikey_model_row_get(model, &row, arguments[i], &nulls[i]);
	args[7] = apikey_model_row_get(model, &row, MODEL_ID, &nulls[7]);
	id = apikey_model_call(MODEL_CREATE_KEY, args, nulls);
	if (!wants_active(write, &row, true))
		set_disabled(write, &row, id);
	return apikey_model_row_form(model, &row, write->user_id, write->shown_user_id, id);
}

/* What identifies a key, and what only functions change, must stay as it was. */
static void
refuse_changes(const ApikeyModelView *model, const ApikeyModelRow *old,
			   const ApikeyModelRow *new)
{
	static const struct
	{
		ApikeyModelColumn column;
		const char *hint;
	}			fixed[] = {
		{MODEL_ID, "The id of a key does not change."},
		{MODEL_USER_ID, "A key stays with its user."},
		{MODEL_KEY_TYPE, "Create another key for a value of another type."},
		{MODEL_DISABLED_AT, "Set is_active."},
		{MODEL_DELETED_AT, "Delete the row."}
	};
	bool		is_null;

	for (size_t i = 0; i < lengthof(fixed); i++)
		if (apikey_model_row_differs(model, old, new, fixed[i].column))
			refuse_column(fixed[i].column, "changed", fixed[i].hint);
	(void) apikey_model_row_get(model, new, MODEL_NAME, &is_null);
	if (is_null)
		apikey_refuse_argument("name", "key name is required", NULL, NULL);
}

/*
 * The argument of update_key() for a column: NULL if it has not changed, and
 * what clears it if it is NULL.
 */
static Datum
change_argument(const ApikeyModelView *model, const ApikeyModelRow *old,
				const ApikeyModelRow *new, ApikeyModelColumn column, Datum cleared,
				bool *is_null)
{
	Datum		value = apikey_model_row_get(model, new, column, is_null);
	bool		is_cleared = *is_null;

	*is_null = !apikey_model_row_differs(model, old, new, column);
	return is_cleared ? cleared : value;
}

/* Change what update_key() changes; a value that is not NULL is a new one. */
static void
change_content(const ApikeyModelView *model, const ApikeyModelRow *old,
			   const ApikeyModelRow *new, Datum id)
{
	Datum		empty_object = DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
	Datum		args[APIKEY_MODEL_CALL_MAX_ARGS] = {id};
	bool		nulls[APIKEY_MODEL_CALL_MAX_ARGS];

	memset(nulls, true, sizeof(nulls));
	nulls[0] = false;
	args[1] = apikey_model_row_get(model, new, MODEL_VALUE, &nulls[1]);
	args[2] = change_argument(model, old, new, MODEL_NAME, (Datum) 0, &nulls[2]);
	args[3] = change_argument(model, old, new, MODEL_EXPIRES_AT,
							  TimestampTzGetDatum(DT_NOEND), &nulls[3]);
	args[4] = change_argument(model, old, new, MODEL_METADATA, empty_object, &nulls[4]);
	args[5] = change_argument(model, old, new, MODEL_ENV_VAR,
							  CStringGetTextDatum(""), &nulls[5]);
	if (!nulls[1] || !nulls[2] || !nulls[3] || !nulls[4] || !nulls[5])
		apikey_model_call(MODEL_UPDATE_KEY, args, nulls);
}

/*
 * Enable the key, if is_active asks for it: before the rest is changed, since a
 * disabled key is not given a new value.
 */
static void
enable_as_asked(const ModelWrite *write, const ApikeyModelRow *old,
				const ApikeyModelRow *new, Datum id)
{
	bool		was_active = wants_active(write, old, true);
	bool		no_nulls[1] = {false};

	if (!was_active && wants_active(write, new, was_active))
		apikey_model_call(MODEL_ENABLE_KEY, &id, no_nulls);
}

/* Disable the key, or change the reason, as is_active asks: after the rest. */
static void
disable_as_asked(const ModelWrite *write, const ApikeyModelRow *old,
				 const ApikeyModelRow *new, Datum id)
{
	const ApikeyModelView *model = &write->model;
	bool		was_active = wants_active(write, old, true);
	bool		is_active = wants_active(write, new, was_active);
	bool		new_reason = apikey_model_row_differs(model, old, new, MODEL_DISABLED_REASON) &&
	!apikey_model_row_is_empty(model, new, MODEL_DISABLED_REASON);

	if (is_active && new_reason)
		refuse_reason();
	if (!is_active && (was_active || new_reason))
		set_disabled(write, new, id);
}

/* The id of an existing row; a view of another definition might have none. */
static Datum
require_id(const ApikeyModelView *model, const ApikeyModelRow *row)
{
	bool		is_null;
	Datum		id = apikey_model_row_get(model, row, MODEL_ID, &is_null);

	if (is_null)
		apikey_refuse_argument("id", "id of the API key is NULL", NULL,
							   "A model view is created with apikey.create_model_view().");
	return id;
}

static HeapTuple
model_update(const ModelWrite *write, HeapTuple old_tuple, HeapTuple new_tuple)
{
	const ApikeyModelView *model = &write->model;
	ApikeyModelRow old = apikey_model_row_read(model, old_tuple);
	ApikeyModelRow new = apikey_model_row_read(model, new_tuple);
	Datum		id = require_id(model, &old);

	refuse_changes(model, &old, &new);
	enable_as_asked(write, &old, &new, id);
	change_content(model, &old, &new, id);
	disable_as_asked(write, &old, &new, id);
	return apikey_model_row_form(model, &new, write->user_id, write->shown_user_id, id);
}

static HeapTuple
model_delete(const ModelWrite *write, HeapTuple tuple)
{
	ApikeyModelRow row = apikey_model_row_read(&write->model, tuple);
	Datum		id = require_id(&write->model, &row);
	bool		no_nulls[1] = {false};

	apikey_model_call(MODEL_DELETE_KEY, &id, no_nulls);
	return tuple;
}

/* Check how the trigger was called, and who calls. */
static void
begin_write(FunctionCallInfo fcinfo, ModelWrite *write)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_INSTEAD(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function was not called by its trigger"),
				 errhint("apikey.create_model_view() creates the trigger."),
				 apikey_err_hide_statement()));
	write->user_id = apikey_require_identity();
	apikey_model_view_read(trigger->tg_relation, &write->model);
	if (!apikey_model_user_id_of(write->user_id, write->model.users,
								 write->model.user_id_type, &write->shown_user_id))
		apikey_refuse_argument("user_id", "the caller's identity is not a user of this model view",
							   "It belongs to another linked users table.",
							   "Use the model view of that table.");
}

/*
 * apikey.model_view_trigger(): INSTEAD OF INSERT OR UPDATE OR DELETE FOR EACH ROW.
 */
static Datum
model_view_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ModelWrite	write;
	HeapTuple	result;

	begin_write(fcinfo, &write);
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		result = model_insert(&write, trigger->tg_trigtuple);
	else if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		result = model_update(&write, trigger->tg_trigtuple, trigger->tg_newtuple);
	else
		result = model_delete(&write, trigger->tg_trigtuple);
	return PointerGetDatum(result);
}

/* NEW may have a value, and so has the statement. */
Datum
apikey_model_view_trigger(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(model_view_trigger, fcinfo);
}
