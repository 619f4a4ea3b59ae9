/*-------------------------------------------------------------------------
 *
 * reencrypt_keys.c
 *		reencrypt_keys: move every stored value under the newest active data
 *		key, in batches that commit.
 *
 * A procedure that commits can be neither SECURITY DEFINER nor have a SET
 * clause: each of our statements enters its own identity frame and leaves it,
 * so that the caller's user stands at each commit.
 *
 * One run at a time: a session-level lock on the procedure itself, which an
 * error or the session's end releases, lasts over the commits; it also tells
 * apikey.rotation_progress that the run is alive.
 *
 * Passes are repeated until no row is left but those that do not open: rows
 * that others had locked, or stored meanwhile under an older data key, are
 * met in the next pass.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "store/key_reencrypt.h"

PG_FUNCTION_INFO_V1(apikey_reencrypt_keys);

#define DEFAULT_BATCH	1000
#define MAX_BATCH		10000
#define MAX_PAUSE_MS	(24 * 60 * 60 * 1000L)

#define NOTICE_MS		5000	/* between two notices of progress */
#define MIN_WAIT_MS		100		/* before rows that were locked are tried */
#define MAX_WAIT_MS		5000

typedef struct Run
{
	ApikeyReencryption pass;
	int			batch_size;
	long		pause;			/* milliseconds */
	int64		left;			/* rows not yet met in this pass */
	int64		known_failed;	/* rows that failed in the pass before it */
	TimestampTz started_at;
	TimestampTz noticed_at;
	bool		told_of_locks;
	MemoryContext per_batch;
} Run;

static ApikeyStatement begin_progress = {
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

/* The error that PostgreSQL's own commands of this kind raise. */
static void
require_no_transaction(FunctionCallInfo fcinfo)
{
	CallContext *call = (CallContext *) fcinfo->context;

	if (call != NULL && IsA(call, CallContext) && !call->atomic &&
		!IsSubTransaction())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			 errmsg("%s cannot run inside a transaction block",
					"apikey.reencrypt_keys()"),
			 errdetail("It commits after each batch, which is not possible within a function or an exception block."),
			 errhint("CALL it as a separate statement; in a driver, with autocommit on."),
			 apikey_err_hide_statement()));
}

static int
read_batch_size(FunctionCallInfo fcinfo)
{
	int			size = PG_ARGISNULL(0) ? DEFAULT_BATCH : PG_GETARG_INT32(0);

	if (size < 1 || size > MAX_BATCH)
		apikey_refuse_argument("batch_size",
							   psprintf("batch_size must be between 1 and %d", MAX_BATCH),
							   NULL, NULL);
	return size;
}

/* In milliseconds. */
static long
read_pause(FunctionCallInfo fcinfo)
{
	Interval   *pause;
	double		ms;

	if (PG_ARGISNULL(1))
		return 0;
	pause = PG_GETARG_INTERVAL_P(1);
	ms = ((double) pause->month * DAYS_PER_MONTH + pause->day) * MAX_PAUSE_MS +
		pause->time / 1000.0;
	if (ms < 0 || ms > MAX_PAUSE_MS)
		apikey_refuse_argument("pause", "pause must be between 0 seconds and 1 day",
							   NULL, NULL);
	return (long) ms;
}

/* Lock the procedure for this session, until it is unlocked or an error. */
static void
lock_procedure(Oid procedure, LOCKTAG *tag)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, ProcedureRelationId, procedure, 0);
	if (LockAcquire(tag, ShareUpdateExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("API keys are already being re-encrypted"),
				 errhint("The view apikey.rotation_progress shows the progress."),
				 apikey_err_hide_statement()));
}

/*
 * A run can take hours: a reload of the configuration (the master key's, above
 * all) is taken in between two batches.
 */
static void
take_reload(void)
{
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

/*
 * Commit what was done.  The next transaction reads what is committed,
 * whatever the session's default is.
 */
static void
commit(void)
{
	SPI_commit();
	take_reload();
	CHECK_FOR_INTERRUPTS();
	XactIsoLevel = XACT_READ_COMMITTED;
}

static void
nap(long ms)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);

	while ((ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until)) > 0)
	{
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 ms, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	take_reload();
}

/* For who looks on: rows that failed count as such while they are met again. */
static int64
shown_failed(const Run *run)
{
	return Max(run->pass.failed, run->known_failed);
}

static int64
shown_left(const Run *run)
{
	return Max(run->left - (shown_failed(run) - run->pass.failed), 0);
}

static void
write_progress(const Run *run, bool ended)
{
	Datum		args[5];

	args[0] = UUIDPGetDatum(&run->pass.target);
	args[1] = Int64GetDatum(run->pass.done);
	args[2] = Int64GetDatum(shown_failed(run));
	args[3] = Int64GetDatum(shown_left(run));
	args[4] = BoolGetDatum(ended);
	apikey_statement_run(&update_progress, NULL, args, NULL, NULL);
}

