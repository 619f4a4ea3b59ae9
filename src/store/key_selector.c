/*-------------------------------------------------------------------------
 *
 * key_selector.c
 *		The key that the arguments of a call select; see key_selector.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "audit/event.h"
#include "base/errors.h"
#include "exec/identity.h"
#include "exec/precondition.h"
#include "store/key_selector.h"
#include "validate/arguments.h"
#include "validate/shown_text.h"

static void
require_key(FunctionCallInfo fcinfo, int arg, const char *argument)
{
	apikey_arg_require(fcinfo, arg, argument, "key name or id", NULL);
}

ApikeyKeySelector
apikey_key_selector_named(char *user_id, const char *name)
{
	ApikeyKeySelector selector = {.user_id = user_id,.argument = "name"};

	if (!apikey_arg_is_uuid(name, selector.id.data))
		selector.name = pstrdup(name);
	return selector;
}

/* Note the selected key in the event, before it is known whether it exists. */
static void
note_selected(const ApikeyKeySelector *selector)
{
	if (!apikey_event_is_open())
		return;
	if (selector->name == NULL)
		apikey_event_key(&selector->id, NULL, NULL);
	else
		apikey_event_key(NULL, apikey_key_selector_text(selector), NULL);
}

/* The caller's identity. */
static char *
require_user(void)
{
	char	   *user_id = apikey_require_identity();

	apikey_event_user(user_id);
	return user_id;
}

/* argument is the name of argument 0. */
static ApikeyKeySelector
own_key_by_text(FunctionCallInfo fcinfo, const char *argument)
{
	char	   *user_id = require_user();
	ApikeyKeySelector selector;

	require_key(fcinfo, 0, argument);
	selector = apikey_key_selector_named(user_id,
										 text_to_cstring(PG_GETARG_TEXT_PP(0)));
	selector.argument = argument;
	note_selected(&selector);
	return selector;
}

ApikeyKeySelector
apikey_key_selector_by_text(FunctionCallInfo fcinfo)
{
	return own_key_by_text(fcinfo, "name");
}

ApikeyKeySelector
apikey_key_selector_by_id_text(FunctionCallInfo fcinfo)
{
	ApikeyKeySelector selector = own_key_by_text(fcinfo, "id");

	if (selector.name != NULL)
		apikey_refuse_argument("id", "deleted key must be identified by its id",
							   "Several deleted keys can have the same name.",
							   "The view apikey.deleted_keys shows the ids.");
	return selector;
}

/* user_id's key with the id in argument number arg. */
static ApikeyKeySelector
key_by_id(char *user_id, FunctionCallInfo fcinfo, int arg)
{
	ApikeyKeySelector selector = {.user_id = user_id,.argument = "id"};

	require_key(fcinfo, arg, "id");
	selector.id = *PG_GETARG_UUID_P(arg);
	note_selected(&selector);
	return selector;
}

ApikeyKeySelector
apikey_key_selector_by_id(FunctionCallInfo fcinfo)
{
	return key_by_id(require_user(), fcinfo, 0);
}

ApikeyKeySelector
apikey_key_selector_of_user(FunctionCallInfo fcinfo)
{
	ApikeyKeySelector selector;
	char	   *user_id;

	apikey_refuse_restricted();
	user_id = apikey_arg_user_id(fcinfo, 0, "user_id");
	apikey_event_user(user_id);
	selector = key_by_id(user_id, fcinfo, 1);
	selector.by_admin = true;
	return selector;
}

const char *
apikey_key_selector_text(const ApikeyKeySelector *selector)
{
	if (selector->name == NULL)
		return DatumGetCString(DirectFunctionCall1(uuid_out,
												   UUIDPGetDatum(&selector->id)));
	return apikey_shown_text(selector->name);
}

/* Where to look for the key, or how to restore it. */
static const char *
missing_hint(const ApikeyKeySelector *selector, bool is_deleted)
{
	if (is_deleted)
		return selector->by_admin ? "Call apikey.restore_key_for() to restore it." :
			"Call apikey.restore_key() to restore it.";
	return selector->by_admin ? "The view apikey.all_keys lists every user's keys." :
		"The views apikey.keys and apikey.deleted_keys list the user's keys.";
}

void
apikey_key_selector_raise_missing(const ApikeyKeySelector *selector, bool is_deleted)
{
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_NO_SUCH_KEY),
			 errmsg("API key \"%s\" does not exist", apikey_key_selector_text(selector)),
			 is_deleted ? errdetail("It has been deleted.") : 0,
			 errhint("%s", missing_hint(selector, is_deleted)),
			 apikey_err_argument(selector->argument)));
}
