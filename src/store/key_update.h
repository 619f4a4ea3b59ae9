/*-------------------------------------------------------------------------
 *
 * key_write.h
 *		Change a stored key: what create, set, update and restore share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_WRITE_H
#define APIKEY_KEY_WRITE_H

#include "store/key_value.h"

/* A change of a stored key; what is NULL (or not set) stays as it is. */
typedef struct ApikeyKeyChange
{
	const char *value;			/* trimmed and judged */
	size_t		value_len;
	char	   *name;
	bool		sets_expiry;
	TimestampTz expires_at;		/* DT_NOEND: none any more */
	Jsonb	   *metadata;
	char	   *env_var;		/* "": none any more */
} ApikeyKeyChange;

/*
 * Read the arguments (expires_at, metadata, env_var) from arg on into change;
 * prefix ("" or "new_") is that of their names.
 */
extern void apikey_read_options(FunctionCallInfo fcinfo, int arg,
								const char *prefix, bool past_expiry,
								ApikeyKeyChange *change);

/* Write a change to the row that key was read from; 23505 for a taken name. */
extern void apikey_apply_change(const ApikeyStoredKey *key,
								const ApikeyKeyChange *change,
								const char *name_argument);

/* 23505: the name is taken. */
pg_attribute_noreturn() extern void
			apikey_raise_name_taken(const char *name, const char *argument);

#endif							/* APIKEY_KEY_WRITE_H */
