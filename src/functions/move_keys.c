/*-------------------------------------------------------------------------
 *
 * move_keys.c
 *		move_keys: all keys of a user go to another user, whose account replaces
 *		or absorbs the first one's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "audit/audit.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "store/key_move.h"
#include "store/user_lookup.h"
#include "validate/arguments.h"

PG_FUNCTION_INFO_V1(apikey_move_keys);

/*
 * apikey.move_keys(from_user_id, to_user_id, conflict_suffix) -> bigint
 */
static Datum
move_keys(PG_FUNCTION_ARGS)
{
	ApikeyKeyMove move = {0};
	int64		count;

	apikey_refuse_restricted();
	move.from = apikey_arg_user_id(fcinfo, 0, "from_user_id");
	apikey_event_user(move.from);
	move.to = apikey_arg_user_id(fcinfo, 1, "to_user_id");
	apikey_event_object(move.to);
	if (strcmp(move.from, move.to) == 0)
		apikey_refuse_argument("to_user_id", "keys cannot be moved to the user who has them",
							   NULL, "Pass two different user ids.");
	if (!PG_ARGISNULL(2))
		move.suffix = text_to_cstring(PG_GETARG_TEXT_PP(2));
	apikey_lock_for_write();
	/* Before the keys are read: none is stored that would be left behind. */
	apikey_user_lookup_close(move.from);
	apikey_user_lookup_require(move.to, "to_user_id");
	apikey_key_move_check(&move);
	count = apikey_key_move_all(&move);
	apikey_event_count(count);
	PG_RETURN_INT64(count);
}

Datum
apikey_move_keys(PG_FUNCTION_ARGS)
{
	return apikey_audited(APIKEY_ACTION_MOVE, move_keys, fcinfo);
}
