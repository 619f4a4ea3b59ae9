/*-------------------------------------------------------------------------
 *
 * statement.h
 *		The extension's own SQL statements: each is planned once per backend
 *		and run as one of the internal roles, inside an identity frame.
 *
 * Statements qualify every name and operator, as in OPERATOR(pg_catalog.=),
 * since they are planned under the caller's search_path.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_STATEMENT_H
#define APIKEY_STATEMENT_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"

#define APIKEY_STATEMENT_MAX_ARGS	18

/*
 * In arg_types: the type apikey.encrypted, and an array of it.  Their OIDs are not
 * constant: they change when the extension is dropped and created again.
 */
#define APIKEY_ENCRYPTED	InvalidOid
#define APIKEY_ENCRYPTED_ARRAY	ANYARRAYOID

typedef enum ApikeyRole
{
	APIKEY_AS_OWNER,			/* rows of one user, the identity */
	APIKEY_AS_MAINTENANCE		/* rows of all users */
} ApikeyRole;

/* Which state of the database a statement sees. */
typedef enum ApikeySnapshot
{
	APIKEY_SNAPSHOT_TRANSACTION,	/* as any statement of the transaction */
	APIKEY_SNAPSHOT_LATEST,		/* reads what is committed now, even under
								 * REPEATABLE READ: for a cache that outlives
								 * the transaction */
	APIKEY_SNAPSHOT_LATEST_WRITE,	/* changes what is committed now, even
									 * under REPEATABLE READ: for rows that
									 * record what happened */
	APIKEY_SNAPSHOT_FOREIGN_KEY /* changes what is committed now, as a foreign
								 * key action does; under REPEATABLE READ,
								 * 40001 for a row that is newer than the
								 * snapshot */
} ApikeySnapshot;

/* A static variable for each statement. */
typedef struct ApikeyStatement
{
	ApikeyRole	role;
	const char *sql;
	int			arg_count;
	Oid			arg_types[APIKEY_STATEMENT_MAX_ARGS];
	ApikeySnapshot snapshot;
	bool		allow_bitmap;	/* see apikey_statement_run_by_index() */
	bool		across_users;	/* has no user_id = $1: planned for its
								 * arguments each time */
	/* Private to statement.c; filled on first use. */
	SPIPlanPtr	plan;
	Oid			encrypted;		/* the OID of APIKEY_ENCRYPTED in the plan */
} ApikeyStatement;

/* The rows of a result, copied to the caller's memory context. */
typedef struct ApikeyRows
{
	uint64		count;
	TupleDesc	desc;
	HeapTuple  *tuples;
} ApikeyRows;

/*
 * Run a statement, and return how many rows it returned or changed.
 *
 * user_id is the frame's identity (NULL: none).  args and nulls have arg_count
 * elements; args may be NULL if there are no arguments, and nulls if none of
 * them is NULL.  *rows gets the result; rows may be NULL.  Raises the errors of
 * the statement, and 55000 if an internal role does not exist.
 */
extern uint64 apikey_statement_run(ApikeyStatement *statement, const char *user_id,
								   const Datum *args, const bool *nulls,
								   ApikeyRows *rows);

/*
 * The same without an identity, and with the planner's methods limited to index
 * scans: of one index, in its order, or with allow_bitmap of any that has the
 * condition, in no order.
 */
extern uint64 apikey_statement_run_by_index(ApikeyStatement *statement,
											const Datum *args, ApikeyRows *rows);

/*
 * Column (from 1) of row (from 0); a pointer into *rows if it is of a type that
 * is passed by reference.
 */
extern Datum apikey_rows_get(const ApikeyRows *rows, uint64 row, int column,
							 bool *is_null);

/*
 * Run a SELECT with a cursor, and call work for each row, inside the frame, in a
 * memory context that is reset after the call.  For results of any size.
 */
typedef void (*ApikeyRowWork) (HeapTuple tuple, TupleDesc desc, void *arg);
extern void apikey_statement_run_each(ApikeyStatement *statement, const char *user_id,
									  const Datum *args, const bool *nulls,
									  ApikeyRowWork work, void *arg);

#endif							/* APIKEY_STATEMENT_H */
