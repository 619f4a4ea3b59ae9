/*-------------------------------------------------------------------------
 *
 * key_reencrypt_rows.h
 *		Re-encrypt the rows of a batch.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_REENCRYPT_ROWS_H
#define APIKEY_KEY_REENCRYPT_ROWS_H

#include "mb/pg_wchar.h"
#include "utils/uuid.h"

#include "exec/identity.h"

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
 * Visit some of the rows that follow in the pass, at most that many, of its data key,
 * and re-encrypt those that are not locked.  Returns how many were visited: 0 if none is
 * left to visit.  Raises KA001 and KA002; warns once of each row that cannot be
 * decrypted.
 */
extern int	apikey_key_reencrypt_rows(ApikeyReencryption *pass, int at_most);

#endif							/* APIKEY_KEY_REENCRYPT_ROWS_H */
