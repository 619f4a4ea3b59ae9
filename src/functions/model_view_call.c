/*-------------------------------------------------------------------------
 *
 * model_view_call.c
 *		The calls of the trigger of a model view; see model_view_call.h.
 *
 * PostgreSQL does not check whether a role that writes to a view may execute the
 * view's trigger function, and anyone may create the trigger.  So each call
 * checks the privilege that it would need as a statement of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/acl.h"

#include "compat.h"
#include "functions/key_functions.h"
#include "functions/model_view_call.h"

/* In the order of ApikeyModelCall. */
static const struct
{
	const char *name;			/* of the SQL function */
	int			type_count;
	Oid			types[APIKEY_MODEL_CALL_MAX_ARGS];
	int			arg_count;
	PGFunction	function;
}			functions[] = {
	{"create_key", 7, {TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, JSONBOID, TEXTOID, BOOLOID},
	8, apikey_create_key_with_id},
	{"update_key", 8, {UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, JSONBOID, TEXTOID, TEXTARRAYOID, BOOLOID},
	8, apikey_update_key_by_id},
	{"disable_key", 2, {UUIDOID, TEXTOID},
	2, apikey_disable_key_by_id},
	{"enable_key", 1, {UUIDOID},
	1, apikey_enable_key_by_id},
	{"delete_key", 1, {UUIDOID},
	1, apikey_delete_key_by_id}
};

static void
require_execute(ApikeyModelCall call)
{
	List	   *name = list_make2(makeString("apikey"),
								  makeString(unconstify(char *, functions[call].name)));
	Oid			function = LookupFuncName(name, functions[call].type_count,
										  functions[call].types, false);
	AclResult	result = object_aclcheck(ProcedureRelationId, function, GetUserId(),
										 ACL_EXECUTE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, functions[call].name);
}

Datum
apikey_model_call(ApikeyModelCall call, const Datum *args, const bool *nulls)
{
	LOCAL_FCINFO(fcinfo, APIKEY_MODEL_CALL_MAX_ARGS);
	FmgrInfo	flinfo = {.fn_mcxt = CurrentMemoryContext};

	require_execute(call);
	InitFunctionCallInfoData(*fcinfo, &flinfo, functions[call].arg_count, InvalidOid, NULL, NULL);
	for (int i = 0; i < functions[call].arg_count; i++)
	{
		fcinfo->args[i].value = args[i];
		fcinfo->args[i].isnull = nulls[i];
	}
	return functions[call].function(fcinfo);
}
