/*-------------------------------------------------------------------------
 *
 * event.c
 *		Events: what the trace records of a call; see event.h.
 *
 * Events nest, as calls can: the trigger of a model view calls functions.
 * current_event points into the stack of the function that began the innermost
 * one, which ends it on every path.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "audit/event.h"
#include "validate/key_search.h"

static ApikeyEvent *current_event = NULL;

static const struct
{
	const char *name;
	bool		takes_value;
	bool		returns_value;
}			actions[] = {
	[APIKEY_ACTION_CREATE] = {.name = "create",.takes_value = true},
	[APIKEY_ACTION_SET] = {.name = "set",.takes_value = true},
	[APIKEY_ACTION_UPDATE] = {.name = "update",.takes_value = true},
	[APIKEY_ACTION_REVEAL] = {.name = "reveal",.returns_value = true},
	[APIKEY_ACTION_REVEAL_ENV] = {.name = "reveal_env",.returns_value = true},
	[APIKEY_ACTION_DISABLE] = {.name = "disable"},
	[APIKEY_ACTION_ENABLE] = {.name = "enable"},
	[APIKEY_ACTION_DELETE] = {.name = "delete"},
	[APIKEY_ACTION_RESTORE] = {.name = "restore"},
	[APIKEY_ACTION_PURGE] = {.name = "purge"},
	[APIKEY_ACTION_MOVE] = {.name = "move"},
	[APIKEY_ACTION_FIND] = {.name = "find",.takes_value = true},
	[APIKEY_ACTION_VERIFY] = {.name = "verify"},
	[APIKEY_ACTION_ROTATE] = {.name = "rotate"},
	[APIKEY_ACTION_REWRAP] = {.name = "rewrap"},
	[APIKEY_ACTION_REENCRYPT] = {.name = "reencrypt"},
	[APIKEY_ACTION_RETIRE] = {.name = "retire"},
	[APIKEY_ACTION_ABANDON] = {.name = "abandon"},
	[APIKEY_ACTION_LINK] = {.name = "link"},
	[APIKEY_ACTION_UNLINK] = {.name = "unlink"},
	[APIKEY_ACTION_DROP] = {.name = "drop"},
	[APIKEY_ACTION_DECRYPT] = {.name = "decrypt",.returns_value = true},
	[APIKEY_ACTION_FERNET_DECRYPT] = {.name = "fernet_decrypt",.takes_value = true,.returns_value = true},
	[APIKEY_ACTION_START_AUDIT] = {.name = "start_audit"},
	[APIKEY_ACTION_STOP_AUDIT] = {.name = "stop_audit"},
	[APIKEY_ACTION_COLLECT_AUDIT] = {.name = "collect_audit"},
	[APIKEY_ACTION_PURGE_AUDIT] = {.name = "purge_audit"},
	[APIKEY_ACTION_READ_MASTER_KEY] = {.name = "read_master_key"},
	[APIKEY_ACTION_READ_FERNET_KEY] = {.name = "read_fernet_key"}
};

const char *
apikey_action_name(ApikeyAction action)
{
	return actions[action].name;
}

bool
apikey_action_takes_value(ApikeyAction action)
{
	return actions[action].takes_value;
}

bool
apikey_action_returns_value(ApikeyAction action)
{
	return actions[action].returns_value;
}

/* A function that runs inside a frame is called by whoever called the outer one. */
void
apikey_event_begin(ApikeyEvent *event, ApikeyAction action)
{
	memset(event, 0, sizeof(*event));
	event->action = action;
	event->count = -1;
	event->context = CurrentMemoryContext;
	event->outer = current_event;
	if (current_event != NULL)
		event->caller = current_event->caller;
	else
		apikey_event_caller_find(&event->caller);
	current_event = event;
}

void
apikey_event_end(const ApikeyEvent *event)
{
	current_event = event->outer;
}

bool
apikey_event_is_open(void)
{
	return current_event != NULL;
}

void
apikey_event_omit(void)
{
	if (current_event != NULL)
		current_event->omitted = true;
}

/* A copy that lives as long as the event; NULL if there is none of text. */
static const char *
keep(const char *text)
{
	return text == NULL ? NULL : MemoryContextStrdup(current_event->context, text);
}

/* Applications have been seen to pass a key where the id of a user belongs. */
void
apikey_event_user(const char *user_id)
{
	if (current_event != NULL)
		current_event->user_id = apikey_looks_like_key(user_id, strlen(user_id)) ?
			APIKEY_NOT_SHOWN : keep(user_id);
}

static void
fill_key(ApikeyEventKey *key, const pg_uuid_t *id, const char *name, const char *key_type)
{
	if (id != NULL)
	{
		key->id = *id;
		key->has_id = true;
	}
	if (name != NULL)
		key->name = keep(name);
	if (key_type != NULL)
		key->key_type = keep(key_type);
}

void
apikey_event_key(const pg_uuid_t *id, const char *name, const char *key_type)
{
	if (current_event != NULL)
		fill_key(&current_event->key, id, name, key_type);
}

void
apikey_event_add_key(const pg_uuid_t *id, const char *name, const char *key_type)
{
	MemoryContext caller = CurrentMemoryContext;
	ApikeyEventKey *key;

	if (current_event == NULL)
		return;
	MemoryContextSwitchTo(current_event->context);
	key = palloc0(sizeof(ApikeyEventKey));
	fill_key(key, id, name, key_type);
	current_event->keys = lappend(current_event->keys, key);
	MemoryContextSwitchTo(caller);
}

void
apikey_event_changed(const char *column)
{
	MemoryContext caller = CurrentMemoryContext;

	if (current_event == NULL)
		return;
	MemoryContextSwitchTo(current_event->context);
	current_event->changed = lappend(current_event->changed, unconstify(char *, column));
	MemoryContextSwitchTo(caller);
}

void
apikey_event_count(int64 count)
{
	if (current_event != NULL)
		current_event->count = count;
}

void
apikey_event_object(const char *object)
{
	if (current_event != NULL)
		current_event->object = keep(object);
}

void
apikey_event_object_id(const pg_uuid_t *id)
{
	if (current_event != NULL)
		apikey_event_object(DatumGetCString(DirectFunctionCall1(uuid_out,
																UUIDPGetDatum(id))));
}
