/*-------------------------------------------------------------------------
 *
 * key_value.h
 *		A row of apikey.api_keys: find it, open its value, seal a new one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_VALUE_H
#define APIKEY_KEY_VALUE_H

#include "fmgr.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "compat.h"
#include "keys/data_key.h"

/* Which of a user's keys is meant: by name, or by id. */
typedef struct ApikeyKeySelector
{
	bool		by_admin;		/* for messages: not the user's own call */
	const char *argument;		/* of the SQL function, for messages */
	char	   *name;			/* NULL: by id */
	pg_uuid_t	id;
} ApikeyKeySelector;

/* What the functions need of a row, in the caller's memory context. */
typedef struct ApikeyKeyRow
{
	char	   *user_id;
	pg_uuid_t	id;
	char	   *name;
	char	   *key_type;
	bytea	   *envelope;		/* detoasted */
	char	   *env_var;		/* NULL: those of its type */
	Jsonb	   *metadata;
	TimestampTz expires_at;		/* DT_NOEND: never */
	bool		disabled;
	bool		deleted;
} ApikeyKeyRow;

/* What is stored of a value. */
typedef struct ApikeySealedValue
{
	bytea	   *envelope;
	bytea	   *fingerprint;
	text	   *hint;
} ApikeySealedValue;

/* A name, or an id in text form, from the argument "name". */
extern ApikeyKeySelector apikey_key_selector_named(const char *name);

/*
 * What a message may show of what was looked for, which can be a secret put
 * into the wrong argument.
 */
extern const char *apikey_key_selector_text(const ApikeyKeySelector *selector);

/* Argument arg of a function, a name or an id as text; 22023 for NULL. */
extern ApikeyKeySelector apikey_key_selector_by_text(FunctionCallInfo fcinfo, int arg);

/* Argument arg of a function, an id; 22023 for NULL. */
extern ApikeyKeySelector apikey_key_selector_by_id(FunctionCallInfo fcinfo, int arg);

/* Argument arg, an id in text form; 22023 for anything else. */
extern ApikeyKeySelector apikey_key_selector_by_id_text(FunctionCallInfo fcinfo, int arg);

/*
 * Find a user's key; false when there is none.  A name finds keys that are
 * not deleted, an id finds any.  for_update locks the row.
 */
extern bool apikey_key_row_find(const char *user_id,
								const ApikeyKeySelector *selector,
								bool for_update, ApikeyKeyRow *key);

/* The same; KA005 when there is none, or it is deleted. */
extern void apikey_key_row_get(const char *user_id,
							   const ApikeyKeySelector *selector,
							   bool for_update, ApikeyKeyRow *key);

/* KA005; another user's key gives the same as none. */
pg_attribute_noreturn() extern void
			apikey_key_selector_raise_missing(const ApikeyKeySelector *selector,
											  bool is_deleted);

/* All of a user's keys that are not deleted, newest first; returns how many. */
extern int	apikey_key_row_list(const char *user_id, ApikeyKeyRow **keys);

/* Is it neither deleted, disabled nor expired? */
extern bool apikey_key_row_is_usable(const ApikeyKeyRow *key);

/* KA006 if it is disabled or expired; argument is what named the key. */
extern void apikey_key_row_require_usable(const ApikeyKeyRow *key,
										  const char *argument);

/*
 * Is the row still under the data key that it was under when it was read?  An
 * old snapshot, or a long scan, may show a version from before the rows were
 * re-encrypted and that data key was destroyed: that it does not open says
 * nothing about the row.
 */
extern bool apikey_key_value_is_current(const ApikeyKeyRow *key);

/* 40001 when it is not. */
extern void apikey_key_value_require_current(const ApikeyKeyRow *key);

/*
 * The value, in a text that the caller wipes unless it returns it; KA001,
 * KA002, KA003, KA004; 40001 for a version that is not current.
 */
extern text *apikey_key_value_open(const ApikeyKeyRow *key);

/*
 * KA001 or KA002 when the value's data key lacks its master key: then every
 * value does, and none is to be taken for damaged.
 */
extern void apikey_key_value_require_master(const ApikeyKeyRow *key);

/*
 * Open without raising: why the value does not open, as a sentence, or NULL
 * and the value in *value, in UTF-8 as it was sealed; the caller wipes it.
 */
extern char *apikey_key_value_try_open(const ApikeyKeyRow *key,
									   text **value);

/* Why the value does not open, as a sentence; NULL when it does. */
extern char *apikey_key_value_problem(const ApikeyKeyRow *key);

/*
 * Encrypt a value for the row of that user, id, type and name, under the
 * active data key, which is made if there is none.
 */
extern void apikey_key_value_seal(const char *user_id, const pg_uuid_t *id,
								  const char *key_type, const char *name,
								  const char *value, size_t len,
								  ApikeySealedValue *sealed);

/*
 * Encrypt what apikey_key_value_try_open() gave for the same row anew, but
 * for the hint, and wipe it, also when that fails.
 */
extern void apikey_key_value_reseal(const ApikeyKeyRow *key, text *value,
									ApikeySealedValue *sealed);

#endif							/* APIKEY_KEY_VALUE_H */
