/*-------------------------------------------------------------------------
 *
 * key_reencrypt.h
 *		Move stored values under the newest active data key, a batch at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_REENCRYPT_H
#define APIKEY_KEY_REENCRYPT_H

#include "mb/pg_wchar.h"
#include "utils/uuid.h"

#include "exec/identity.h"
#include "exec/statement.h"

/* Room for any user id. */
#define APIKEY_REENCRYPT_USER_ID \
	(APIKEY_USER_ID_MAX * MAX_MULTIBYTE_CHAR_LEN + 1)

/* Rows that do not open are told of one by one up to this many. */
#define APIKEY_REENCRYPT_MAX_REPORTS	100

/*
 * A pass over the rows that are under other data keys, in the order of the
 * index on (data key, user, id).  It meets each row once: one that does not
 * open, or is locked, is left behind until the next pass.
 */
typedef struct ApikeyReencryption
{
	pg_uuid_t	target;			/* the data key that rows move to */
	pg_uuid_t	data_key;		/* the last row met: its data key, */
	char		user_id[APIKEY_REENCRYPT_USER_ID];	/* its user, */
	pg_uuid_t	id;				/* and its id */
	bool		outdated;		/* there is a newer data key than the target */
	int64		done;			/* rows moved, in all passes */
	int64		failed;			/* rows that did not open, in this pass */
	int			reported_count; /* rows told of one by one, in all passes: */
	pg_uuid_t	reported[APIKEY_REENCRYPT_MAX_REPORTS];
} ApikeyReencryption;

/*
 * Begin a pass: choose the target and go to the first row.  False when there
 * is no active data key.  Raises KA001 or KA002 when it cannot be used.
 */
extern bool apikey_key_reencrypt_begin(ApikeyReencryption *pass);

/*
 * Work on the next rows, at most batch_size, within this transaction; false
 * when the pass is over, or there is a newer target, for which another pass
 * begins.  Raises KA001, KA002; warns once of each row that does not open.
 */
extern bool apikey_key_reencrypt_batch(ApikeyReencryption *pass, int batch_size);

/* How many rows are not under the target. */
extern int64 apikey_key_reencrypt_left(const ApikeyReencryption *pass);

#endif							/* APIKEY_KEY_REENCRYPT_H */
