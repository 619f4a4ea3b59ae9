/*-------------------------------------------------------------------------
 *
 * reencrypt_progress.h
 *		The progress of a run of reencrypt_keys: the row of apikey.reencryption,
 *		which apikey.rotation_progress shows, and notices to the client.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_REENCRYPT_PROGRESS_H
#define APIKEY_REENCRYPT_PROGRESS_H

#include "utils/timestamp.h"

#include "store/key_reencrypt.h"

typedef struct ApikeyReencryptProgress
{
	int64		left;			/* rows that this pass has not reached yet */
	int64		known_failed;	/* rows that failed in the previous pass */
	TimestampTz started_at;
	TimestampTz noticed_at;		/* when the last notice was sent */
} ApikeyReencryptProgress;

/* Start the clock, and replace the row. */
extern void apikey_reencrypt_progress_start(ApikeyReencryptProgress *progress,
											const ApikeyReencryption *pass);

/* Update the row; ended: the run is over. */
extern void apikey_reencrypt_progress_update(const ApikeyReencryptProgress *progress,
											 const ApikeyReencryption *pass, bool ended);

/* Send a notice, unless the last one is only a few seconds old. */
extern void apikey_reencrypt_progress_notice(ApikeyReencryptProgress *progress,
											 const ApikeyReencryption *pass);

/* Send the final notice. */
extern void apikey_reencrypt_progress_result(const ApikeyReencryption *pass);

#endif							/* APIKEY_REENCRYPT_PROGRESS_H */
