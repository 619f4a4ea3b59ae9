/*-------------------------------------------------------------------------
 *
 * event.h
 *		Events: what the trace records of a call.
 *
 * An event is filled while the call runs: whatever code finds out whose key is
 * used, and which, notes it, without knowing who has asked.  If no event is being
 * filled, which is so whenever the trace is off, a note does nothing.
 *
 * An event never has a value, a hint or a fingerprint.  Names and ids are noted
 * only after they have been found not to look like a key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_EVENT_H
#define APIKEY_EVENT_H

#include "nodes/pg_list.h"
#include "utils/uuid.h"

#include "audit/event_caller.h"

/* What was done; event.c has the names. */
typedef enum ApikeyAction
{
	APIKEY_ACTION_CREATE,
	APIKEY_ACTION_SET,
	APIKEY_ACTION_UPDATE,
	APIKEY_ACTION_REVEAL,
	APIKEY_ACTION_REVEAL_ENV,
	APIKEY_ACTION_DISABLE,
	APIKEY_ACTION_ENABLE,
	APIKEY_ACTION_DELETE,
	APIKEY_ACTION_RESTORE,
	APIKEY_ACTION_PURGE,
	APIKEY_ACTION_MOVE,
	APIKEY_ACTION_FIND,
	APIKEY_ACTION_VERIFY,
	APIKEY_ACTION_ROTATE,
	APIKEY_ACTION_REWRAP,
	APIKEY_ACTION_REENCRYPT,
	APIKEY_ACTION_RETIRE,
	APIKEY_ACTION_ABANDON,
	APIKEY_ACTION_LINK,
	APIKEY_ACTION_UNLINK,
	APIKEY_ACTION_DROP,
	APIKEY_ACTION_DECRYPT,
	APIKEY_ACTION_FERNET_DECRYPT,
	APIKEY_ACTION_START_AUDIT,
	APIKEY_ACTION_STOP_AUDIT,
	APIKEY_ACTION_COLLECT_AUDIT,
	APIKEY_ACTION_PURGE_AUDIT,
	APIKEY_ACTION_READ_MASTER_KEY,
	APIKEY_ACTION_READ_FERNET_KEY
} ApikeyAction;

typedef struct ApikeyEventKey
{
	bool		has_id;
	pg_uuid_t	id;
	const char *name;
	const char *key_type;
} ApikeyEventKey;

/* Strings are in the memory context in which the event began; most may be NULL. */
typedef struct ApikeyEvent
{
	ApikeyAction action;
	ApikeyEventCaller caller;
	const char *user_id;		/* whose keys */
	ApikeyEventKey key;
	List	   *keys;			/* of ApikeyEventKey, if the call concerns
								 * more than one key: then the event stands
								 * for one event for each */
	List	   *changed;		/* of names of columns: what an update changed */
	int64		count;			/* of rows; -1: not noted */
	bool		omitted;		/* no record unless it fails */
	const char *object;			/* what else it concerns: event_json.h */
	MemoryContext context;
	struct ApikeyEvent *outer;
} ApikeyEvent;

/* The name of an action, as in "reveal". */
extern const char *apikey_action_name(ApikeyAction action);

/* Are there values, or tokens, among the arguments of the action's functions? */
extern bool apikey_action_takes_value(ApikeyAction action);

/* Do they return values, as text or in jsonb? */
extern bool apikey_action_returns_value(ApikeyAction action);

/*
 * Begin an event, on the caller's stack; notes go to it until it ends.  Raises if
 * the catalogs cannot be read.
 */
extern void apikey_event_begin(ApikeyEvent *event, ApikeyAction action);

/* End the innermost event. */
extern void apikey_event_end(const ApikeyEvent *event);

/* Is an event being filled?  For notes that take work. */
extern bool apikey_event_is_open(void);

/* The call has changed nothing, and is not worth a record. */
extern void apikey_event_omit(void);

/* Note whose keys the call concerns. */
extern void apikey_event_user(const char *user_id);

/* Note the key; arguments that are NULL leave what has been noted. */
extern void apikey_event_key(const pg_uuid_t *id, const char *name,
							 const char *key_type);

/* Note one of several keys. */
extern void apikey_event_add_key(const pg_uuid_t *id, const char *name,
								 const char *key_type);

/* Note that an update changes a column; the name is a constant. */
extern void apikey_event_changed(const char *column);

/* Note how many rows the call has changed or found. */
extern void apikey_event_count(int64 count);

/* Note what else the call concerns. */
extern void apikey_event_object(const char *object);

/* The same, with an id. */
extern void apikey_event_object_id(const pg_uuid_t *id);

#endif							/* APIKEY_EVENT_H */
