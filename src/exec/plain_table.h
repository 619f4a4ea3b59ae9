/*-------------------------------------------------------------------------
 *
 * plain_table.h
 *		Tables whose rows can be read without a statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_PLAIN_TABLE_H
#define APIKEY_PLAIN_TABLE_H

#include "access/attnum.h"
#include "rewrite/rowsecurity.h"
#include "utils/relcache.h"

/*
 * apikey.direct_lookup
 *
 * Whether rows are read without a statement where that gives the same result.
 * Only superusers may set it: to see that it does, or to rule it out as the cause
 * of a problem.
 */
extern bool apikey_direct_lookup;

/*
 * Would a statement that runs as the role find the rows of this heap, and no
 * others, but for row-level security, of which the caller takes care?  The table is
 * open and locked.
 */
extern bool apikey_table_is_plain(Relation table, Oid role);

/* Does row-level security show the role, which does not own the table, all rows? */
extern bool apikey_table_shows_all(Relation table, Oid role);

/* Has the policy the condition "true", for the roles that it is for? */
extern bool apikey_policy_shows_all(const RowSecurityPolicy *policy);

/* Does the policy hold, for reading, for the role by its name or for all roles? */
extern bool apikey_policy_is_for(const RowSecurityPolicy *policy, Oid role);

/*
 * Is it an index of just these columns, in this order, which any snapshot can use, and
 * which compares with PostgreSQL's own operators, texts by their bytes?  It may be
 * partial.
 */
extern bool apikey_index_is_on(Relation index, const AttrNumber *columns, int count);

/* Such an index of all rows of the table, which is open; InvalidOid if there is none. */
extern Oid	apikey_table_index_on(Relation table, const AttrNumber *columns, int count);

/* Called once, by _PG_init. */
extern void apikey_plain_table_init(void);

#endif							/* APIKEY_PLAIN_TABLE_H */
