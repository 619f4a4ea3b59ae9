/*-------------------------------------------------------------------------
 *
 * key_reencrypt.c
 *		Re-encrypt stored values with the newest active data key; see
 *		key_reencrypt.h.
 *
 * The rows themselves record what has been done, by the data key that each
 * one names, so an interruption costs one batch at most.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "exec/precondition.h"
#include "exec/statement.h"
#include "keys/data_key.h"
#include "store/key_reencrypt.h"

/* The first data key after $1 that has rows. */
static ApikeyStatement next_data_key = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT apikey.data_key_id(encrypted_value) FROM apikey.api_keys"
	" WHERE apikey.data_key_id(encrypted_value) OPERATOR(pg_catalog.>) $1"
	" ORDER BY 1 LIMIT 1",
	.across_users = true,
	.arg_count = 1,
	.arg_types = {UUIDOID}
};

static ApikeyStatement count_rows_left = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT (SELECT pg_catalog.count(*) FROM apikey.api_keys"
	" WHERE apikey.data_key_id(encrypted_value) OPERATOR(pg_catalog.<) $1)"
	" OPERATOR(pg_catalog.+) (SELECT pg_catalog.count(*) FROM apikey.api_keys"
	" WHERE apikey.data_key_id(encrypted_value) OPERATOR(pg_catalog.>) $1)",
	.across_users = true,
	.arg_count = 1,
	.arg_types = {UUIDOID}
};

/* Before the first row of the data key. */
static void
go_to_first_row(ApikeyReencryption *pass)
{
	pass->user_id[0] = '\0';
	memset(&pass->id, 0, sizeof(pg_uuid_t));
}

/*
 * Go to the next data key that has rows to re-encrypt; false, and the pass stays where
 * it is, if there is none.
 */
static bool
go_to_next_data_key(ApikeyReencryption *pass)
{
	pg_uuid_t	next = pass->data_key;
	ApikeyRows	rows;
	bool		is_null;

	do
	{
		Datum		arg = UUIDPGetDatum(&next);

		if (apikey_statement_run_by_index(&next_data_key, &arg, &rows) == 0)
			return false;
		next = *DatumGetUUIDP(apikey_rows_get(&rows, 0, 1, &is_null));
	} while (memcmp(&next, &pass->target, sizeof(pg_uuid_t)) == 0);
	pass->data_key = next;
	go_to_first_row(pass);
	return true;
}

/* The newest active data key; false if there is none. */
static bool
choose_target(pg_uuid_t *target)
{
	const ApikeyDataKey *active = apikey_data_key_active(APIKEY_PURPOSE_VALUE);

	if (active != NULL)
		memcpy(target->data, active->id, APIKEY_DATA_KEY_ID_SIZE);
	return active != NULL;
}

bool
apikey_key_reencrypt_begin(ApikeyReencryption *pass)
{
	memset(&pass->data_key, 0, sizeof(pg_uuid_t));
	go_to_first_row(pass);
	pass->failed = 0;
	return choose_target(&pass->target);
}

bool
apikey_key_reencrypt_batch(ApikeyReencryption *pass, int batch_size)
{
	pg_uuid_t	target;

	/* Before the data key is chosen: retire_data_key() waits for this lock. */
	apikey_lock_for_write();
	/* If there is a newer target, rows of the last one must move as well. */
	pass->outdated = !choose_target(&target) ||
		memcmp(&target, &pass->target, sizeof(pg_uuid_t)) != 0;
	if (pass->outdated)
		return false;
	for (int left = batch_size; left > 0;)
	{
		int			visited = apikey_key_reencrypt_rows(pass, left);

		if (visited == 0 && !go_to_next_data_key(pass))
			return left < batch_size;
		left -= visited;
	}
	return true;
}

int64
apikey_key_reencrypt_left(const ApikeyReencryption *pass)
{
	Datum		args[1];
	ApikeyRows	rows;
	bool		is_null;

	args[0] = UUIDPGetDatum(&pass->target);
	apikey_statement_run_by_index(&count_rows_left, args, &rows);
	return DatumGetInt64(apikey_rows_get(&rows, 0, 1, &is_null));
}
