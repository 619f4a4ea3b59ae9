/*-------------------------------------------------------------------------
 *
 * table_cache.c
 *		Backend-local caches of table rows; see table_cache.h.
 *
 * A cache is invalidated by a relcache message.  PostgreSQL sends none for a
 * plain INSERT, UPDATE or DELETE, so ENABLE ALWAYS triggers on the cached
 * tables do (functions/invalidate_cache.c).  The message reaches other backends
 * at commit, standbys with the WAL, and this backend at the end of the command
 * and again if the (sub)transaction rolls back: what was cached of uncommitted
 * rows is dropped then.
 *
 * Rows are read under the latest snapshot, even in a REPEATABLE READ
 * transaction: a cache outlives the transaction, so it must not hold an older
 * state.
 *
 * The new object is built beside the old one, and replaces it in the last step,
 * which cannot fail.  The old one's context then becomes a child of
 * TopTransactionContext, since a caller may still use it.  If the rows turn out
 * to be the same, as after a message that tells of something else, the old object
 * stays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "exec/table_cache.h"

/*
 * Watch the tables for changes from now on.  Their OIDs are looked up each
 * time, since DROP and CREATE EXTENSION give them others.
 */
static void
watch_tables(ApikeyTableCache *cache)
{
	for (int i = 0; i < APIKEY_WATCHED_TABLES && cache->tables[i] != NULL; i++)
		cache->watch.oids[i] = apikey_table_oid(cache->tables[i]);
	apikey_table_watch_start(&cache->watch);
}

static bool
is_current(const ApikeyTableCache *cache)
{
	return cache->context != NULL && cache->changes_read == cache->watch.changes;
}

/* Byte by byte: rows that only look different are built again, no more. */
static bool
rows_are_same(const ApikeyRows *left, const ApikeyRows *right)
{
	if (left->count != right->count)
		return false;
	for (uint64 i = 0; i < left->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (left->tuples[i]->t_len != right->tuples[i]->t_len ||
			memcmp(left->tuples[i]->t_data, right->tuples[i]->t_data,
				   left->tuples[i]->t_len) != 0)
			return false;
	}
	return true;
}

/* Put a new object in the place of the old one.  Nothing here fails. */
static void
replace_object(ApikeyTableCache *cache, void *object, const ApikeyRows *rows,
			   MemoryContext context)
{
	if (cache->context != NULL)
		MemoryContextSetParent(cache->context, TopTransactionContext);
	MemoryContextSetParent(context, CacheMemoryContext);
	cache->object = object;
	cache->rows = *rows;
	cache->context = context;
}

/*
 * Messages are counted before the rows are read: one that comes while they are
 * read has them read again.
 */
static void
read_rows(ApikeyTableCache *cache)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "apikey table cache",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(context);
	void	   *object = NULL;
	bool		same;
	uint64		changes;
	ApikeyRows	rows;

	MemoryContextSetIdentifier(context, cache->tables[0]);
	watch_tables(cache);
	changes = cache->watch.changes;
	apikey_count(cache->counter);
	apikey_statement_run(cache->statement, NULL, NULL, NULL, &rows);
	same = cache->context != NULL && rows_are_same(&rows, &cache->rows);
	if (!same)
		object = cache->build(&rows);
	MemoryContextSwitchTo(outer);

	if (same)
		MemoryContextDelete(context);
	else
		replace_object(cache, object, &rows, context);
	cache->changes_read = changes;
}

/*
 * Reading can itself bring a message, as it locks the tables: then they are
 * read once more.  What comes even later is for the next call.
 */
void *
apikey_table_cache_get(ApikeyTableCache *cache)
{
	for (int tries = 0; tries < 2 && !is_current(cache); tries++)
		read_rows(cache);
	return cache->object;
}

Oid
apikey_table_oid(const char *name)
{
	Oid			schema = get_namespace_oid("apikey", true);
	Oid			relation = InvalidOid;

	if (OidIsValid(schema))
		relation = get_relname_relid(name, schema);
	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"apikey.%s\" does not exist in this database", name),
				 errhint("Run CREATE EXTENSION apikey.  If its schema was renamed, rename it back to \"apikey\"."),
				 apikey_err_hide_statement()));
	return relation;
}
