/*-------------------------------------------------------------------------
 *
 * identity.h
 *		The caller's identity: the user id whose keys are read and written.
 *
 * The setting apikey.identity determines where it is taken from.  Inside an
 * identity frame (frame.h), it is the frame's.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_IDENTITY_H
#define APIKEY_IDENTITY_H

#include "fmgr.h"

#define APIKEY_USER_ID_MAX	255 /* characters */

/* The errdetail and the errhint for a user id that breaks the rule. */
#define APIKEY_USER_ID_RULE	"A user id has 1 to %d characters, no control or invisible characters, and no white space at either end."
#define APIKEY_USER_ID_HINT	"Pass the id that the application uses for the user."

/*
 * Does it have 1 to 255 characters, none of them odd (odd_character.h)?  Otherwise
 * two ids that look the same could be those of two users.
 */
extern bool apikey_is_user_id(const char *user_id, size_t len);

/*
 * The value of a string setting if it was set in this transaction, otherwise NULL;
 * valid until the setting changes.
 */
extern const char *apikey_set_in_transaction(const char *name);

/*
 * The caller's identity, palloc'ed.  NULL if there is none, if it is not a
 * valid user id, and within a security-restricted operation.
 */
extern char *apikey_identity(void);

/*
 * The same, but raises KA007 if there is none, 42501 within a
 * security-restricted operation, and 55000 in a cursor whose rows outlive the
 * transaction.
 */
extern char *apikey_require_identity(void);

/*
 * Make user_id the identity for the rest of the transaction, as SET LOCAL does.
 * fcinfo is that of the SQL function which is called for it.  Raises 42501
 * within a security-restricted operation, 55000 if the identity is not taken
 * from apikey.user_id, 22023 for an invalid user id, and KA007 if the query that
 * calls the function has already used another identity.
 */
extern void apikey_identity_set(FunctionCallInfo fcinfo, const char *user_id);

/* Define apikey.identity and apikey.user_id; called once, by _PG_init. */
extern void apikey_identity_init(void);

#endif							/* APIKEY_IDENTITY_H */
