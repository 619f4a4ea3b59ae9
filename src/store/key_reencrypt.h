/*-------------------------------------------------------------------------
 *
 * key_reencrypt.h
 *		Re-encrypt stored values with the newest active data key, in batches.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_REENCRYPT_H
#define APIKEY_KEY_REENCRYPT_H

#include "store/key_reencrypt_rows.h"

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
