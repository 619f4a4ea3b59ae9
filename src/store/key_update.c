/*-------------------------------------------------------------------------
 *
 * key_update.c
 *		Change a stored key; see key_update.h.
 *
 * A new name requires a new envelope, as a new value does, since the name is
 * part of the envelope's context.  In that case the old value is decrypted,
 * encrypted again and wiped, also on error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "audit/event.h"
#include "base/errors.h"
#include "exec/statement.h"
#include "store/key_hint.h"
#include "store/key_update.h"
#include "validate/arguments.h"
#include "validate/array_argument.h"
#include "validate/metadata.h"

#define CLEAR_HINT "It can contain 'expires_at', 'metadata' and 'env_var'."

static ApikeyStatement change_row = {
	.sql = "UPDATE apikey.api_keys SET name = $3,"
	" encrypted_value = COALESCE($4, encrypted_value),"
	" hint = COALESCE($5, hint), fingerprint = COALESCE($6, fingerprint),"
	" expires_at = $7, metadata = COALESCE($8, '{}'::pg_catalog.jsonb), env_var = $9,"
	" deleted_at = NULL, updated_at = pg_catalog.now()"
	APIKEY_KEY_ROW_WHERE,
	.arg_count = 9,
	.arg_types = {TEXTOID, UUIDOID, TEXTOID, APIKEY_ENCRYPTED, TEXTOID, BYTEAOID,
	TIMESTAMPTZOID, JSONBOID, TEXTOID}
};

void
apikey_key_update_raise_name_taken(const char *name, const char *argument)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("name \"%s\" is already in use", name),
			 errdetail("The user already has an API key with that name."),
			 errhint("Choose another name, or change that key with apikey.update_key() or apikey.set_key()."),
			 apikey_err_argument(argument)));
}

/* The name of an argument that may be called new_something. */
static char *
argument_name(const char *prefix, const char *name)
{
	return psprintf("%s%s", prefix, name);
}

void
apikey_key_update_read_options(FunctionCallInfo fcinfo, int arg, const char *prefix,
							   bool past_expiry, ApikeyKeyUpdate *change)
{
	if (!PG_ARGISNULL(arg))
	{
		change->sets_expiry = true;
		change->expires_at = PG_GETARG_TIMESTAMPTZ(arg);
		apikey_arg_expires_at(change->expires_at, past_expiry,
							  argument_name(prefix, "expires_at"));
	}
	if (!PG_ARGISNULL(arg + 1) && !apikey_arg_is_json_null(PG_GETARG_JSONB_P(arg + 1)))
		change->metadata = apikey_arg_metadata(PG_GETARG_JSONB_P(arg + 1),
											   argument_name(prefix, "metadata"));
	if (PG_ARGISNULL(arg + 2))
		return;
	change->env_var = text_to_cstring(PG_GETARG_TEXT_PP(arg + 2));
	if (*change->env_var != '\0')
		change->env_var = apikey_arg_env_var(PG_GETARG_TEXT_PP(arg + 2),
											 argument_name(prefix, "env_var"));
}

/* An option that is to be cleared must not have been given a value as well. */
static void
clear_option(ApikeyKeyUpdate *change, const char *option)
{
	bool		has_value = false;

	if (strcmp(option, "expires_at") == 0)
	{
		has_value = change->sets_expiry;
		change->sets_expiry = true;
		change->expires_at = DT_NOEND;
	}
	else if (strcmp(option, "metadata") == 0)
	{
		has_value = change->metadata != NULL;
		change->clears_metadata = true;
	}
	else if (strcmp(option, "env_var") == 0)
	{
		has_value = change->env_var != NULL;
		change->env_var = "";
	}
	else
		apikey_refuse_argument("clear", "argument \"clear\" contains an unknown option",
							   NULL, CLEAR_HINT);
	if (has_value)
		apikey_refuse_argument("clear",
							   psprintf("option \"%s\" is both cleared and given a value",
										option),
							   NULL, "Do one of the two.");
}

void
apikey_key_update_read_clear(FunctionCallInfo fcinfo, int arg, ApikeyKeyUpdate *change)
{
	char	  **options;
	int			count = apikey_arg_text_array(fcinfo, arg, "clear", &options);

	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		clear_option(change, options[i]);
	}
}

/*
 * A settings page must not tell its user that a new value is stored when nobody
 * can use it, and most drivers do not show warnings: hence errors.
 */
