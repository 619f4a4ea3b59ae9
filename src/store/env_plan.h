/*-------------------------------------------------------------------------
 *
 * env_plan.h
 *		Which of a user's keys set which environment variables.
 *
 * What is wrong with the requested keys is collected, so that one error can name
 * all of them.  The plan has room for the values, which env_values.c decrypts.
 *
 * What the plan keeps is in the memory context of apikey_env_plan_init(); adding an
 * element, or decrypting a value, may be done in another one that is then reset.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ENV_PLAN_H
#define APIKEY_ENV_PLAN_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "store/key_row.h"

/* A variable, and the key that sets it. */
typedef struct ApikeyEnvVariable
{
	char	   *name;
	ApikeyKeyRow *key;
	bool		named;			/* the key was requested by name */
	bool		alias;			/* not the first variable of the key's type */
	bool		contested;		/* several keys requested by name set it */
} ApikeyEnvVariable;

typedef struct ApikeyEnvPlan
{
	MemoryContext memory;		/* of all that follows */
	MemoryContext scratch;		/* for one value at a time */
	char	   *user_id;
	ApikeyKeyRow *keys;			/* of the user: see ..._read_all(), _named() */
	int			key_count;
	text	  **values;			/* of each key, or NULL: see env_values.h */
	List	   *variables;		/* of ApikeyEnvVariable */
	/* Names for error messages: */
	StringInfoData absent;		/* keys that do not exist */
	StringInfoData unusable;	/* expired or disabled keys */
	StringInfoData nameless;	/* keys without a variable */
} ApikeyEnvPlan;

/* An empty plan for the user; what is added to it is in the current memory context. */
extern void apikey_env_plan_init(ApikeyEnvPlan *plan, char *user_id);

/* Read all of the user's keys, newest first.  Nothing is decrypted. */
extern void apikey_env_plan_read_all(ApikeyEnvPlan *plan);

/* Instead, for a plan to which keys are added only by these names, which are distinct. */
extern void apikey_env_plan_read_named(ApikeyEnvPlan *plan, char **names, int count);

/* Add a key, by its name or its id as text. */
extern void apikey_env_plan_add_name(ApikeyEnvPlan *plan, const char *name);

/* Add the usable keys of a type; 22023 if there is no such type. */
extern void apikey_env_plan_add_type(ApikeyEnvPlan *plan, const char *key_type);

/* Add all keys whose values have been decrypted. */
extern void apikey_env_plan_add_opened(ApikeyEnvPlan *plan);

/*
 * Raise an error if anything was wrong with the keys that were added: KA005,
 * KA006 or 22023, for the argument that requested them.
 */
extern void apikey_env_plan_require_complete(const ApikeyEnvPlan *plan,
											 const char *argument);

/*
 * The keys that set the variables, each once, as a palloc'ed array; returns
 * their number.
 */
extern int	apikey_env_plan_revealed(const ApikeyEnvPlan *plan, const ApikeyKeyRow ***keys);

#endif							/* APIKEY_ENV_PLAN_H */