static void
tell_progress(Run *run)
{
	TimestampTz now = GetCurrentTimestamp();
	double		seconds = (now - run->started_at) / 1000000.0;

	if (shown_left(run) == 0 || run->pass.done == 0 ||
		!TimestampDifferenceExceeds(run->noticed_at, now, NOTICE_MS))
		return;
	run->noticed_at = now;
	ereport(NOTICE,
			(errmsg("keys re-encrypted: " INT64_FORMAT ", left: " INT64_FORMAT
					", not decrypted: " INT64_FORMAT "; about %.0f s remaining",
					run->pass.done, shown_left(run), shown_failed(run),
					shown_left(run) * seconds / run->pass.done)));
}

/* One batch in a transaction of its own; false when the pass is over. */
static bool
run_batch(Run *run)
{
	int64		before = run->pass.done + run->pass.failed;
	bool		more;

	PushActiveSnapshot(GetTransactionSnapshot());
	more = apikey_key_reencrypt_batch(&run->pass, run->batch_size);
	run->left -= Min(run->left, run->pass.done + run->pass.failed - before);
	write_progress(run, false);
	PopActiveSnapshot();
	commit();
	return more;
}

/* Count the rows that are left, in a transaction of its own. */
static int64
count_left(Run *run)
{
	int64		count;

	PushActiveSnapshot(GetTransactionSnapshot());
	count = apikey_key_reencrypt_left(&run->pass);
	PopActiveSnapshot();
	commit();
	return count;
}

/* Begin a pass; false when there is nothing to move rows to. */
static bool
begin_pass(Run *run)
{
	int64		failed = run->pass.failed;
	bool		found;

	PushActiveSnapshot(GetTransactionSnapshot());
	found = apikey_key_reencrypt_begin(&run->pass);
	PopActiveSnapshot();
	run->left = found ? count_left(run) : 0;
	run->known_failed = Min(failed, run->left);
	return found;
}

static void
begin_run(Run *run)
{
	Datum		args[3];

	args[0] = Int32GetDatum(MyProcPid);
	args[1] = UUIDPGetDatum(&run->pass.target);
	args[2] = Int64GetDatum(run->left);
	PushActiveSnapshot(GetTransactionSnapshot());
	apikey_statement_run(&begin_progress, NULL, args, NULL, NULL);
	PopActiveSnapshot();
	commit();
	run->started_at = run->noticed_at = GetCurrentTimestamp();
}

static void
run_pass(Run *run)
{
	while (run_batch(run))
	{
		MemoryContextReset(run->per_batch);
		tell_progress(run);
		if (run->left > 0)
			nap(run->pause);
	}
	MemoryContextReset(run->per_batch);
}

static void
wait_for_locks(Run *run, long ms)
{
	if (!run->told_of_locks)
		ereport(NOTICE,
				(errmsg("waiting for keys that other transactions are changing: " INT64_FORMAT,
						run->left)));
	run->told_of_locks = true;
	nap(ms);
}

/*
 * Pass after pass, until one meets every row that there was when it began,
 * and none opens.  Rows that a pass leaves are locked: the longer nothing
 * comes of it, the longer the wait before the next pass.
 */
static void
run_passes(Run *run)
{
	long		wait = MIN_WAIT_MS;

	while (run->left > 0)
	{
		int64		present = run->left;
		int64		done = run->pass.done;

		run_pass(run);
		run->known_failed = 0;
		if (run->pass.failed == present && !run->pass.outdated)
			return;
		if (run->pass.done > done || run->pass.outdated)
			wait = MIN_WAIT_MS;
		else
		{
			wait_for_locks(run, wait);
			wait = Min(2 * wait, MAX_WAIT_MS);
		}
		(void) begin_pass(run);
	}
}

static void
finish(Run *run)
{
	PushActiveSnapshot(GetTransactionSnapshot());
	write_progress(run, true);
	PopActiveSnapshot();
	commit();
}

static void
tell_result(const Run *run)
{
	ereport(NOTICE,
			(errmsg("keys re-encrypted: " INT64_FORMAT ", not decrypted: " INT64_FORMAT,
					run->pass.done, run->pass.failed),
			 run->pass.failed > 0 ?
			 errhint("apikey.verify_keys() reports why; apikey.update_key() stores a new value.") : 0));
}

/*
 * apikey.reencrypt_keys(batch_size, pause)
 */
Datum
apikey_reencrypt_keys(PG_FUNCTION_ARGS)
{
	Run			run = {0};
	LOCKTAG		tag;

	apikey_refuse_restricted();
	require_no_transaction(fcinfo);
	apikey_refuse_read_only("a change of API keys");
	run.batch_size = read_batch_size(fcinfo);
	run.pause = read_pause(fcinfo);
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	lock_procedure(fcinfo->flinfo->fn_oid, &tag);
	run.per_batch = AllocSetContextCreate(CurrentMemoryContext, "apikey batch",
										  ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(run.per_batch);
	commit();
	if (begin_pass(&run))
	{
		begin_run(&run);
		run_passes(&run);
		finish(&run);
	}
	tell_result(&run);
	(void) LockRelease(&tag, ShareUpdateExclusiveLock, true);
	commit();
	XactIsoLevel = DefaultXactIsoLevel; /* for what the caller goes on with */
	SPI_finish();
	return (Datum) 0;
}
