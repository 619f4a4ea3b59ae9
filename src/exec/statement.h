/*-------------------------------------------------------------------------
 *
 * statement.h
 *		The extension's own SQL statements: planned once per backend, each run
 *		as one of the internal roles inside an identity frame.
 *
 * Statements qualify every name and operator (OPERATOR(pg_catalog.=)),
 * since they are planned under the caller's search_path.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_STATEMENT_H
#define APIKEY_STATEMENT_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "executor/spi.h"

#define APIKEY_STATEMENT_MAX_ARGS	16

/*
 * In arg_types: the type apikey.encrypted, whose OID is another in each
 * database, and after the extension was dropped and made again.
 */
#define APIKEY_ENCRYPTED	InvalidOid

typedef enum ApikeyRole
{
	APIKEY_AS_OWNER,			/* one user's rows: the identity's */
	APIKEY_AS_MAINTENANCE		/* every user's rows */
} ApikeyRole;

/* Which state of the database a statement sees. */
typedef enum ApikeySnapshot
{
	APIKEY_SNAPSHOT_TRANSACTION,	/* as any statement of the transaction */
	APIKEY_SNAPSHOT_LATEST,		/* reads what is committed now, even under
								 * REPEATABLE READ: for what fills a cache
								 * that outlives the transaction */
	APIKEY_SNAPSHOT_FOREIGN_KEY /* changes what is committed now, as a foreign
								 * key's action: 40001 under REPEATABLE READ
								 * for a row that came after the snapshot */
} ApikeySnapshot;

/* A static variable per statement; plan and type are filled on first use. */
typedef struct ApikeyStatement
{
	ApikeyRole	role;
	const char *sql;
	int			arg_count;
	Oid			arg_types[APIKEY_STATEMENT_MAX_ARGS];
	ApikeySnapshot snapshot;
	SPIPlanPtr	plan;
	Oid			encrypted;		/* what APIKEY_ENCRYPTED meant to plan */
} ApikeyStatement;

/* Rows of a result, copied to the caller's memory context. */
typedef struct ApikeyRows
{
	uint64		count;
	TupleDesc	desc;
	HeapTuple  *tuples;
} ApikeyRows;

/*
 * Run a statement and return how many rows it gave or changed.
 *
 * user_id is the frame's identity (NULL: none).  args and nulls are as long
 * as the statement's arguments; nulls may be NULL when no argument is.  rows
 * may be NULL when they are not wanted.
 */
extern uint64 apikey_statement_run(ApikeyStatement *statement, const char *user_id,
								   const Datum *args, const bool *nulls,
								   ApikeyRows *rows);

/* The same for a statement without NULLs, with the planner held to an index. */
extern uint64 apikey_statement_run_by_index(ApikeyStatement *statement,
											const Datum *args, ApikeyRows *rows);

/* Column (from 1) of a row (from 0). */
extern Datum apikey_rows_get(const ApikeyRows *rows, uint64 row, int column,
							 bool *is_null);

/*
 * Run a SELECT through a cursor and call work for each row, inside the frame;
 * the row is gone when work returns.  For results of any size.
 */
typedef void (*ApikeyRowWork) (HeapTuple tuple, TupleDesc desc, void *arg);
extern void apikey_statement_run_each(ApikeyStatement *statement, const char *user_id,
									  const Datum *args, const bool *nulls,
									  ApikeyRowWork work, void *arg);

#endif							/* APIKEY_STATEMENT_H */
