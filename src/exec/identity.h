/*-------------------------------------------------------------------------
 *
 * identity.h
 *		Who the caller is: the four modes of apikey.identity.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_IDENTITY_H
#define APIKEY_IDENTITY_H

#define APIKEY_USER_ID_MAX	255 /* characters */

/* 1 to 255 characters, none of them a control character? */
extern bool apikey_is_user_id(const char *user_id, size_t len);

/* The caller's identity, palloc'ed, or NULL when there is none. */
extern char *apikey_identity(void);

/* The same; KA007 when there is none, 42501 in a restricted operation. */
extern char *apikey_require_identity(void);

/*
 * Make user_id this transaction's identity, as SET LOCAL would; "" takes it
 * away.  42501 in a restricted operation, 55000 where the identity is not
 * taken from apikey.user_id, 22023 for what is not a user id.
 */
extern void apikey_identity_set(const char *user_id);

/* Define apikey.identity and apikey.user_id; called once, by _PG_init. */
extern void apikey_identity_init(void);

#endif							/* APIKEY_IDENTITY_H */
