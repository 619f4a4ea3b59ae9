/*-------------------------------------------------------------------------
 *
 * reencrypt_keys.c
 *		reencrypt_keys: re-encrypt every stored value with the newest active
 *		data key, in batches, each of which is committed.
 *
 * A procedure that commits cannot be SECURITY DEFINER or have a SET clause.
 * Each of our statements therefore enters and leaves an identity frame of its
 * own, so that the current user at each commit is the caller.
 *
 * Only one run is possible at a time: it holds a session-level lock on the
 * procedure itself, which survives the commits, and which an error or the end
 * of the session releases.  apikey.rotation_progress sees by that lock whether
 * the run is alive.
 *
 * Passes are repeated until the only rows left are those that cannot be
 * decrypted: a row that was locked, or that was stored meanwhile with an older
 * data key, is visited in the next pass.
 * The order of all locks: doc/design.md, "Locks".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_proc.h"
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

#include "audit/audit.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "store/reencrypt_progress.h"
#include "validate/arguments.h"

PG_FUNCTION_INFO_V1(apikey_reencrypt_keys);

#define DEFAULT_BATCH	1000
#define MAX_BATCH		10000
#define MAX_PAUSE_MS	(24 * 60 * 60 * 1000L)

#define MIN_WAIT_MS		100		/* before locked rows are tried again */
#define MAX_WAIT_MS		5000

typedef struct ReencryptRun
{
	ApikeyReencryption pass;
	ApikeyReencryptProgress progress;
	int			batch_size;
	long		pause;			/* milliseconds */
	bool		noticed_locks;	/* the notice about locked rows was sent */
	MemoryContext per_batch;
} ReencryptRun;

/* Raise the error of PostgreSQL's own commands that commit. */
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

/* Lock the procedure for this session, until LockRelease() or an error. */
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
 * A run can take hours, so a reload of the configuration (above all, of the
 * master key) is processed between two batches.
 */
static void
process_reload(void)
{
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

/*
 * Commit.  The next transaction is READ COMMITTED, whatever the session's
 * default is.
 */
static void
commit(void)
{
	SPI_commit();
	process_reload();
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
	process_reload();
}

/* Process one batch, in its own transaction; false when the pass is over. */
static bool
run_batch(ReencryptRun *run)
{
	int64		before = run->pass.done + run->pass.failed;
	bool		more;

	PushActiveSnapshot(GetTransactionSnapshot());
	more = apikey_key_reencrypt_batch(&run->pass, run->batch_size);
	run->progress.left -= Min(run->progress.left, run->pass.done + run->pass.failed - before);
	apikey_reencrypt_progress_update(&run->progress, &run->pass, false);
	PopActiveSnapshot();
	commit();
	return more;
}

/* Count the rows that are left, in its own transaction. */
static int64
count_left(ReencryptRun *run)
{
	int64		count;

	PushActiveSnapshot(GetTransactionSnapshot());
	count = apikey_key_reencrypt_left(&run->pass);
	PopActiveSnapshot();
	commit();
	return count;
}

/* Begin a pass; false if there is no active data key. */
static bool
begin_pass(ReencryptRun *run)
{
	int64		failed = run->pass.failed;
	bool		found;

	PushActiveSnapshot(GetTransactionSnapshot());
	found = apikey_key_reencrypt_begin(&run->pass);
	PopActiveSnapshot();
	run->progress.left = found ? count_left(run) : 0;
	run->progress.known_failed = Min(failed, run->progress.left);
	return found;
}

static void
begin_run(ReencryptRun *run)
{
	PushActiveSnapshot(GetTransactionSnapshot());
	apikey_reencrypt_progress_start(&run->progress, &run->pass);
	PopActiveSnapshot();
	commit();
}

static void
run_pass(ReencryptRun *run)
{
	while (run_batch(run))
	{
		MemoryContextReset(run->per_batch);
		apikey_reencrypt_progress_notice(&run->progress, &run->pass);
		if (run->progress.left > 0)
			nap(run->pause);
	}
	MemoryContextReset(run->per_batch);
}

static void
wait_for_locks(ReencryptRun *run, long ms)
{
	if (!run->noticed_locks)
		ereport(NOTICE,
				(errmsg("waiting for keys that other transactions are changing: " INT64_FORMAT,
						run->progress.left)));
	run->noticed_locks = true;
	nap(ms);
}

/*
 * Run passes until no row is left, or until a pass has visited as many rows as
 * there were when it began and could decrypt none of them.  Other rows that a
 * pass leaves were locked: as long as no progress is made, the wait before the
 * next pass is doubled.
 */
static void
run_passes(ReencryptRun *run)
{
	long		wait = MIN_WAIT_MS;

	while (run->progress.left > 0)
	{
		int64		present = run->progress.left;
		int64		done = run->pass.done;

		run_pass(run);
		run->progress.known_failed = 0;
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
end_run(ReencryptRun *run)
{
	PushActiveSnapshot(GetTransactionSnapshot());
	apikey_reencrypt_progress_update(&run->progress, &run->pass, true);
	PopActiveSnapshot();
	commit();
}

/*
 * apikey.reencrypt_keys(batch_size, pause)
 */
static Datum
reencrypt_keys(PG_FUNCTION_ARGS)
{
	ReencryptRun run = {0};
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
		end_run(&run);
	}
	apikey_reencrypt_progress_result(&run.pass);
	(void) LockRelease(&tag, ShareUpdateExclusiveLock, true);
	commit();
	XactIsoLevel = DefaultXactIsoLevel; /* for the caller's next statement */
	SPI_finish();
	apikey_event_count(run.pass.done);
	return (Datum) 0;
}

Datum
apikey_reencrypt_keys(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_REENCRYPT, reencrypt_keys, fcinfo);
}
