/*-------------------------------------------------------------------------
 *
 * env_values.h
 *		The decrypted values of a plan of environment variables.
 *
 * The plan keeps each value that is decrypted, so that it is decrypted once.  Its
 * user wipes them, also after an error.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ENV_VALUES_H
#define APIKEY_ENV_VALUES_H

#include "store/env_plan.h"

/*
 * Decrypt the values of all usable keys, when all are requested: a damaged row is
 * left out with a warning.  A missing master key is an error, since no value can be
 * decrypted without it: raises KA001, KA002, and 40001 for a version of a row that
 * is not current.
 */
extern void apikey_env_values_open_all(ApikeyEnvPlan *plan);

/* The value of a key of the plan.  Raises the errors of apikey_key_value_open(). */
extern text *apikey_env_values_get(ApikeyEnvPlan *plan, const ApikeyKeyRow *key);

/* Wipe the values. */
extern void apikey_env_values_wipe(ApikeyEnvPlan *plan);

#endif							/* APIKEY_ENV_VALUES_H */
