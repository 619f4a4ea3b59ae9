/*-------------------------------------------------------------------------
 *
 * user_link.h
 *		The links: users tables that user ids are tied to (user_links).
 *
 * A user id belongs to the link with the longest prefix that it begins with;
 * what follows the prefix is the id of a row of that link's table, in the
 * canonical text of the column's type.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_USER_LINK_H
#define APIKEY_USER_LINK_H

#include "nodes/pg_list.h"

/* Valid until the end of the transaction. */
typedef struct ApikeyUserLink
{
	Oid			users;			/* the users table */
	bool		soft_delete;	/* on_delete: soft_delete (true) or purge */
	char	   *prefix;
	size_t		prefix_len;
} ApikeyUserLink;

/*
 * The newest committed links and those of this transaction, as a List of
 * ApikeyUserLink, valid until the end of the transaction.  The functions below
 * search such a list.
 */
extern List *apikey_user_links(void);

/* The link of a table, or the one a user id belongs to; NULL if none. */
extern ApikeyUserLink *apikey_user_link_of_table(const List *links, Oid users);
extern ApikeyUserLink *apikey_user_link_of_user(const List *links,
												const char *user_id);

/*
 * What a user id has after the prefix of the link that it belongs to, as a
 * pointer into it; NULL if that is the link of another table than users.  A user
 * id that belongs to no link has no prefix.
 */
extern const char *apikey_user_link_strip(const List *links, Oid users,
										  const char *user_id);

/* The link with exactly that prefix, or NULL. */
extern ApikeyUserLink *apikey_user_link_of_prefix(const List *links,
												  const char *prefix);

/* The links that take user ids away from this one by a longer prefix. */
extern List *apikey_user_links_below(const List *links, const ApikeyUserLink *link);

#endif							/* APIKEY_USER_LINK_H */
