/*-------------------------------------------------------------------------
 *
 * attempt.c
 *		Work that may fail without the caller's work failing; see attempt.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "exec/attempt.h"

/* Log the error, but for a cancelled query, which is raised again. */
static void
report_failed_attempt(ErrorData *error, const char *failure)
{
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("%s: %s", failure, error->message),
			 errhidestmt(true), errhidecontext(true)));
	FreeErrorData(error);
}

bool
apikey_attempt(void (*work) (void *arg), void *arg, const char *failure)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;	/* set within PG_CATCH */

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		work(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL)
		report_failed_attempt(error, failure);
	return error == NULL;
}
