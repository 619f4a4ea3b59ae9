/*-------------------------------------------------------------------------
 *
 * reencrypt_progress.c
 *		The progress of a run of reencrypt_keys; see reencrypt_progress.h.
 *
 * A row that could not be decrypted in one pass is visited again in the next.
 * Until then it is shown as failed rather than left, so that the numbers do not
 * jump when a pass begins.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/uuid.h"

#include "exec/statement.h"
#include "store/reencrypt_progress.h"

#define NOTICE_MS	5000		/* between two notices */

static ApikeyStatement replace_progress = {
	.role = APIKEY_AS_OWNER,
	.sql = "INSERT INTO apikey.reencryption"
	" (pid, data_key, rows_left) VALUES ($1, $2, $3)"
	" ON CONFLICT (one) DO UPDATE SET pid = EXCLUDED.pid,"
	" data_key = EXCLUDED.data_key, started_at = EXCLUDED.started_at,"
	" updated_at = EXCLUDED.updated_at, ended_at = NULL,"
	" rows_done = 0, rows_failed = 0, rows_left = EXCLUDED.rows_left",
	.arg_count = 3,
	.arg_types = {INT4OID, UUIDOID, INT8OID}
};

static ApikeyStatement update_progress = {
	.role = APIKEY_AS_OWNER,
	.sql = "UPDATE apikey.reencryption SET data_key = $1, rows_done = $2,"
	" rows_failed = $3, rows_left = $4,"
	" updated_at = pg_catalog.clock_timestamp(),"
	" ended_at = CASE WHEN $5 THEN pg_catalog.clock_timestamp() END",
	.arg_count = 5,
	.arg_types = {UUIDOID, INT8OID, INT8OID, INT8OID, BOOLOID}
};

static int64
shown_failed(const ApikeyReencryptProgress *progress, const ApikeyReencryption *pass)
{
	return Max(pass->failed, progress->known_failed);
}

static int64
shown_left(const ApikeyReencryptProgress *progress, const ApikeyReencryption *pass)
{
	return Max(progress->left - (shown_failed(progress, pass) - pass->failed), 0);
}

void
apikey_reencrypt_progress_start(ApikeyReencryptProgress *progress,
								const ApikeyReencryption *pass)
{
	Datum		args[3];

	args[0] = Int32GetDatum(MyProcPid);
	args[1] = UUIDPGetDatum(&pass->target);
	args[2] = Int64GetDatum(progress->left);
	apikey_statement_run(&replace_progress, NULL, args, NULL, NULL);
	progress->started_at = progress->noticed_at = GetCurrentTimestamp();
}

void
apikey_reencrypt_progress_update(const ApikeyReencryptProgress *progress,
								 const ApikeyReencryption *pass, bool ended)
{
	Datum		args[5];

	args[0] = UUIDPGetDatum(&pass->target);
	args[1] = Int64GetDatum(pass->done);
	args[2] = Int64GetDatum(shown_failed(progress, pass));
	args[3] = Int64GetDatum(shown_left(progress, pass));
	args[4] = BoolGetDatum(ended);
	apikey_statement_run(&update_progress, NULL, args, NULL, NULL);
}

void
apikey_reencrypt_progress_notice(ApikeyReencryptProgress *progress,
								 const ApikeyReencryption *pass)
{
	int64		failed = shown_failed(progress, pass);
	int64		left = shown_left(progress, pass);
	TimestampTz now = GetCurrentTimestamp();
	double		seconds = (now - progress->started_at) / 1000000.0;

	if (left == 0 || pass->done == 0 ||
		!TimestampDifferenceExceeds(progress->noticed_at, now, NOTICE_MS))
		return;
	progress->noticed_at = now;
	ereport(NOTICE,
			(errmsg("keys re-encrypted: " INT64_FORMAT ", left: " INT64_FORMAT
					", not decrypted: " INT64_FORMAT "; about %.0f s remaining",
					pass->done, left, failed, left * seconds / pass->done)));
}

void
apikey_reencrypt_progress_result(const ApikeyReencryption *pass)
{
	ereport(NOTICE,
			(errmsg("keys re-encrypted: " INT64_FORMAT ", not decrypted: " INT64_FORMAT,
					pass->done, pass->failed),
			 pass->failed > 0 ?
			 errhint("apikey.verify_keys() reports why; apikey.update_key() stores a new value.") : 0));
}
