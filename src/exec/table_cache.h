/*-------------------------------------------------------------------------
 *
 * table_cache.h
 *		OIDs of the extension's tables, and word of their changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_TABLE_CACHE_H
#define APIKEY_TABLE_CACHE_H

/* The tables whose rows are cached. */
typedef enum ApikeyCachedTable
{
	APIKEY_DATA_KEYS,
	APIKEY_BUILTIN_KEY_TYPES,
	APIKEY_CUSTOM_KEY_TYPES,
	APIKEY_LINKED_USERS,
	APIKEY_CACHED_TABLES		/* how many */
} ApikeyCachedTable;

/*
 * How many messages of a change of the table have come, from 1 on.  A cache
 * notes the number before it reads the rows, and is out of date when the
 * number has grown.
 */
extern uint64 apikey_table_changes(ApikeyCachedTable table);

/* The OID of a cached table, from now on watched; 55000 as below. */
extern Oid	apikey_watch_table(ApikeyCachedTable table);

/* Called once, by _PG_init. */
extern void apikey_table_cache_init(void);

/* The OID of a table in schema apikey; 55000 when the extension is absent. */
extern Oid	apikey_table_oid(const char *name);

#endif							/* APIKEY_TABLE_CACHE_H */
