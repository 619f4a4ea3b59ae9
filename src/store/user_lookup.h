/*-------------------------------------------------------------------------
 *
 * user_lookup.h
 *		Looking a user up in a linked users table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_USER_LOOKUP_H
#define APIKEY_USER_LOOKUP_H

#include "access/genam.h"
#include "access/skey.h"
#include "executor/tuptable.h"
#include "utils/snapshot.h"

#include "store/user_link.h"
#include "store/users_table.h"

/* How a row is locked until the transaction ends. */
typedef enum ApikeyUserLock
{
	APIKEY_USER_UNLOCKED,		/* not: the newest state counts */
	APIKEY_USER_KEPT,			/* FOR KEY SHARE: it cannot be deleted */
	APIKEY_USER_CLOSED			/* FOR UPDATE: nor can a key be stored for it */
} ApikeyUserLock;

/*
 * Refuse (22023 on COLUMN argument) a user id that belongs to a linked table
 * and is not in it, and lock the user's row FOR KEY SHARE otherwise.  55000 if
 * the table is not what was linked; 40001 if a transaction with one snapshot
 * still sees a user who was deleted since.  Called after api_keys is locked,
 * before a key is stored.
 */
extern void apikey_user_lookup_require(const char *user_id, const char *argument);

/*
 * If the user id belongs to a linked table and is in it, lock the row FOR UPDATE:
 * waits for transactions that are storing a key for the user.  55000 and 40001
 * as above.
 */
extern void apikey_user_lookup_close(const char *user_id);

/*
 * Look-ups of many users of one link, which open its table once.  All see the state at
 * the beginning.  Private to user_lookup.c.
 */
typedef struct ApikeyUserLookup
{
	const ApikeyUserLink *link;
	ApikeyUserLock lock;
	ApikeyUsersTable table;
	Relation	index;
	TupleTableSlot *row;
	Snapshot	snapshot;
	ScanKeyData key;
	IndexScanDesc scan;
} ApikeyUserLookup;

/* Begin.  55000 and 40001 as above; link must live as long. */
extern void apikey_user_lookup_begin(const ApikeyUserLink *link, ApikeyUserLock lock,
									 ApikeyUserLookup *lookup);

/* Is there a row for that user id, which belongs to the link?  40001 as above. */
extern bool apikey_user_lookup_find(ApikeyUserLookup *lookup, const char *user_id);

/* End, and keep the lock on the table. */
extern void apikey_user_lookup_end(ApikeyUserLookup *lookup);

#endif							/* APIKEY_USER_LOOKUP_H */
