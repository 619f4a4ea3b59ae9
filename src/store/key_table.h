/*-------------------------------------------------------------------------
 *
 * key_table.h
 *		The table api_keys as PostgreSQL has it now: can a user's row be read from
 *		an index, with the same result that a statement has?
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_TABLE_H
#define APIKEY_KEY_TABLE_H

#include "utils/relcache.h"

#include "store/key_columns.h"

/* Valid until the next invalidation message. */
typedef struct ApikeyKeyTable
{
	bool		is_plain;		/* and can be read; if not, nothing else is
								 * set */
	Oid			by_name;		/* unique index on (user_id, name), not
								 * deleted */
	Oid			by_id;			/* unique index on (user_id, id) */
	AttrNumber	columns[APIKEY_KEY_COLUMNS];	/* by ApikeyKeyColumn */
} ApikeyKeyTable;

/* Its OID; 55000 when the extension is absent. */
extern Oid	apikey_key_table_oid(void);

/*
 * What is known of the table, which is open and locked.  It is found out once for
 * each version of the table's definition, and after changes of roles and schemas.
 */
extern const ApikeyKeyTable *apikey_key_table(Relation keys);

#endif							/* APIKEY_KEY_TABLE_H */
