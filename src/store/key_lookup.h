/*-------------------------------------------------------------------------
 *
 * key_lookup.h
 *		Read rows of api_keys from an index, without a statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_LOOKUP_H
#define APIKEY_KEY_LOOKUP_H

#include "store/key_columns.h"
#include "store/key_selector.h"

/* Copies what it needs of the columns, which may be toasted. */
typedef void (*ApikeyColumnsRead) (const ApikeyKeyColumns *columns, void *arg);

/*
 * Look for keys, all in one snapshot; read is called for the columns of each that is
 * found.  Returns their number, or APIKEY_LOOKUP_IMPOSSIBLE if a statement is to be
 * run instead.  Raises 55000 without the table.
 */
#define APIKEY_LOOKUP_IMPOSSIBLE	(-1)
extern int	apikey_key_lookup(const ApikeyKeySelector *selectors, int count,
							  ApikeyColumnsRead read, void *arg);

/*
 * Count the keys of a user that are not deleted.  Returns false if the statement is
 * to be run instead.  Raises 55000 without the table.
 */
extern bool apikey_key_lookup_count(const char *user_id, int64 *count);

#endif							/* APIKEY_KEY_LOOKUP_H */
