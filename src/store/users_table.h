/*-------------------------------------------------------------------------
 *
 * users_table.h
 *		A users table: which tables can be linked, and which of its columns has
 *		the ids.
 *
 * The column is the one that the row triggers of link_users() name in their
 * WHEN clause.  So it is found whatever it is called meanwhile, and in a
 * restored database, where columns can have other numbers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_USERS_TABLE_H
#define APIKEY_USERS_TABLE_H

#include "utils/rel.h"
#include "utils/reltrigger.h"

#include "store/user_link.h"

/* A linked table that is open. */
typedef struct ApikeyUsersTable
{
	Relation	relation;
	AttrNumber	id_column;
	Oid			id_type;		/* supported, see user_id.h */
} ApikeyUsersTable;

/*
 * Is it an ordinary, permanent table, whose rows are removed only by
 * DELETE and TRUNCATE?
 */
extern bool apikey_users_table_fits(Relation users);

/* Raise 55000 if a linked table no longer is one. */
extern void apikey_users_table_require_fit(Relation users);

/*
 * The column that a row trigger of link_users() names as that of the ids, or
 * InvalidAttrNumber if it does not name one column.
 */
extern AttrNumber apikey_users_table_id_column(const Trigger *trigger);

/*
 * A unique index by which users can be looked up without running anybody's
 * code, or InvalidOid: of one column, plain, valid, immediate, with the default
 * operator class of the column's type, on a table of access method heap.
 */
extern Oid	apikey_users_table_id_index(Relation users, AttrNumber id_column);

/*
 * Open a linked table and lock it ROW SHARE until the transaction ends; close it
 * with relation_close(NoLock).  55000 if it does not exist, does not fit, or
 * lacks the trigger that follows the deletion of users.
 */
extern void apikey_users_table_open(const ApikeyUserLink *link,
									ApikeyUsersTable *table);

#endif							/* APIKEY_USERS_TABLE_H */
