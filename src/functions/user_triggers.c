/*-------------------------------------------------------------------------
 *
 * user_triggers.c
 *		The triggers that apikey.link_users() creates on a users table: the
 *		keys of a deleted user are deleted, the id of a user who has keys
 *		cannot be changed, and the table cannot be truncated while there are
 *		keys.
 *
 * What a trigger does is determined by the table's row in apikey.user_links,
 * never by the trigger: otherwise, anyone allowed to create a trigger could
 * delete any user's keys.  On a table that is not linked, as after a dump
 * without the extension's rows, it lets the statement pass.
 *
 * A user's rows in api_keys are changed as apikey_owner, with that user's
 * identity, as a foreign key action would change them: in the newest committed
 * state.  Under REPEATABLE READ, a DELETE therefore fails with 40001 if there is
 * a key newer than its snapshot, instead of leaving that key behind.
 *
 * Like all functions here, the triggers fail within a security-restricted
 * operation: no maintenance command deletes users, and an index function that
 * runs there must not reach keys.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "audit/audit.h"
#include "base/errors.h"
#include "exec/precondition.h"
#include "exec/statement.h"
#include "store/key_usage_row.h"
#include "store/user_link.h"
#include "store/users_table.h"

PG_FUNCTION_INFO_V1(apikey_users_delete_trigger);
PG_FUNCTION_INFO_V1(apikey_users_update_trigger);
PG_FUNCTION_INFO_V1(apikey_users_truncate_trigger);

/* What kind of trigger: event, row or statement, before or after. */
#define KIND_MASK \
	(TRIGGER_EVENT_OPMASK | TRIGGER_EVENT_ROW | TRIGGER_EVENT_TIMINGMASK)

static ApikeyStatement purge = {
	.role = APIKEY_AS_OWNER,
	.sql = "DELETE FROM apikey.api_keys"
	" WHERE user_id OPERATOR(pg_catalog.=) $1",
	.snapshot = APIKEY_SNAPSHOT_FOREIGN_KEY,
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

static ApikeyStatement soft_delete = {
	.role = APIKEY_AS_OWNER,
	.sql = "UPDATE apikey.api_keys"
	" SET deleted_at = pg_catalog.now(), updated_at = pg_catalog.now()"
	" WHERE user_id OPERATOR(pg_catalog.=) $1 AND deleted_at IS NULL",
	.snapshot = APIKEY_SNAPSHOT_FOREIGN_KEY,
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

static ApikeyStatement count_of_user = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT 1 FROM apikey.api_keys"
	" WHERE user_id OPERATOR(pg_catalog.=) $1",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

/* $2: the longer prefixes, whose user ids belong to other links than $1's. */
static ApikeyStatement any_of_prefix = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT 1 FROM apikey.api_keys k"
	" WHERE pg_catalog.starts_with(k.user_id, $1)"
	" AND NOT EXISTS (SELECT FROM pg_catalog.unnest($2) p(prefix)"
	" WHERE pg_catalog.starts_with(k.user_id, p.prefix))"
	" LIMIT 1",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.across_users = true,
	.arg_count = 2,
	.arg_types = {TEXTOID, TEXTARRAYOID}
};

pg_noreturn static void
raise_wrong_trigger(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("function was not called by its trigger"),
			 errhint("apikey.link_users() creates the triggers."),
			 apikey_err_hide_statement()));
}

/*
 * The link of the trigger's table; NULL if it is not linked.  Checks that the
 * trigger is of the kind that link_users() creates, and that the table can
 * still be linked: if it had become a partition, a row that moves to another
 * partition would be deleted from this one although its user still exists.
 */
static ApikeyUserLink *
get_link(FunctionCallInfo fcinfo, TriggerEvent expected, const List **links)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApikeyUserLink *link;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		(trigger->tg_event & KIND_MASK) != expected)
		raise_wrong_trigger();

	*links = apikey_user_links();
	link = apikey_user_link_of_table(*links, RelationGetRelid(trigger->tg_relation));
	if (link == NULL)
		return NULL;
	apikey_refuse_restricted();
	apikey_users_table_require_fit(trigger->tg_relation);
	return link;
}

/*
 * The user id of the old row of a row trigger, and its link.  NULL if the table
 * is not linked, or if the user id belongs to another link, with a longer
 * prefix.
 */
