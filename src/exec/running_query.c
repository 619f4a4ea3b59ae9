/*-------------------------------------------------------------------------
 *
 * running_query.c
 *		What the queries that are running now have to do with identities; see
 *		running_query.h.
 *
 * A hook keeps a stack of the queries that the executor is running.  Each entry
 * lies on the stack of the hook's call, which removes it in a PG_FINALLY.  If
 * the library is not preloaded, the first query that calls one of its functions
 * loads it before it is run, and so is followed, too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "tcop/pquery.h"
#include "utils/portal.h"

#include "compat.h"
#include "exec/running_query.h"

typedef struct RunningQuery
{
	MemoryContext memory;		/* the query's; functions that it calls itself
								 * have it as their fn_mcxt */
	bool		used_identity;
	bool		is_held;
	struct RunningQuery *outer;
} RunningQuery;

static RunningQuery *running = NULL;
static ExecutorRun_hook_type next_hook = NULL;

/*
 * Is it the query of a cursor WITH HOLD, or of a loop in PL/pgSQL whose rows are
 * kept because the procedure commits?  The latter is only known while the rows
 * are being stored.
 */
static bool
active_portal_is_held(void)
{
	return ActivePortal != NULL &&
		((ActivePortal->cursorOptions & CURSOR_OPT_HOLD) != 0 ||
		 (ActivePortal->strategy == PORTAL_ONE_SELECT &&
		  ActivePortal->holdStore != NULL));
}

static void
follow_query(APIKEY_EXECUTOR_RUN_PARAMETERS)
{
	RunningQuery this = {
		.memory = query->estate->es_query_cxt,
		.is_held = apikey_running_query_is_held() || active_portal_is_held(),
		.outer = running
	};

	running = &this;
	PG_TRY();
	{
		if (next_hook != NULL)
			next_hook(APIKEY_EXECUTOR_RUN_ARGUMENTS);
		else
			standard_ExecutorRun(APIKEY_EXECUTOR_RUN_ARGUMENTS);
	}
	PG_FINALLY();
	{
		running = this.outer;
	}
	PG_END_TRY();
}

void
apikey_running_query_uses_identity(void)
{
	for (RunningQuery *query = running; query != NULL; query = query->outer)
		query->used_identity = true;
}

bool
apikey_running_query_used_identity(FunctionCallInfo fcinfo)
{
	for (RunningQuery *query = running; query != NULL; query = query->outer)
		if (fcinfo->flinfo != NULL && query->memory == fcinfo->flinfo->fn_mcxt)
			return query->used_identity;
	return false;
}

bool
apikey_running_query_is_held(void)
{
	return running != NULL && running->is_held;
}

void
apikey_running_query_init(void)
{
	next_hook = ExecutorRun_hook;
	ExecutorRun_hook = follow_query;
}
