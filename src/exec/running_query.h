/*-------------------------------------------------------------------------
 *
 * running_query.h
 *		What the queries that are running now have to do with identities.
 *
 * One query acts for one user.  The planner is free in the order in which it
 * runs the items of FROM: in FROM apikey.keys, apikey.set_user_id($1), the keys
 * may be read first, for the identity that an earlier statement of the
 * transaction set.  So a query that has used an identity cannot set another.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_RUNNING_QUERY_H
#define APIKEY_RUNNING_QUERY_H

#include "fmgr.h"

/* Note that the running queries, the innermost and those around it, have used
 * the caller's identity. */
extern void apikey_running_query_uses_identity(void);

/*
 * Has the query that calls the function itself, not by way of another function,
 * used the caller's identity?  False for an expression of PL/pgSQL that runs
 * without a query: there, the program determines the order.
 */
extern bool apikey_running_query_used_identity(FunctionCallInfo fcinfo);

/* Do the rows of a running query outlive the transaction? */
extern bool apikey_running_query_is_held(void);

/* Follow the queries that the executor runs; called once, by _PG_init. */
extern void apikey_running_query_init(void);

#endif							/* APIKEY_RUNNING_QUERY_H */
