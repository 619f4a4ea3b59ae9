/*-------------------------------------------------------------------------
 *
 * table_cache.c
 *		OIDs of the extension's tables, and word of their changes.
 *
 * Caches of table rows (data keys, key types, linked users) are dropped by a
 * relcache message.  PostgreSQL sends none for a plain INSERT, UPDATE or
 * DELETE, so ENABLE ALWAYS triggers on those tables do.  The message reaches
 * other backends at commit, standbys with the WAL, and this backend at the
 * end of the command and again if the (sub)transaction rolls back: what was
 * cached of uncommitted rows is dropped then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "base/errors.h"
#include "exec/table_cache.h"

static const char *const table_names[APIKEY_CACHED_TABLES] = {
	"data_keys", "builtin_key_types", "custom_key_types", "linked_users"
};
static Oid	tables[APIKEY_CACHED_TABLES];
static uint64 changes[APIKEY_CACHED_TABLES] = {1, 1, 1, 1};

/*
 * Relcache callback: only count, since it may come at any moment.  One for
 * all caches, since a backend has room for ten callbacks of all extensions.
 */
static void
note_change(Datum arg, Oid relation)
{
	int			i;

	for (i = 0; i < APIKEY_CACHED_TABLES; i++)
		if (relation == tables[i] || !OidIsValid(relation))
			changes[i]++;
}

void
apikey_table_cache_init(void)
{
	CacheRegisterRelcacheCallback(note_change, (Datum) 0);
}

uint64
apikey_table_changes(ApikeyCachedTable table)
{
	return changes[table];
}

Oid
apikey_watch_table(ApikeyCachedTable table)
{
	return tables[table] = apikey_table_oid(table_names[table]);
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
				 errhint("Run CREATE EXTENSION apikey; its schema must keep its name."),
				 apikey_err_hide_statement()));
	return relation;
}