void
apikey_key_update_require_effect(const ApikeyKeyRow *key, const ApikeyKeyUpdate *change,
								 const char *prefix, const char *selected_by)
{
	if (change->value == NULL)
		return;
	if (apikey_key_hint_is_shown_by(key->hint, change->value, change->value_len))
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_VALUE_REFUSED),
				 errmsg("value is the hint of the stored key, not a key"),
				 errhint("To keep the stored value, pass none: apikey.update_key() changes the rest."),
				 apikey_err_argument(argument_name(prefix, "value"))));
	if (key->disabled)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_NOT_USABLE),
				 errmsg("API key \"%s\" is disabled", key->name),
				 errdetail("A new value could not be used."),
				 errhint("Call apikey.enable_key() first; to keep the key disabled, call apikey.disable_key() afterwards in the same transaction."),
				 apikey_err_argument(selected_by)));
	if (apikey_key_row_is_expired(key) && !change->sets_expiry)
		apikey_refuse_argument(argument_name(prefix, "expires_at"),
							   psprintf("API key \"%s\" has expired, and has no new expiry",
										key->name),
							   psprintf("It expired at %s.  A new value could not be used.",
										timestamptz_to_str(key->expires_at)),
							   psprintf("Pass %sexpires_at, or clear => '{expires_at}' for a value that does not expire.",
										prefix));
}

/* The arguments of change_row: the new contents of the row. */
static void
fill_arguments(const ApikeyKeyRow *key, const ApikeyKeyUpdate *change,
			   Datum *args, bool *nulls)
{
	const char *name = change->name != NULL ? change->name : key->name;
	bool		renamed = strcmp(name, key->name) != 0;
	TimestampTz expires_at = change->sets_expiry ? change->expires_at : key->expires_at;
	ApikeySealedValue sealed = {0};

	if (change->value != NULL)
		apikey_key_value_seal(key->user_id, &key->id, key->key_type, name,
							  change->value, change->value_len, &sealed);
	else if (renamed)
		apikey_key_value_reseal(key, name, apikey_key_value_open_utf8(key), &sealed);
	args[0] = CStringGetTextDatum(key->user_id);
	args[1] = UUIDPGetDatum(&key->id);
	args[2] = CStringGetTextDatum(name);
	args[3] = PointerGetDatum(sealed.envelope);
	args[4] = PointerGetDatum(sealed.hint);
	args[5] = PointerGetDatum(sealed.fingerprint);
	nulls[3] = nulls[5] = sealed.envelope == NULL;

	/*
	 * The hint changes only with the value.  If it were made again, a user
	 * who can restore a key and change the prefixes of its type would learn
	 * the first characters of the value.
	 */
	nulls[4] = change->value == NULL;
	args[6] = TimestampTzGetDatum(expires_at);
	nulls[6] = expires_at == DT_NOEND;
	args[7] = JsonbPGetDatum(change->metadata != NULL ? change->metadata : key->metadata);
	nulls[7] = change->clears_metadata;
	args[8] = apikey_optional_text(change->env_var != NULL ? change->env_var : key->env_var,
								   &nulls[8]);
}

/*
 * The violation's own message would name our index.  An error is raised in any case,
 * so no subtransaction is needed.
 */
void
apikey_key_update_run(ApikeyStatement *statement, const char *user_id, const Datum *args,
					  const bool *nulls, const char *name, const char *argument)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		apikey_statement_run(statement, user_id, args, nulls, NULL);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_UNIQUE_VIOLATION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		apikey_key_update_raise_name_taken(name, argument);
	}
	PG_END_TRY();
}

static void
note_changes(const ApikeyKeyUpdate *change)
{
	if (change->value != NULL)
		apikey_event_changed("value");
	if (change->name != NULL)
		apikey_event_changed("name");
	if (change->sets_expiry)
		apikey_event_changed("expires_at");
	if (change->metadata != NULL || change->clears_metadata)
		apikey_event_changed("metadata");
	if (change->env_var != NULL)
		apikey_event_changed("env_var");
}

void
apikey_key_update_apply(const ApikeyKeyRow *key, const ApikeyKeyUpdate *change,
						const char *name_argument)
{
	bool		nulls[9] = {false};
	Datum		args[9];

	note_changes(change);
	fill_arguments(key, change, args, nulls);
	apikey_key_update_run(&change_row, key->user_id, args, nulls,
						  TextDatumGetCString(args[2]), name_argument);
}
