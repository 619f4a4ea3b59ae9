/*-------------------------------------------------------------------------
 *
 * key_update.h
 *		Change a stored key: what create, set, update and restore share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_UPDATE_H
#define APIKEY_KEY_UPDATE_H

#include "store/key_value.h"

/* A change of a stored key; what is NULL (or not set) stays as it is. */
typedef struct ApikeyKeyUpdate
{
	const char *value;			/* trimmed and judged */
	size_t		value_len;
	char	   *name;
	bool		sets_expiry;
	TimestampTz expires_at;		/* DT_NOEND: none any more */
	Jsonb	   *metadata;
	char	   *env_var;		/* "": none any more */
} ApikeyKeyUpdate;

/*
 * Read the arguments (expires_at, metadata, env_var) from arg on into change;
 * prefix ("" or "new_") is that of their names.
 */
extern void apikey_key_update_read_options(FunctionCallInfo fcinfo, int arg,
										   const char *prefix, bool past_expiry,
										   ApikeyKeyUpdate *change);

/* Write a change to the row that key was read from; 23505 for a taken name. */
extern void apikey_key_update_apply(const ApikeyKeyRow *key,
									const ApikeyKeyUpdate *change,
									const char *name_argument);

/* 23505: the name is taken. */
pg_noreturn extern void apikey_key_update_raise_name_taken(const char *name, const char *argument);

#endif							/* APIKEY_KEY_UPDATE_H */
