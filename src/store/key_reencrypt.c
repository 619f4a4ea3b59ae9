/*-------------------------------------------------------------------------
 *
 * key_reencrypt.c
 *		Re-encrypt stored values with the newest active data key; see
 *		key_reencrypt.h.
 *
 * The rows themselves record what has been done, by the data key that each
 * one names, so an interruption costs one batch at most.
 *
 * A batch is a list of rows.  Each of them is locked before its value is read, and a
 * row that is already locked is skipped: other transactions wait for one batch at
 * most, and this one never waits for them.  Rows are locked one by one, by their
 * user and id, so that each lock is taken on the one server that has the row if
 * the table is distributed.  A decrypted value exists only between two calls in
 * reencrypt_row(), the second of which wipes it, also on error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/counter.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "keys/data_key.h"
#include "keys/master_key.h"
#include "store/key_reencrypt.h"
#include "store/key_value.h"

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

/*
 * Which rows of data key $1 are next.  The condition is a range, so that only the
 * index on (data key, user, id) can provide the order.
 */
static ApikeyStatement next_rows = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT user_id, id FROM apikey.api_keys"
	" WHERE ROW(apikey.data_key_id(encrypted_value), user_id, id)"
	" OPERATOR(pg_catalog.>) ROW($1, $2, $3)"
	" AND apikey.data_key_id(encrypted_value) OPERATOR(pg_catalog.<=) $1"
	" ORDER BY apikey.data_key_id(encrypted_value), user_id, id"
	" LIMIT $4",
	.across_users = true,
	.arg_count = 4,
	.arg_types = {UUIDOID, TEXTOID, UUIDOID, INT8OID}
};

/* The row, locked, unless it is locked already, or has got another data key than $3. */
static ApikeyStatement lock_row = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT " APIKEY_KEY_ROW_SEALED_COLUMNS
	" FROM apikey.api_keys" APIKEY_KEY_ROW_WHERE
	" AND apikey.data_key_id(encrypted_value) OPERATOR(pg_catalog.=) $3"
	" FOR UPDATE SKIP LOCKED",
	.arg_count = 3,
	.arg_types = {TEXTOID, UUIDOID, UUIDOID}
};

static ApikeyStatement update_row = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "UPDATE apikey.api_keys SET encrypted_value = $3, fingerprint = $4"
	APIKEY_KEY_ROW_WHERE,
	.arg_count = 4,
	.arg_types = {TEXTOID, UUIDOID, APIKEY_ENCRYPTED, BYTEAOID}
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

/* Go to the next data key that has rows to re-encrypt; false if there is none. */
static bool
go_to_next_data_key(ApikeyReencryption *pass)
{
	ApikeyRows	rows;
	Datum		args[1];
	bool		is_null;

	do
	{
		args[0] = UUIDPGetDatum(&pass->data_key);
		if (apikey_statement_run_by_index(&next_data_key, args, &rows) == 0)
			return false;
		pass->data_key = *DatumGetUUIDP(apikey_rows_get(&rows, 0, 1, &is_null));
	} while (memcmp(&pass->data_key, &pass->target, sizeof(pg_uuid_t)) == 0);
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

/* Has a warning about the row been sent? */
static bool
is_reported(const ApikeyReencryption *pass, const pg_uuid_t *id)
{
	for (int i = 0; i < pass->reported_count; i++)
		if (memcmp(&pass->reported[i], id, sizeof(pg_uuid_t)) == 0)
			return true;
	return false;
}

static void
report_failure(ApikeyReencryption *pass, const ApikeyKeyRow *key,
			   const char *problem)
{
	pass->failed++;
	if (pass->reported_count == APIKEY_REENCRYPT_MAX_REPORTS ||
		is_reported(pass, &key->id))
		return;
	pass->reported[pass->reported_count++] = key->id;
	ereport(WARNING,
			(errcode(ERRCODE_APIKEY_UNOPENED),
			 errmsg("API key %s of user \"%s\" could not be decrypted and is left unchanged",
					DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&key->id))),
					key->user_id),
			 errdetail("%s", problem),
			 errhidestmt(true), errhidecontext(true)));
	if (pass->reported_count == APIKEY_REENCRYPT_MAX_REPORTS)
		ereport(WARNING,
				(errcode(ERRCODE_APIKEY_UNOPENED),
				 errmsg("further API keys that could not be decrypted are only counted"),
				 errhint("apikey.verify_keys() lists them."),
				 errhidestmt(true), errhidecontext(true)));
}

