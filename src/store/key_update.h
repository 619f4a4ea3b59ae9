/*-------------------------------------------------------------------------
 *
 * key_update.h
 *		Change a stored key: shared by create, set, update and restore.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_UPDATE_H
#define APIKEY_KEY_UPDATE_H

#include "store/key_value.h"

/* A change of a stored key; members that are NULL or not set change nothing. */
typedef struct ApikeyKeyUpdate
{
	const char *value;			/* trimmed and validated */
	size_t		value_len;
	char	   *name;
	bool		sets_expiry;
	TimestampTz expires_at;		/* DT_NOEND: remove the expiry */
	Jsonb	   *metadata;
	const char *env_var;		/* "": remove the variable */
	bool		clears_metadata;
} ApikeyKeyUpdate;

/*
 * Read the arguments expires_at, metadata and env_var, which begin at number
 * arg, into change.  prefix ("" or "new_") is the prefix of their names;
 * past_expiry allows an expiry in the past.  Raises 22023.
 */
extern void apikey_key_update_read_options(FunctionCallInfo fcinfo, int arg,
										   const char *prefix, bool past_expiry,
										   ApikeyKeyUpdate *change);

/*
 * Read the argument clear, number arg, the names of options to remove, into
 * change, whose options have been read before.  Raises 22023 for a name that is
 * none of expires_at, metadata and env_var, and for an option that also has a
 * value; 54000 for too many names.
 */
extern void apikey_key_update_read_clear(FunctionCallInfo fcinfo, int arg,
										 ApikeyKeyUpdate *change);

/*
 * Check that the new value of a stored key is one, and can be used once it is
 * stored; does nothing if the change has no value.  Raises KA008 if the value is
 * the key's own hint; KA006 if the key is disabled; 22023 if it has expired and
 * the change leaves the expiry as it is.  prefix is that of the arguments'
 * names, as above; selected_by is the argument that selected the key.
 */
extern void apikey_key_update_require_effect(const ApikeyKeyRow *key,
											 const ApikeyKeyUpdate *change,
											 const char *prefix,
											 const char *selected_by);

/*
 * Write a change to the row that key was read from; this also restores a deleted
 * key.  Raises 23505, for name_argument, if another key has the name.
 */
extern void apikey_key_update_apply(const ApikeyKeyRow *key,
									const ApikeyKeyUpdate *change,
									const char *name_argument);

/*
 * Run a statement, for the user, after which one of its keys has the name.  Raises
 * 23505, for argument, if another of its keys has it.
 */
extern void apikey_key_update_run(ApikeyStatement *statement, const char *user_id,
								  const Datum *args, const bool *nulls,
								  const char *name, const char *argument);

/* Raise 23505: the name is already in use. */
pg_noreturn extern void apikey_key_update_raise_name_taken(const char *name, const char *argument);

#endif							/* APIKEY_KEY_UPDATE_H */
