/*-------------------------------------------------------------------------
 *
 * user_lookup.h
 *		Looking a user up in a linked users table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_USER_LOOKUP_H
#define APIKEY_USER_LOOKUP_H

#include "store/user_link.h"

/*
 * Refuse (22023 on COLUMN user_id) a user id that belongs to a linked table
 * and is not in it, and lock the user's row FOR KEY SHARE otherwise.  55000 if
 * the table is not what was linked; 40001 if a transaction with one snapshot
 * still sees a user who was deleted since.  Called after api_keys is locked,
 * before a key is stored.
 */
extern void apikey_user_lookup_require(const char *user_id);

/*
 * Is there a row for that user id, which belongs to the link?  With lock,
 * the row is locked FOR KEY SHARE; without, the newest state counts.  55000
 * and 40001 as above.
 */
extern bool apikey_user_lookup_exists(const ApikeyUserLink *link, const char *user_id,
									  bool lock);

#endif							/* APIKEY_USER_LOOKUP_H */