/*
 * Re-encrypt a locked row, or report why not.  Without a master key, no row
 * could be decrypted, and an error is raised.
 */
static void
reencrypt_row(ApikeyReencryption *pass, const ApikeyKeyRow *key)
{
	ApikeySealedValue sealed;
	Datum		args[4];
	char	   *problem;
	text	   *value;

	(void) apikey_master_keys();
	problem = apikey_key_value_try_open(key, &value);
	if (problem != NULL)
	{
		report_failure(pass, key, problem);
		return;
	}
	apikey_key_value_reseal(key, key->name, value, &sealed);
	args[0] = CStringGetTextDatum(key->user_id);
	args[1] = UUIDPGetDatum(&key->id);
	args[2] = PointerGetDatum(sealed.envelope);
	args[3] = PointerGetDatum(sealed.fingerprint);
	apikey_statement_run(&update_row, NULL, args, NULL, NULL);
	pass->done++;
	apikey_count(APIKEY_COUNT_REENCRYPTIONS);
}

static uint64
fetch_rows(const ApikeyReencryption *pass, int batch_size, ApikeyRows *rows)
{
	Datum		args[4];

	args[0] = UUIDPGetDatum(&pass->data_key);
	args[1] = CStringGetTextDatum(pass->user_id);
	args[2] = UUIDPGetDatum(&pass->id);
	args[3] = Int64GetDatum(batch_size);
	return apikey_statement_run_by_index(&next_rows, args, rows);
}

/* Lock the row at which the pass is, and re-encrypt it, if it still needs that. */
static void
visit_row(ApikeyReencryption *pass)
{
	ApikeyRows	rows;
	ApikeyKeyRow key;
	Datum		args[3];

	args[0] = CStringGetTextDatum(pass->user_id);
	args[1] = UUIDPGetDatum(&pass->id);
	args[2] = UUIDPGetDatum(&pass->data_key);
	if (apikey_statement_run(&lock_row, NULL, args, NULL, &rows) == 0)
		return;
	apikey_key_row_read_sealed(rows.tuples[0], rows.desc, &key);
	reencrypt_row(pass, &key);
}

/*
 * Every id that a function stores fits.  Of a longer one, the row would be fetched
 * again and again.
 */
static void
go_to_row(ApikeyReencryption *pass, const char *user_id, const pg_uuid_t *id)
{
	if (strlcpy(pass->user_id, user_id, APIKEY_REENCRYPT_USER_ID) >= APIKEY_REENCRYPT_USER_ID)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("user id of an API key has more than %d characters", APIKEY_USER_ID_MAX),
				 errdetail("The API key is %s.  A superuser has written its row in apikey.api_keys, and must correct it.",
						   DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)))),
				 apikey_err_hide_statement()));
	pass->id = *id;
}

/* The rows of a batch; what each needs is freed after it. */
static void
reencrypt_rows(ApikeyReencryption *pass, const ApikeyRows *rows)
{
	MemoryContext per_row = AllocSetContextCreate(CurrentMemoryContext, "apikey row",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(per_row);

	for (uint64 i = 0; i < rows->count; i++)
	{
		bool		is_null;	/* never */

		CHECK_FOR_INTERRUPTS();
		go_to_row(pass, TextDatumGetCString(apikey_rows_get(rows, i, 1, &is_null)),
				  DatumGetUUIDP(apikey_rows_get(rows, i, 2, &is_null)));
		visit_row(pass);
		MemoryContextReset(per_row);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(per_row);
}

bool
apikey_key_reencrypt_batch(ApikeyReencryption *pass, int batch_size)
{
	ApikeyRows	rows;
	pg_uuid_t	target;

	/* Before the data key is chosen: retire_data_key() waits for this lock. */
	apikey_lock_for_write();
	/* If there is a newer target, rows of the last one must move as well. */
	pass->outdated = !choose_target(&target) ||
		memcmp(&target, &pass->target, sizeof(pg_uuid_t)) != 0;
	if (pass->outdated)
		return false;
	while (fetch_rows(pass, batch_size, &rows) == 0)
	{
		if (!go_to_next_data_key(pass))
			return false;
	}
	reencrypt_rows(pass, &rows);
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
