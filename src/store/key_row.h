/*-------------------------------------------------------------------------
 *
 * key_row.h
 *		A row of apikey.api_keys: find it, lock it, list it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_ROW_H
#define APIKEY_KEY_ROW_H

#include "access/htup_details.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "exec/statement.h"
#include "store/key_columns.h"
#include "store/key_selector.h"

/* One row, because of user_id ($1) and id ($2). */
#define APIKEY_KEY_ROW_WHERE \
	" WHERE user_id OPERATOR(pg_catalog.=) $1 AND id OPERATOR(pg_catalog.=) $2"

/* Everything is in the memory context that was current when the row was read. */
typedef struct ApikeyKeyRow
{
	char	   *user_id;
	pg_uuid_t	id;
	char	   *name;
	char	   *key_type;
	bytea	   *envelope;		/* detoasted */
	char	   *env_var;		/* NULL: the variables of its type */
	Jsonb	   *metadata;
	TimestampTz expires_at;		/* DT_NOEND: never */
	bool		disabled;
	bool		deleted;
	char	   *hint;
} ApikeyKeyRow;

/* Read a tuple that has APIKEY_KEY_ROW_COLUMNS. */
extern void apikey_key_row_read(HeapTuple tuple, TupleDesc desc,
								ApikeyKeyRow *key);

/* Read only the columns needed to decrypt the value, which come first. */
extern void apikey_key_row_read_sealed(HeapTuple tuple, TupleDesc desc,
									   ApikeyKeyRow *key);

/*
 * Find the selected key; false if there is none.  A name finds only keys that
 * are not deleted; an id finds deleted keys as well.  for_update locks the row.
 */
extern bool apikey_key_row_find(const ApikeyKeySelector *selector,
								bool for_update, ApikeyKeyRow *key);

/* The same, but raises KA005 if there is none or it is deleted. */
extern void apikey_key_row_get(const ApikeyKeySelector *selector,
							   bool for_update, ApikeyKeyRow *key);

/*
 * Find the selected key among the deleted ones, and lock its row.  Raises KA005
 * if there is none, and 55000 with that hint if the key is not deleted.
 */
extern void apikey_key_row_get_deleted(const ApikeyKeySelector *selector,
									   const char *hint, ApikeyKeyRow *key);

/*
 * Run a statement that ends with APIKEY_KEY_ROW_WHERE and has only its two
 * arguments, as the key's user.
 */
extern void apikey_key_row_run(ApikeyStatement *statement, const ApikeyKeyRow *key);

/*
 * All of a user's keys that are not deleted, newest first, as a palloc'ed
 * array; returns their number.
 */
extern int	apikey_key_row_list(const char *user_id, ApikeyKeyRow **keys);

/*
 * The same of those with these names, or with these ids as text: in their order, and
 * twice if both the name and the id of a key are among them.  Where the rows cannot be
 * read without a statement, all of the user's keys.
 */
extern int	apikey_key_row_list_named(char *user_id, char **names, int count,
									  ApikeyKeyRow **keys);

/* Has the key expired? */
extern bool apikey_key_row_is_expired(const ApikeyKeyRow *key);

/* Is the key neither deleted, disabled nor expired? */
extern bool apikey_key_row_is_usable(const ApikeyKeyRow *key);

/*
 * Raise KA006 if the key is disabled or expired; argument is the argument of
 * the SQL function that selected it.
 */
extern void apikey_key_row_require_usable(const ApikeyKeyRow *key,
										  const char *argument);

/*
 * After a change of the key's state: raise a WARNING (KA006) if it is still
 * disabled or expired.
 */
extern void apikey_key_row_warn_unusable(const ApikeyKeyRow *key);

#endif							/* APIKEY_KEY_ROW_H */
