/*-------------------------------------------------------------------------
 *
 * key_selector.h
 *		The key that the arguments of a call select: whose key, and its name or
 *		id.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_SELECTOR_H
#define APIKEY_KEY_SELECTOR_H

#include "fmgr.h"
#include "utils/uuid.h"

#include "compat.h"

typedef struct ApikeyKeySelector
{
	char	   *user_id;		/* whose key */
	bool		by_admin;		/* for messages: not the user's own call */
	const char *argument;		/* of the SQL function, for messages */
	char	   *name;			/* NULL: by id */
	pg_uuid_t	id;
} ApikeyKeySelector;

/* A user's key by its name or by its id as text, given as argument "name". */
extern ApikeyKeySelector apikey_key_selector_named(char *user_id, const char *name);

/*
 * The caller's own key, selected by argument 0 of the call; each raises KA007
 * if the caller has no identity, and 22023 if the argument is NULL.
 */

/* The argument is "name", a name or an id as text. */
extern ApikeyKeySelector apikey_key_selector_by_text(FunctionCallInfo fcinfo);

/* The argument is "id", a uuid. */
extern ApikeyKeySelector apikey_key_selector_by_id(FunctionCallInfo fcinfo);

/* The argument is "id", a uuid as text; 22023 for any other text. */
extern ApikeyKeySelector apikey_key_selector_by_id_text(FunctionCallInfo fcinfo);

/*
 * For an administrator: the key of the user in argument 0, "user_id", with the
 * id in argument 1, "id".  Raises 22023 if either is NULL or the user id is
 * invalid, and 42501 within a security-restricted operation.
 */
extern ApikeyKeySelector apikey_key_selector_of_user(FunctionCallInfo fcinfo);

/*
 * The name or id for a message, as apikey_shown_text() permits.
 */
extern const char *apikey_key_selector_text(const ApikeyKeySelector *selector);

/*
 * Raise KA005.  The error is the same whether no such key exists or another
 * user has it.  is_deleted: the user's own key has been deleted.
 */
pg_noreturn extern void apikey_key_selector_raise_missing(const ApikeyKeySelector *selector,
														  bool is_deleted);

#endif							/* APIKEY_KEY_SELECTOR_H */
