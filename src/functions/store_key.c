/*-------------------------------------------------------------------------
 *
 * store_key.c
 *		store_key: set_key as a procedure.
 *
 * The arguments of CALL are evaluated when it is executed.  No plan contains them,
 * so that with bound parameters there is nothing that auto_explain or the dump of a
 * plan could show, whether the library is preloaded or not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/uuid.h"

#include "functions/key_functions.h"

/* Of the procedure: those before the id; and of set_key(). */
#define GIVEN_ARGS		3
#define SET_KEY_ARGS	8

PG_FUNCTION_INFO_V1(apikey_store_key);

/* The row of output arguments, which is the id. */
static Datum
make_output(FunctionCallInfo fcinfo, Datum id)
{
	TupleDesc	columns;
	bool		is_null = false;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "store_key was not called as a procedure");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), &id, &is_null));
}

/*
 * apikey.store_key(name, key_type, value, INOUT id)
 */
Datum
apikey_store_key(PG_FUNCTION_ARGS)
{
	LOCAL_FCINFO(set_key, SET_KEY_ARGS);

	InitFunctionCallInfoData(*set_key, fcinfo->flinfo, SET_KEY_ARGS, InvalidOid, NULL, NULL);
	for (int i = 0; i < SET_KEY_ARGS; i++)
	{
		set_key->args[i].value = i < GIVEN_ARGS ? fcinfo->args[i].value : (Datum) 0;
		set_key->args[i].isnull = i < GIVEN_ARGS ? fcinfo->args[i].isnull : true;
	}
	return make_output(fcinfo, apikey_set_key(set_key));
}
