/*-------------------------------------------------------------------------
 *
 * key_reencrypt_rows.c
 *		Re-encrypt the rows of a batch; see key_reencrypt_rows.h.
 *
 * A row is locked before its value is read, and one that is already locked is skipped:
 * other transactions wait for one batch at most, and this one never waits for them.
 *
 * In an ordinary table, one statement locks the rows and another one writes them: not
 * too many at once, as values may be long.  If the table may be distributed, rows are
 * locked and written one by one, by their user and id, so that each statement concerns
 * only the server that has the row.
 *
 * A decrypted value exists only between two calls in reseal(), the second of which
 * wipes it, also on error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/counter.h"
#include "base/errors.h"
#include "exec/frame.h"
#include "exec/plain_table.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "keys/master_key.h"
#include "store/key_reencrypt_rows.h"
#include "store/key_value.h"

/* The columns of a row that is written, and the arguments of the statements that do it. */
enum
{
	WRITTEN_USER_ID,
	WRITTEN_ID,
	WRITTEN_VALUE,
	WRITTEN_FINGERPRINT
};

#define WRITTEN_COLUMNS	(WRITTEN_FINGERPRINT + 1)

/* Together they have at most 1.6 MB of values. */
#define ROWS_AT_ONCE	200

/*
 * The rows of data key $1 that are next.  The condition is a range, so that only the
 * index on (data key, user, id) can provide the order.
 */
#define NEXT_ROWS \
	" FROM apikey.api_keys" \
	" WHERE ROW(apikey.data_key_id(encrypted_value), user_id, id)" \
	" OPERATOR(pg_catalog.>) ROW($1, $2, $3)" \
	" AND apikey.data_key_id(encrypted_value) OPERATOR(pg_catalog.<=) $1" \
	" ORDER BY apikey.data_key_id(encrypted_value), user_id, id" \
	" LIMIT $4"

static ApikeyStatement lock_rows = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT " APIKEY_KEY_ROW_SEALED_COLUMNS NEXT_ROWS " FOR UPDATE SKIP LOCKED",
	.across_users = true,
	.arg_count = 4,
	.arg_types = {UUIDOID, TEXTOID, UUIDOID, INT8OID}
};

/* In the list of a SELECT the arrays are read as they are, and in FROM copied first. */
static ApikeyStatement write_rows = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "UPDATE apikey.api_keys k"
	" SET encrypted_value = n.encrypted_value, fingerprint = n.fingerprint"
	" FROM (SELECT pg_catalog.unnest($1) AS user_id, pg_catalog.unnest($2) AS id,"
	" pg_catalog.unnest($3) AS encrypted_value, pg_catalog.unnest($4) AS fingerprint) n"
	" WHERE k.user_id OPERATOR(pg_catalog.=) n.user_id AND k.id OPERATOR(pg_catalog.=) n.id",
	.arg_count = WRITTEN_COLUMNS,
	.arg_types = {TEXTARRAYOID, UUIDARRAYOID, APIKEY_ENCRYPTED_ARRAY, BYTEAARRAYOID}
};

static ApikeyStatement find_rows = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT user_id, id" NEXT_ROWS,
	.across_users = true,
	.arg_count = 4,
	.arg_types = {UUIDOID, TEXTOID, UUIDOID, INT8OID}
};

/* The row, unless it has got another data key than $3. */
static ApikeyStatement lock_row = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT " APIKEY_KEY_ROW_SEALED_COLUMNS
	" FROM apikey.api_keys" APIKEY_KEY_ROW_WHERE
	" AND apikey.data_key_id(encrypted_value) OPERATOR(pg_catalog.=) $3"
	" FOR UPDATE SKIP LOCKED",
	.arg_count = 3,
	.arg_types = {TEXTOID, UUIDOID, UUIDOID}
};

static ApikeyStatement write_row = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "UPDATE apikey.api_keys SET encrypted_value = $3, fingerprint = $4"
	APIKEY_KEY_ROW_WHERE,
	.arg_count = WRITTEN_COLUMNS,
	.arg_types = {TEXTOID, UUIDOID, APIKEY_ENCRYPTED, BYTEAOID}
};

/*
 * Is the table an ordinary one?  One that Citus has distributed has a trigger (see
 * key_table.c).
 */