static char *
get_old_user_id(FunctionCallInfo fcinfo, TriggerEvent event, ApikeyUserLink **link)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	const List *links;
	AttrNumber	column;
	char	   *id;
	char	   *user_id;

	*link = get_link(fcinfo, event | TRIGGER_EVENT_ROW, &links);
	if (*link == NULL)
		return NULL;
	column = apikey_users_table_id_column(trigger->tg_trigger);
	if (column <= 0)
		raise_wrong_trigger();
	id = SPI_getvalue(trigger->tg_trigtuple,
					  RelationGetDescr(trigger->tg_relation), column);
	if (id == NULL)
		return NULL;
	user_id = psprintf("%s%s", (*link)->prefix, id);
	return (apikey_user_link_of_user(links, user_id) == *link) ? user_id : NULL;
}

/* A user who was deleted. */
typedef struct DeletedUser
{
	const ApikeyUserLink *link;
	const char *user_id;
} DeletedUser;

static Datum
follow_user(FunctionCallInfo fcinfo, const void *arg)
{
	const DeletedUser *user = arg;
	Datum		user_id = CStringGetTextDatum(user->user_id);
	uint64		count;

	apikey_event_user(user->user_id);
	count = apikey_statement_run(user->link->soft_delete ? &soft_delete : &purge,
								 user->user_id, &user_id, NULL, NULL);
	if (!user->link->soft_delete)
		apikey_key_usage_rows_remove(user->user_id);
	apikey_event_count(count);
	if (count == 0)
		apikey_event_omit();
	return PointerGetDatum(NULL);
}

/*
 * apikey.users_delete_trigger(): AFTER DELETE FOR EACH ROW.
 */
Datum
apikey_users_delete_trigger(PG_FUNCTION_ARGS)
{
	ApikeyUserLink *link;
	DeletedUser user;

	user.user_id = get_old_user_id(fcinfo, TRIGGER_EVENT_DELETE, &link);
	if (user.user_id == NULL)
		return PointerGetDatum(NULL);
	user.link = link;
	return apikey_audited_work(link->soft_delete ? APIKEY_ACTION_DELETE : APIKEY_ACTION_PURGE,
							   follow_user, &user, fcinfo);
}

/*
 * apikey.users_update_trigger(): AFTER UPDATE FOR EACH ROW, when the id has
 * changed.
 */
Datum
apikey_users_update_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ApikeyUserLink *link;
	char	   *user_id = get_old_user_id(fcinfo, TRIGGER_EVENT_UPDATE, &link);
	Datum		arg;
	uint64		count;

	if (user_id == NULL)
		return PointerGetDatum(NULL);
	arg = CStringGetTextDatum(user_id);
	count = apikey_statement_run(&count_of_user, NULL, &arg, NULL, NULL);
	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("cannot change the id of a user who has API keys"),
				 errdetail_plural("User \"%s\" has " UINT64_FORMAT " key, deleted ones included.",
								  "User \"%s\" has " UINT64_FORMAT " keys, deleted ones included.",
								  count, user_id, count),
				 errhint("Insert a row with the new id, move the keys with apikey.move_keys(), and delete this row, all in one transaction."),
				 apikey_err_argument(SPI_fname(RelationGetDescr(trigger->tg_relation),
											   apikey_users_table_id_column(trigger->tg_trigger)))));
	return PointerGetDatum(NULL);
}

/* The prefixes of other links that begin with this link's, as text[]. */
static Datum
get_longer_prefixes(const List *links, const ApikeyUserLink *link)
{
	List	   *longer = apikey_user_links_below(links, link);
	Datum	   *prefixes = palloc((list_length(longer) + 1) * sizeof(Datum));
	int			count = 0;
	ListCell   *cell;

	foreach(cell, longer)
	{
		ApikeyUserLink *other = (ApikeyUserLink *) lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		prefixes[count++] = CStringGetTextDatum(other->prefix);
	}
	return PointerGetDatum(construct_array(prefixes, count, TEXTOID, -1,
										   false, TYPALIGN_INT));
}

/*
 * apikey.users_truncate_trigger(): BEFORE TRUNCATE FOR EACH STATEMENT.
 */
Datum
apikey_users_truncate_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	const List *links;
	ApikeyUserLink *link = get_link(fcinfo,
									TRIGGER_EVENT_TRUNCATE | TRIGGER_EVENT_BEFORE,
									&links);
	Datum		args[2];

	if (link == NULL)
		return PointerGetDatum(NULL);
	args[0] = CStringGetTextDatum(link->prefix);
	args[1] = get_longer_prefixes(links, link);
	if (apikey_statement_run(&any_of_prefix, NULL, args, NULL, NULL) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("cannot truncate table \"%s\", whose users have API keys",
						RelationGetRelationName(trigger->tg_relation)),
				 errdetail("Keys that are deleted and not purged count too."),
				 errhint("Delete the users with DELETE, or end the link with apikey.unlink_users()."),
				 apikey_err_hide_statement()));
	return PointerGetDatum(NULL);
}
