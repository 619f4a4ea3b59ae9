/*-------------------------------------------------------------------------
 *
 * key_reencrypt.h
 *		Re-encrypt stored values with the newest active data key, in batches.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_REENCRYPT_H
#define APIKEY_KEY_REENCRYPT_H

#include "mb/pg_wchar.h"
#include "utils/uuid.h"

#include "exec/identity.h"
#include "exec/statement.h"

/* Bytes that any user id fits in. */
#define APIKEY_REENCRYPT_USER_ID \
	(APIKEY_USER_ID_MAX * MAX_MULTIBYTE_CHAR_LEN + 1)

/* Up to this many rows that cannot be decrypted are reported individually. */
#define APIKEY_REENCRYPT_MAX_REPORTS	100

/*
 * A pass over the rows that are encrypted with other data keys, in the order
 * of the index on (data key, user, id).  It visits each row once: a row that
 * cannot be decrypted, or is locked, is left for the next pass.
 */
typedef struct ApikeyReencryption
{
	pg_uuid_t	target;			/* the data key to re-encrypt with */
	pg_uuid_t	data_key;		/* of the last row visited: data key, */
	char		user_id[APIKEY_REENCRYPT_USER_ID];	/* user, */
	pg_uuid_t	id;				/* and id */
	bool		outdated;		/* there is a newer target */
	int64		done;			/* rows re-encrypted, in all passes */
	int64		failed;			/* rows not decrypted, in this pass */
	int			reported_count; /* rows reported, in all passes: */
	pg_uuid_t	reported[APIKEY_REENCRYPT_MAX_REPORTS];
} ApikeyReencryption;

/*
 * Begin a pass: choose the target and go to the first row.  False if there is
 * no active data key; raises KA001 or KA002 if it cannot be unwrapped.
 */
extern bool apikey_key_reencrypt_begin(ApikeyReencryption *pass);

/*
 * Re-encrypt the next rows, at most batch_size, within this transaction.  False
 * when the pass is over, or is outdated, so that another pass must begin.
 * Raises KA001 and KA002; warns once of each row that cannot be decrypted.
 */
extern bool apikey_key_reencrypt_batch(ApikeyReencryption *pass, int batch_size);

/* The number of rows that are not encrypted with the target. */
extern int64 apikey_key_reencrypt_left(const ApikeyReencryption *pass);

#endif							/* APIKEY_KEY_REENCRYPT_H */