static bool
is_ordinary_table(void)
{
	Relation	keys = table_open(apikey_table_oid("api_keys"), AccessShareLock);
	bool		result = apikey_table_is_plain(keys, apikey_maintenance_role());

	result = result && !keys->rd_rel->relhastriggers;
	table_close(keys, NoLock);
	return result;
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
 * Re-encrypt the value of a locked row and return the columns to write.  Returns false,
 * after a warning, if it cannot be decrypted.  Without a master key, no row could be, and
 * an error is raised.
 */
static bool
reseal(ApikeyReencryption *pass, const ApikeyKeyRow *key, Datum *written)
{
	ApikeySealedValue sealed;
	char	   *problem;
	text	   *value;

	(void) apikey_master_keys();
	problem = apikey_key_value_try_open(key, &value);
	if (problem != NULL)
	{
		report_failure(pass, key, problem);
		return false;
	}
	apikey_key_value_reseal(key, key->name, value, &sealed);
	written[WRITTEN_USER_ID] = CStringGetTextDatum(key->user_id);
	written[WRITTEN_ID] = UUIDPGetDatum(&key->id);
	written[WRITTEN_VALUE] = PointerGetDatum(sealed.envelope);
	written[WRITTEN_FINGERPRINT] = PointerGetDatum(sealed.fingerprint);
	return true;
}

static void
count_written(ApikeyReencryption *pass, uint64 count)
{
	pass->done += count;
	apikey_count_add(APIKEY_COUNT_REENCRYPTIONS, count);
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

/* Lock the row at which the pass is, and re-encrypt it, if it still needs that. */
static void
visit_row(ApikeyReencryption *pass)
{
	ApikeyRows	rows;
	ApikeyKeyRow key;
	Datum		args[3];
	Datum		written[WRITTEN_COLUMNS];

	args[0] = CStringGetTextDatum(pass->user_id);
	args[1] = UUIDPGetDatum(&pass->id);
	args[2] = UUIDPGetDatum(&pass->data_key);
	if (apikey_statement_run(&lock_row, NULL, args, NULL, &rows) == 0)
		return;
	apikey_key_row_read_sealed(rows.tuples[0], rows.desc, &key);
	if (reseal(pass, &key, written))
		count_written(pass, apikey_statement_run(&write_row, NULL, written, NULL, NULL));
}

/* The rows that were found, one by one. */
static void
visit_rows(ApikeyReencryption *pass, const ApikeyRows *rows)
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

/* Rows to write, column by column. */
typedef struct WrittenRows
{
	ArrayBuildState *columns[WRITTEN_COLUMNS];
	int			count;
} WrittenRows;

static void
add_row(WrittenRows *rows, const Datum *written, Oid encrypted, MemoryContext context)
{
	const Oid	types[WRITTEN_COLUMNS] = {TEXTOID, UUIDOID, encrypted, BYTEAOID};

	for (int i = 0; i < WRITTEN_COLUMNS; i++)
		rows->columns[i] = accumArrayResult(rows->columns[i], written[i], false, types[i], context);
	rows->count++;
}

static void
write_together(ApikeyReencryption *pass, const WrittenRows *rows)
{
	Datum		args[WRITTEN_COLUMNS];

	if (rows->count == 0)
		return;
	for (int i = 0; i < WRITTEN_COLUMNS; i++)
		args[i] = makeArrayResult(rows->columns[i], CurrentMemoryContext);
	count_written(pass, apikey_statement_run_by_index(&write_rows, args, NULL));
}

/* The rows that were locked, together. */
static void
reseal_rows(ApikeyReencryption *pass, const ApikeyRows *rows)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext per_row = AllocSetContextCreate(outer, "apikey row", ALLOCSET_DEFAULT_SIZES);
	WrittenRows written = {0};

	MemoryContextSwitchTo(per_row);
	for (uint64 i = 0; i < rows->count; i++)
	{
		ApikeyKeyRow key;
		Datum		columns[WRITTEN_COLUMNS];

		CHECK_FOR_INTERRUPTS();
		apikey_key_row_read_sealed(rows->tuples[i], rows->desc, &key);
		go_to_row(pass, key.user_id, &key.id);
		if (reseal(pass, &key, columns))
			add_row(&written, columns, TupleDescAttr(rows->desc, APIKEY_KEY_ENCRYPTED_VALUE)->atttypid, outer);
		MemoryContextReset(per_row);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(per_row);
	write_together(pass, &written);
}

int
apikey_key_reencrypt_rows(ApikeyReencryption *pass, int at_most)
{
	bool		together = is_ordinary_table();
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "apikey rows",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(context);
	ApikeyRows	rows;
	Datum		args[4];
	int			count;

	args[0] = UUIDPGetDatum(&pass->data_key);
	args[1] = CStringGetTextDatum(pass->user_id);
	args[2] = UUIDPGetDatum(&pass->id);
	args[3] = Int64GetDatum(Min(at_most, ROWS_AT_ONCE));
	count = apikey_statement_run_by_index(together ? &lock_rows : &find_rows, args, &rows);
	if (together)
		reseal_rows(pass, &rows);
	else
		visit_rows(pass, &rows);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
	return count;
}
