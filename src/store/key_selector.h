/*-------------------------------------------------------------------------
 *
 * key_selector.h
 *		Which of a user's keys an argument means: by name, or by id.
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
	bool		by_admin;		/* for messages: not the user's own call */
	const char *argument;		/* of the SQL function, for messages */
	char	   *name;			/* NULL: by id */
	pg_uuid_t	id;
} ApikeyKeySelector;

/* A name, or an id in text form, given as the argument "name". */
extern ApikeyKeySelector apikey_key_selector_named(const char *name);

/*
 * Argument number arg (from 0) of the call, "name": a name, or an id as text.
 * Raises 22023 for NULL.
 */
extern ApikeyKeySelector apikey_key_selector_by_text(FunctionCallInfo fcinfo, int arg);

/* Argument number arg of the call, "id", a uuid; 22023 for NULL. */
extern ApikeyKeySelector apikey_key_selector_by_id(FunctionCallInfo fcinfo, int arg);

/* The same, but a uuid in text form; 22023 for any other text, too. */
extern ApikeyKeySelector apikey_key_selector_by_id_text(FunctionCallInfo fcinfo, int arg);

/*
 * What a message may show of the name or id: not a name that cannot exist,
 * which may be a secret that was put into the wrong argument.
 */
extern const char *apikey_key_selector_text(const ApikeyKeySelector *selector);

/*
 * Raise KA005.  Another user's key gives the same error as none; is_deleted
 * says that the user's own key has been deleted.
 */
pg_noreturn extern void apikey_key_selector_raise_missing(const ApikeyKeySelector *selector,
														  bool is_deleted);

#endif							/* APIKEY_KEY_SELECTOR_H */
