/*-------------------------------------------------------------------------
 *
 * key_call.c
 *		A call of SQL that concerns one key; see key_call.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/audit.h"
#include "store/key_call.h"

typedef struct KeyCall
{
	ApikeyKeySelect select;
	ApikeyKeyWork work;
} KeyCall;

static Datum
run_key_call(FunctionCallInfo fcinfo, const void *arg)
{
	const KeyCall *call = arg;

	return call->work(fcinfo, call->select(fcinfo));
}

Datum
apikey_key_call(ApikeyAction action, ApikeyKeySelect select, ApikeyKeyWork work,
				FunctionCallInfo fcinfo)
{
	KeyCall		call = {.select = select,.work = work};

	return apikey_audited_work(action, run_key_call, &call, fcinfo);
}
