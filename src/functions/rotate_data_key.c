/*-------------------------------------------------------------------------
 *
 * rotate_data_key.c
 *		rotate_data_key: create the data key for values stored from now on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "audit/audit.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "keys/data_key.h"

PG_FUNCTION_INFO_V1(apikey_rotate_data_key);

static ApikeyStatement deactivate_others = {
	.sql = "UPDATE apikey.data_keys"
	" SET deactivated_at = pg_catalog.clock_timestamp()"
	" WHERE purpose OPERATOR(pg_catalog.=) $1 AND id OPERATOR(pg_catalog.<>) $2"
	" AND deactivated_at IS NULL AND destroyed_at IS NULL",
	.arg_count = 2,
	.arg_types = {TEXTOID, UUIDOID}
};

/*
 * apikey.rotate_data_key(purpose) -> uuid
 */
static Datum
rotate_data_key(PG_FUNCTION_ARGS)
{
	const char *purpose = PG_ARGISNULL(0) ? APIKEY_PURPOSE_VALUE :
	text_to_cstring(PG_GETARG_TEXT_PP(0));
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	Datum		args[2];

	apikey_refuse_restricted();
	if (strcmp(purpose, APIKEY_PURPOSE_VALUE) != 0 &&
		strcmp(purpose, APIKEY_PURPOSE_COLUMN) != 0)
		apikey_refuse_argument("purpose", "unrecognized purpose of a data key",
							   NULL, "Use \"value\" for stored API keys, or \"column\" for apikey.encrypt().");
	apikey_lock_for_write();
	apikey_data_key_create(purpose, id);
	apikey_event_object_id(id);
	args[0] = CStringGetTextDatum(purpose);
	args[1] = UUIDPGetDatum(id);
	apikey_statement_run(&deactivate_others, NULL, args, NULL, NULL);
	PG_RETURN_UUID_P(id);
}

Datum
apikey_rotate_data_key(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_ROTATE, rotate_data_key, fcinfo);
}
