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

#include "store/key_selector.h"

/* The columns of a statement whose rows apikey_key_row_read() reads. */
#define APIKEY_KEY_ROW_COLUMNS \
	APIKEY_KEY_ROW_SEALED_COLUMNS ", env_var, metadata, expires_at," \
	" disabled_at IS NOT NULL, deleted_at IS NOT NULL"

/* Enough of them to decrypt the value; the rest of ApikeyKeyRow is then zero. */
#define APIKEY_KEY_ROW_SEALED_COLUMNS \
	"user_id, id, name, key_type, encrypted_value"

/* In the memory context that was current when the row was read. */
typedef struct ApikeyKeyRow
{
	char	   *user_id;
	pg_uuid_t	id;
	char	   *name;
	char	   *key_type;
	bytea	   *envelope;		/* detoasted */
	char	   *env_var;		/* NULL: those of its type */
	Jsonb	   *metadata;
	TimestampTz expires_at;		/* DT_NOEND: never */
	bool		disabled;
	bool		deleted;
} ApikeyKeyRow;

/* Read a tuple with one of the two lists of columns. */
extern void apikey_key_row_read(HeapTuple tuple, TupleDesc desc,
								ApikeyKeyRow *key);

/*
 * Find a user's key; false when there is none.  A name finds only keys that
 * are not deleted, an id finds any.  for_update locks the row.
 */
extern bool apikey_key_row_find(const char *user_id,
								const ApikeyKeySelector *selector,
								bool for_update, ApikeyKeyRow *key);

/* The same, raising KA005 when there is none, or it is deleted. */
extern void apikey_key_row_get(const char *user_id,
							   const ApikeyKeySelector *selector,
							   bool for_update, ApikeyKeyRow *key);

/*
 * All of a user's keys that are not deleted, newest first, in a palloc'ed
 * array; returns how many.
 */
extern int	apikey_key_row_list(const char *user_id, ApikeyKeyRow **keys);

/* Is it neither deleted, disabled nor expired? */
extern bool apikey_key_row_is_usable(const ApikeyKeyRow *key);

/*
 * Raise KA006 if it is disabled or expired; argument is the argument of the
 * SQL function that named the key.
 */
extern void apikey_key_row_require_usable(const ApikeyKeyRow *key,
										  const char *argument);

#endif							/* APIKEY_KEY_ROW_H */
