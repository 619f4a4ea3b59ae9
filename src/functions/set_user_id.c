/*-------------------------------------------------------------------------
 *
 * set_user_id.c
 *		set_user_id and current_user_id: the caller's identity.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "exec/identity.h"

PG_FUNCTION_INFO_V1(apikey_current_user_id);
PG_FUNCTION_INFO_V1(apikey_set_user_id);
PG_FUNCTION_INFO_V1(apikey_set_user_id_bigint);
PG_FUNCTION_INFO_V1(apikey_set_user_id_uuid);

/*
 * apikey.current_user_id() -> text
 */
Datum
apikey_current_user_id(PG_FUNCTION_ARGS)
{
	char	   *identity = apikey_identity();

	if (identity == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(identity));
}

/* output is the output function of the argument's type. */
static Datum
set_user_id(FunctionCallInfo fcinfo, PGFunction output)
{
	char	   *user_id;

	if (PG_ARGISNULL(0))
		user_id = "";
	else
		user_id = DatumGetCString(DirectFunctionCall1(output, PG_GETARG_DATUM(0)));
	apikey_identity_set(fcinfo, user_id);
	PG_RETURN_TEXT_P(cstring_to_text(user_id));
}

/*
 * apikey.set_user_id(text), (bigint), (uuid) -> text
 */
Datum
apikey_set_user_id(PG_FUNCTION_ARGS)
{
	return set_user_id(fcinfo, textout);
}

Datum
apikey_set_user_id_bigint(PG_FUNCTION_ARGS)
{
	return set_user_id(fcinfo, int8out);
}

Datum
apikey_set_user_id_uuid(PG_FUNCTION_ARGS)
{
	return set_user_id(fcinfo, uuid_out);
}
