/*-------------------------------------------------------------------------
 *
 * users_table.h
 *		A users table: which tables can be linked, and their ids.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_USERS_TABLE_H
#define APIKEY_USERS_TABLE_H

#include "utils/rel.h"

#include "store/user_link.h"

/*
 * Is it an ordinary, permanent table, whose rows are removed only by
 * DELETE and TRUNCATE?
 */
extern bool apikey_users_table_fits(Relation users);

/* The name of a supported type of ids, or NULL. */
extern const char *apikey_users_table_id_type_name(Oid type);

/*
 * Is it the canonical text of an id of that type?  '05' must not mean 5, and
 * 'abc' means an unknown user instead of a syntax error.
 */
extern bool apikey_users_table_id_is_canonical(Oid type, const char *id);

/*
 * The column of the ids in a linked table and its type; 55000 if the table or
 * the column is not what was linked.
 */
extern AttrNumber apikey_users_table_id_column(const ApikeyUserLink *link,
											   Relation users, Oid *type);

/*
 * Open a linked table and lock it ROW SHARE until the transaction ends; 55000
 * if it does not exist or lacks the trigger that follows the deletion of users.
 */
extern Relation apikey_users_table_open(const ApikeyUserLink *link);

#endif							/* APIKEY_USERS_TABLE_H */
