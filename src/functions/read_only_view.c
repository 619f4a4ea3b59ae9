/*-------------------------------------------------------------------------
 *
 * read_only_view.c
 *		The triggers of the views of keys, which raise an error that tells what
 *		to call instead.
 *
 * The views would be updatable without them.  Each view has two: INSTEAD OF, for
 * each row, so that it is not updatable, and BEFORE, for each statement, so that
 * a statement that finds no row fails as well.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "utils/rel.h"

#include "base/errors.h"

PG_FUNCTION_INFO_V1(apikey_read_only_view);

/*
 * apikey.read_only_view() -> trigger; its argument is the hint.
 */
Datum
apikey_read_only_view(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function was not called by its trigger"),
				 errhint("Only the extension's own views need it."),
				 apikey_err_hide_statement()));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("view \"%s\" is read-only",
					RelationGetRelationName(trigger->tg_relation)),
			 errhint("%s", trigger->tg_trigger->tgargs[0]),
			 apikey_err_hide_statement()));
}
