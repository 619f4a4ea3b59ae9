/*-------------------------------------------------------------------------
 *
 * table_watch.h
 *		Whether a table may have changed, in its rows or its definition, since it
 *		was last looked at.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_TABLE_WATCH_H
#define APIKEY_TABLE_WATCH_H

#define APIKEY_WATCHED_TABLES	2

/* A static variable for each user of one or two tables. */
typedef struct ApikeyTableWatch
{
	Oid			oids[APIKEY_WATCHED_TABLES];	/* InvalidOid: unused */
	bool		catalogs;		/* roles and schemas count, too */
	uint64		changes;		/* messages that have come; only grows */

	/* Private to table_watch.c. */
	bool		started;
	struct ApikeyTableWatch *next;
} ApikeyTableWatch;

/*
 * From now on, count in watch->changes the invalidation messages of the tables in
 * watch->oids, and with watch->catalogs those of roles, their members and schemas.  May
 * be called again, with other OIDs.
 */
extern void apikey_table_watch_start(ApikeyTableWatch *watch);

/* Called once, by _PG_init. */
extern void apikey_table_watch_init(void);

#endif							/* APIKEY_TABLE_WATCH_H */
