/*-------------------------------------------------------------------------
 *
 * env_var.h
 *		The names of environment variables, of keys and of key types.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ENV_VAR_H
#define APIKEY_ENV_VAR_H

#define APIKEY_ENV_VAR_MAX		128 /* characters */

/*
 * Raise 22023, with COLUMN argument, unless a key's value can be passed to a
 * program in a variable of that name.
 */
extern void apikey_env_var_check(const char *name, const char *argument);

#endif							/* APIKEY_ENV_VAR_H */
