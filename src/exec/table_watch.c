/*-------------------------------------------------------------------------
 *
 * table_watch.c
 *		Watch tables for changes; see table_watch.h.
 *
 * What tells of a change is a relcache message.  It reaches other backends when
 * the transaction commits, and this one at the end of the command and again if
 * the (sub)transaction rolls back.  PostgreSQL sends one for each change of a
 * table's definition, policies, rules, indexes and privileges.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/syscache.h"

#include "exec/table_watch.h"

static ApikeyTableWatch *watches = NULL;	/* all that were started */

/*
 * Relcache callback: only count, since it may come at any moment.  One for all,
 * since a backend has room for ten callbacks of all extensions.
 */
static void
note_change(Datum arg, Oid relation)
{
	for (ApikeyTableWatch *watch = watches; watch != NULL; watch = watch->next)
		for (int i = 0; i < APIKEY_WATCHED_TABLES; i++)
			if (!OidIsValid(relation) || relation == watch->oids[i])
				watch->changes++;
}

/* Syscache callback, likewise. */
static void
note_catalog_change(Datum arg, int cache, uint32 hash)
{
	for (ApikeyTableWatch *watch = watches; watch != NULL; watch = watch->next)
		if (watch->catalogs)
			watch->changes++;
}

void
apikey_table_watch_start(ApikeyTableWatch *watch)
{
	if (watch->started)
		return;
	watch->next = watches;
	watches = watch;
	watch->started = true;
}

void
apikey_table_watch_init(void)
{
	CacheRegisterRelcacheCallback(note_change, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, note_catalog_change, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, note_catalog_change, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, note_catalog_change, (Datum) 0);
}
