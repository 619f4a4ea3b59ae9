/*-------------------------------------------------------------------------
 *
 * table_cache.h
 *		Backend-local caches of the rows of the extension's small tables.
 *
 * A cache holds one object, built of all rows of a statement.  An object that
 * apikey_table_cache_get() returns stays valid until the end of the
 * transaction, whatever the caller does meanwhile: when the rows change, a new
 * object is built beside it, and its memory is freed when the transaction ends.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_TABLE_CACHE_H
#define APIKEY_TABLE_CACHE_H

#include "base/counter.h"
#include "exec/statement.h"
#include "exec/table_watch.h"

/* A static variable for each cache. */
typedef struct ApikeyTableCache
{
	/* The tables in schema apikey that the statement reads. */
	const char *tables[APIKEY_WATCHED_TABLES];

	/* Has APIKEY_SNAPSHOT_LATEST, no arguments, and an ORDER BY. */
	ApikeyStatement *statement;

	/*
	 * Build the object in the current memory context.  It may point into the
	 * rows, which live as long.  May raise; must not use the cache.
	 */
	void	   *(*build) (const ApikeyRows *rows);

	/* Counts how often the rows are read. */
	ApikeyCounter counter;

	/* Private to table_cache.c. */
	void	   *object;
	ApikeyRows	rows;			/* of which object was built */
	MemoryContext context;		/* of both; NULL: never read */
	ApikeyTableWatch watch;
	uint64		changes_read;	/* those of watch when the rows were last read */
} ApikeyTableCache;

/*
 * The object of the newest committed rows and those of this transaction.
 * Raises 55000 when a table does not exist; after any error of reading the
 * next call reads the rows again.
 */
extern void *apikey_table_cache_get(ApikeyTableCache *cache);

/* The OID of a table in schema apikey; 55000 when the extension is absent. */
extern Oid	apikey_table_oid(const char *name);

#endif							/* APIKEY_TABLE_CACHE_H */
