/*-------------------------------------------------------------------------
 *
 * user_link.h
 *		Users tables that user ids are tied to (apikey.linked_users).
 *
 * A user id belongs to the link with the longest prefix that it begins with;
 * what follows the prefix is the id of a row of that link's table, in the
 * canonical text of the column's type.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_USER_LINK_H
#define APIKEY_USER_LINK_H

#include "executor/spi.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

/* Owned by user_link.c; valid until the next apikey_user_links_load(). */
typedef struct ApikeyUserLink
{
	Oid			users;			/* the users table */
	char	   *id_column;
	bool		soft_delete;	/* on_delete: soft_delete (true) or purge */
	char	   *prefix;
	size_t		prefix_len;
	char	   *sql;			/* what plan was made of, or NULL */
	SPIPlanPtr	plan;			/* of the look-up of one user */
} ApikeyUserLink;

/*
 * Refuse (22023 on COLUMN user_id) a user id that belongs to a linked table
 * and is not in it, and lock the user's row FOR KEY SHARE otherwise.  Called
 * outside any frame, after api_keys is locked, before a key is stored.
 */
extern void apikey_user_link_require_user(const char *user_id);

/*
 * Bring the cache up to date with the newest committed links and those of
 * this transaction; the functions below look into it as it then is.
 */
extern void apikey_user_links_load(void);

/* The link of a table, or the one a user id belongs to; NULL when none. */
extern ApikeyUserLink *apikey_user_link_of_table(Oid users);
extern ApikeyUserLink *apikey_user_link_of_user(const char *user_id);

/* The link with exactly that prefix, or NULL. */
extern ApikeyUserLink *apikey_user_link_of_prefix(const char *prefix);

/* The links that take user ids away from this one by a longer prefix. */
extern List *apikey_user_links_below(const ApikeyUserLink *link);

/*
 * Is there a row for that user id, which belongs to the link?  With lock,
 * the row is locked FOR KEY SHARE; without, the newest state counts.  55000
 * when the table is not what was linked.
 */
extern bool apikey_user_link_has_user(ApikeyUserLink *link, const char *user_id,
									  bool lock);

/* Is it a kind of table whose rows go by DELETE and TRUNCATE alone? */
extern bool apikey_user_link_fits(Relation users);

/*
 * The column of the ids in the users table and its type; 55000 when it is
 * not what was linked.
 */
extern AttrNumber apikey_user_link_column(const ApikeyUserLink *link, Relation users,
										  Oid *type);

/* The name of a supported type of ids, or NULL. */
extern const char *apikey_user_link_type_name(Oid type);

#endif							/* APIKEY_USER_LINK_H */
