/*-------------------------------------------------------------------------
 *
 * retire_data_key.c
 *		retire_data_key: destroy a data key that is no longer needed.
 *
 * A session that stores a value locks api_keys ROW EXCLUSIVE before it chooses
 * the data key.  We wait for all holders of that lock, without taking a lock
 * ourselves, which would block others; a count with a snapshot taken after that
 * misses no row.  A first count before the wait rejects a key in use at once.
 * The order of all locks: doc/design.md, "Locks".
 *
 * This requires that the transaction that deactivated the data key has ended,
 * and that it held the same lock, as rotate_data_key() does.  An administrator
 * who modifies data_keys by hand must make sure that no keys are stored
 * meanwhile.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "audit/audit.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "keys/data_key.h"
#include "validate/arguments.h"

PG_FUNCTION_INFO_V1(apikey_retire_data_key);

#define ID_HINT	"The view apikey.key_status lists the data keys."

static ApikeyStatement select_one = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT purpose, deactivated_at IS NULL, destroyed_at IS NOT NULL,"
	" xmin"
	" FROM apikey.data_keys WHERE id OPERATOR(pg_catalog.=) $1",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 1,
	.arg_types = {UUIDOID}
};

static ApikeyStatement count_rows = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT pg_catalog.count(*) FROM apikey.api_keys"
	" WHERE apikey.data_key_id(encrypted_value) OPERATOR(pg_catalog.=) $1",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.across_users = true,
	.arg_count = 1,
	.arg_types = {UUIDOID}
};

static ApikeyStatement destroy = {
	.role = APIKEY_AS_OWNER,
	.sql = "UPDATE apikey.data_keys SET wrapped_key = NULL,"
	" destroyed_at = pg_catalog.clock_timestamp()"
	" WHERE id OPERATOR(pg_catalog.=) $1",
	.arg_count = 1,
	.arg_types = {UUIDOID}
};

/* What data_keys says about a data key. */
typedef struct DataKeyRow
{
	char	   *id;				/* as text */
	bool		is_column_key;
	bool		active;
	bool		destroyed;
	bool		is_own_change;	/* written by this transaction */
} DataKeyRow;

/* Read the row of a data key; 22023 if there is none. */
static void
read_row(const Datum *id, DataKeyRow *row)
{
	ApikeyRows	rows;
	bool		is_null;		/* never */

	if (apikey_statement_run(&select_one, NULL, id, NULL, &rows) == 0)
		apikey_refuse_argument("id", "data key does not exist", NULL, ID_HINT);
	row->id = DatumGetCString(DirectFunctionCall1(uuid_out, *id));
	row->is_column_key = strcmp(TextDatumGetCString(apikey_rows_get(&rows, 0, 1, &is_null)),
								APIKEY_PURPOSE_COLUMN) == 0;
	row->active = DatumGetBool(apikey_rows_get(&rows, 0, 2, &is_null));
	row->destroyed = DatumGetBool(apikey_rows_get(&rows, 0, 3, &is_null));
	row->is_own_change =
		TransactionIdIsCurrentTransactionId(DatumGetTransactionId(apikey_rows_get(&rows, 0, 4,
																				  &is_null)));
}

/* 55000 for a key that must not be destroyed, even if no row uses it. */
static void
require_inactive(const Datum *id, bool force)
{
	DataKeyRow	row;

	read_row(id, &row);
	if (row.destroyed)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("data key %s has already been destroyed", row.id),
				 apikey_err_argument("id")));
	if (row.active)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("data key %s is active", row.id),
				 errhint("Call apikey.rotate_data_key() first, then CALL apikey.reencrypt_keys()."),
				 apikey_err_argument("id")));
	/* Other sessions do not see our change yet, and still use the data key. */
	if (row.is_own_change)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("data key %s was changed in this transaction", row.id),
				 errdetail("Other sessions may still be encrypting values with it."),
				 errhint("Commit first, and retire it in a separate transaction."),
				 apikey_err_argument("id")));
	if (row.is_column_key && !force)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("data key %s encrypts values in other tables", row.id),
				 errdetail("Whether any values are still encrypted with it cannot be checked; they would be lost."),
				 errhint("When every such value has been re-encrypted, pass force => true."),
				 apikey_err_argument("id")));
}

/* 55000 if a row is encrypted with the key. */
static void
require_unused(const Datum *id)
{
	ApikeyRows	rows;
	bool		is_null;
	int64		count;

	apikey_statement_run_by_index(&count_rows, id, &rows);
	count = DatumGetInt64(apikey_rows_get(&rows, 0, 1, &is_null));
	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("data key %s is still needed",
						DatumGetCString(DirectFunctionCall1(uuid_out, *id))),
				 errdetail("API keys encrypted with it: " INT64_FORMAT ".", count),
				 errhint("CALL apikey.reencrypt_keys() first.  Keys that it cannot decrypt are listed by apikey.verify_keys(); replace or purge them."),
				 apikey_err_argument("id")));
}

/*
 * Wait for all sessions that may have chosen the data key while it was active.
 * A rotation becomes visible shortly before its invalidation message is sent,
 * and a session that locks api_keys in between may still choose the old data
 * key.  The rotation holds its lock until the message has been sent: the first
 * wait is for the rotation, the second for sessions that locked before its end.
 */
static void
wait_for_writers(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, apikey_table_oid("api_keys"));
	WaitForLockers(tag, ShareLock, false);
	WaitForLockers(tag, ShareLock, false);
}

/*
 * apikey.retire_data_key(id, force) -> uuid
 */
static Datum
retire_data_key(PG_FUNCTION_ARGS)
{
	bool		force = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	Datum		args[1];

	apikey_refuse_restricted();
	apikey_refuse_read_only("a change of data keys");
	apikey_arg_require(fcinfo, 0, "id", "data key id", ID_HINT);
	args[0] = PG_GETARG_DATUM(0);
	apikey_event_object_id(DatumGetUUIDP(args[0]));
	require_inactive(args, force);
	require_unused(args);
	wait_for_writers();
	LockRelationOid(apikey_table_oid("data_keys"), ShareRowExclusiveLock);
	require_inactive(args, force);
	require_unused(args);
	if (apikey_statement_run(&destroy, NULL, args, NULL, NULL) != 1)
		apikey_raise_old_snapshot();
	PG_RETURN_DATUM(args[0]);
}

Datum
apikey_retire_data_key(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_RETIRE, retire_data_key, fcinfo);
}
