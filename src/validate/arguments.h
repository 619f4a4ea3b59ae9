/*-------------------------------------------------------------------------
 *
 * arguments.h
 *		Checks of arguments that several functions have.
 *
 * The functions named apikey_arg_NAME raise 22023, with the name of the
 * argument in the COLUMN field, unless the argument is valid.  "argument" is
 * that name; "number" is the argument's position in the call, from 0.  Strings
 * that they return are palloc'ed.
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

/*
 * Raise 22023 if the argument is NULL.  what is its name in the message, such
 * as "key type"; hint may be NULL.
 */
extern void apikey_arg_require(FunctionCallInfo fcinfo, int number,
							   const char *argument, const char *what,
							   const char *hint);

/*
 * The name of a key: 1 to APIKEY_NAME_MAX characters in normalization form C,
 * without odd characters (odd_character.h), neither a UUID nor anything that looks
 * like an API key.
 */
extern char *apikey_arg_name(const text *name, const char *argument);

/* A user id that an administrator gives; must not be NULL. */
extern char *apikey_arg_user_id(FunctionCallInfo fcinfo, int number,
								const char *argument);

/* The argument key_type, the name of an existing type; must not be NULL. */
extern const ApikeyKeyType *apikey_arg_key_type(FunctionCallInfo fcinfo, int number);

/*
 * Why a key is disabled: at most APIKEY_NAME_MAX characters, no control
 * characters, and nothing that looks like an API key.
 */
extern char *apikey_arg_reason(const text *reason);

/* A key's own environment variable; validate/env_var.h has the rule. */
extern char *apikey_arg_env_var(const text *env_var, const char *argument);

/* Is it the JSON value null, which stands for an argument that was not given? */
extern bool apikey_arg_is_json_null(Jsonb *json);

/* The argument check_format; NULL means true, its default. */
extern bool apikey_arg_check_format(FunctionCallInfo fcinfo, int number);

/* A finite timestamp in the past. */
extern void apikey_arg_past(TimestampTz at, const char *argument);

/*
 * A timestamp in the future, unless allow_past, or infinity, which means that
 * there is no expiry.  Raises a WARNING if it is more than 100 years away.
 */
extern void apikey_arg_expires_at(TimestampTz expires_at, bool allow_past,
								  const char *argument);

/* An age: an interval between 0 and 1000 years. */
extern Interval *apikey_arg_age(FunctionCallInfo fcinfo, int number, const char *argument);

/*
 * Is the string a UUID, in any form that the type accepts?  If so, its 16
 * bytes are written to uuid.  Never raises.
 */
extern bool apikey_arg_is_uuid(const char *text, unsigned char *uuid);

/*
 * An optional text as a Datum, copied; *is_null is set to true if the string
 * is NULL or empty.
 */
extern Datum apikey_optional_text(const char *value, bool *is_null);

#endif							/* APIKEY_ARGUMENTS_H */
