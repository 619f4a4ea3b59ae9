/*-------------------------------------------------------------------------
 *
 * key_move.c
 *		Move all keys of a user to another user; see key_move.h.
 *
 * The user id is part of each value's context, so each value is decrypted, and
 * encrypted again for its new row.  It exists only between two calls in
 * reseal_for(), the second of which wipes it, also on error.
 *
 * A row is deleted as the one user and inserted as the other, each with that
 * user's identity: row-level security binds both statements, and the user id of
 * a row is never updated, which a table distributed by it does not permit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "exec/statement.h"
#include "store/key_move.h"
#include "store/key_usage_row.h"
#include "store/key_value.h"

#define EMPTY_BATCHES_MAX	10

#define MOVED_COLUMNS \
	APIKEY_KEY_ROW_SEALED_COLUMNS ", hint, fingerprint, env_var, metadata," \
	" created_at, updated_at, expires_at, disabled_at, disabled_reason, deleted_at"
#define MOVED_COUNT	15

/* The columns that change, and the one that decides whether a name counts. */
enum
{
	MOVED_USER_ID = 0,
	MOVED_NAME = 2,
	MOVED_VALUE = 4,
	MOVED_FINGERPRINT = 6,
	MOVED_DELETED_AT = 14
};

static ApikeyStatement select_left_behind = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT FROM apikey.api_keys"
	" WHERE user_id OPERATOR(pg_catalog.=) $1 LIMIT 1",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

/* The next rows; as they are deleted, these are always the first. */
static ApikeyStatement take_rows = {
	.sql = "DELETE FROM apikey.api_keys"
	" WHERE user_id OPERATOR(pg_catalog.=) $1 AND id OPERATOR(pg_catalog.=) ANY"
	" (ARRAY(SELECT id FROM apikey.api_keys"
	" WHERE user_id OPERATOR(pg_catalog.=) $1 ORDER BY id LIMIT 100))"
	" RETURNING " MOVED_COLUMNS,
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

static ApikeyStatement put_row = {
	.sql = "INSERT INTO apikey.api_keys (" MOVED_COLUMNS ")"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
	" ON CONFLICT DO NOTHING",
	.arg_count = MOVED_COUNT,
	.arg_types = {TEXTOID, UUIDOID, TEXTOID, TEXTOID, APIKEY_ENCRYPTED, TEXTOID,
		BYTEAOID, TEXTOID, JSONBOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
	TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TIMESTAMPTZOID}
};

/*
 * Encrypt a value again for its new row.  False, with a warning, if it can never
 * be decrypted.  Without the master key that it needs, nothing is known of it,
 * and an error is raised.
 */
static bool
reseal_for(const ApikeyKeyMove *move, const ApikeyKeyRow *key, const char *name,
		   ApikeySealedValue *sealed)
{
	ApikeyKeyRow moved = *key;
	const char *problem;
	text	   *value;

	moved.user_id = move->to;
	apikey_key_value_require_master(key);
	problem = apikey_key_value_try_open(key, &value);
	if (problem == NULL)
	{
		apikey_key_value_reseal(&moved, name, value, sealed);
		return true;
	}
	ereport(WARNING,
			(errcode(ERRCODE_APIKEY_UNOPENED),
			 errmsg("value of API key \"%s\" could not be decrypted and is moved as it is",
					key->name),
			 errdetail("%s", problem),
			 errhint("Its user can store a new value with apikey.update_key().")));
	return false;
}

static void
move_row(const ApikeyKeyMove *move, HeapTuple tuple, TupleDesc desc)
{
	ApikeySealedValue sealed;
	bool		nulls[MOVED_COUNT];
	Datum		values[MOVED_COUNT];
	ApikeyKeyRow key;
	const char *name;

	heap_deform_tuple(tuple, desc, values, nulls);
	apikey_key_row_read_sealed(tuple, desc, &key);
	name = nulls[MOVED_DELETED_AT] ? apikey_key_move_name(move, key.name) : key.name;
	if (reseal_for(move, &key, name, &sealed))
	{
		values[MOVED_VALUE] = PointerGetDatum(sealed.envelope);
		values[MOVED_FINGERPRINT] = PointerGetDatum(sealed.fingerprint);
	}
	values[MOVED_USER_ID] = CStringGetTextDatum(move->to);
	values[MOVED_NAME] = CStringGetTextDatum(name);
	if (apikey_statement_run(&put_row, move->to, values, nulls, NULL) != 1)
		apikey_raise_old_snapshot();	/* a new name or id since the check */
}

/* The rows of a batch; what each needs is freed after it. */
static void
move_rows(const ApikeyKeyMove *move, const ApikeyRows *rows)
{
	MemoryContext per_row = AllocSetContextCreate(CurrentMemoryContext, "apikey row",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(per_row);

	for (uint64 i = 0; i < rows->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		move_row(move, rows->tuples[i], rows->desc);
		MemoryContextReset(per_row);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(per_row);
}

/* Take the next rows of "from", in a memory context for the batch. */
static uint64
move_batch(const ApikeyKeyMove *move)
{
	MemoryContext per_batch = AllocSetContextCreate(CurrentMemoryContext, "apikey batch",
													ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(per_batch);
	Datum		user = CStringGetTextDatum(move->from);
	ApikeyRows	rows;

	apikey_statement_run(&take_rows, move->from, &user, NULL, &rows);
	move_rows(move, &rows);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(per_batch);
	return rows.count;
}

/* Has the user any keys, also such as the transaction's snapshot does not see? */
static bool
has_rows_left(const char *user_id)
{
	Datum		user = CStringGetTextDatum(user_id);

	return apikey_statement_run(&select_left_behind, NULL, &user, NULL, NULL) > 0;
}

/*
 * Under READ COMMITTED, a batch of rows that others have deleted meanwhile is
 * empty although there are more.  Other rows are then tried a few times, since
 * rows that a changed policy hides would be tried forever.
 */
int64
apikey_key_move_all(const ApikeyKeyMove *move)
{
	int64		moved = 0;

	for (int tries = 0; tries < EMPTY_BATCHES_MAX; tries++)
	{
		uint64		count;

		while ((count = move_batch(move)) > 0)
			moved += count;
		if (!has_rows_left(move->from))
		{
			apikey_key_usage_rows_move(move->from, move->to);
			return moved;
		}
		if (IsolationUsesXactSnapshot())
			apikey_raise_old_snapshot();
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("some of the user's API keys cannot be moved"),
			 errhint("If apikey.status() reports that row-level security is not as installed, follow its advice; otherwise try again."),
			 apikey_err_hide_statement()));
}
