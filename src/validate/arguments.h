/*-------------------------------------------------------------------------
 *
 * arguments.h
 *		Checks of the arguments that several functions share; each raises
 *		22023 with the argument's name in the COLUMN field.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ARGUMENTS_H
#define APIKEY_ARGUMENTS_H

#include "fmgr.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "validate/key_type.h"

#define APIKEY_NAME_MAX			200 /* characters */
#define APIKEY_METADATA_MAX		8192	/* bytes, as text */

/*
 * 22023 when argument number (from 0) of the call is NULL.  argument is its
 * name; what the message calls it, such as "key type"; hint may be NULL.
 */
extern void apikey_arg_require(FunctionCallInfo fcinfo, int number,
							   const char *argument, const char *what,
							   const char *hint);

/* A name for a key: see design.md; returns a palloc'ed string. */
extern char *apikey_arg_name(const text *name, const char *argument);

/* Argument number of the call, a user id given by an administrator. */
extern char *apikey_arg_user_id(FunctionCallInfo fcinfo, int number);

/* Argument number of the call, "key_type", the name of a type that exists. */
extern const ApikeyKeyType *apikey_arg_key_type(FunctionCallInfo fcinfo, int number);

/* Why a key is disabled: at most APIKEY_NAME_MAX characters. */
extern char *apikey_arg_reason(const text *reason);

/* May an environment variable that holds a secret have this name? */
extern bool apikey_is_env_var(const char *name);

/* The name of an environment variable that a key may have of its own. */
extern char *apikey_arg_env_var(const text *env_var, const char *argument);

/* An object of at most 8 KiB, with no string of a key's shape. */
extern Jsonb *apikey_arg_metadata(Jsonb *metadata, const char *argument);

/* Is it the JSON value null, which stands for an argument not given? */
extern bool apikey_arg_is_json_null(Jsonb *json);

/* A time that has been. */
extern void apikey_arg_past(TimestampTz at, const char *argument);

/* In the future, or infinity (which means none). */
extern void apikey_arg_expires_at(TimestampTz expires_at, const char *argument);

/* Is it a uuid's text?  If so *uuid gets its 16 bytes. */
extern bool apikey_arg_is_uuid(const char *text, unsigned char *uuid);

/*
 * The Datum of an optional text, copied; *is_null is set when the string is
 * NULL or empty.
 */
extern Datum apikey_optional_text(const char *value, bool *is_null);

#endif							/* APIKEY_ARGUMENTS_H */
