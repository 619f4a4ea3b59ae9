/*-------------------------------------------------------------------------
 *
 * user_lookup.c
 *		Look up a user in a linked users table; see user_lookup.h.
 *
 * A user is looked up as a foreign-key check does it: as the owner of the
 * users table, with a FOR KEY SHARE lock that a concurrent DELETE waits for.
 * Row-level security does not apply to that frame, and every operator is
 * pg_catalog's.  However, the planner evaluates constant parts of the table's
 * index expressions, so functions of the table's owner can run in the session
 * that stores a key.  The frame is therefore a security-restricted operation, in
 * which neither our functions nor deferred triggers work, and after which
 * settings are restored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/errors.h"
#include "exec/frame.h"
#include "store/user_lookup.h"
#include "store/users_table.h"

/* The plan that looks up users of a link, in the link's memory context. */
typedef struct ApikeyUserPlan
{
	SPIPlanPtr	plan;			/* NULL: not prepared */
	char	   *sql;			/* the text of plan */
	MemoryContextCallback on_reset;
} ApikeyUserPlan;

/* The statement that looks a user up; $1 is the id as text. */
static char *
make_sql(const ApikeyUserLink *link, Relation users, Oid type, bool lock)
{
	char	   *table;
	const char *column = quote_identifier(link->id_column);

	/* ONLY: the children of an inheritance tree have ids of their own. */
	table = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(users)),
									   RelationGetRelationName(users));

	/* Under some collations 'Bob' equals 'bob': hence the second condition. */
	return psprintf("SELECT 1 FROM ONLY %s x"
					" WHERE x.%s OPERATOR(pg_catalog.=) $1::pg_catalog.%s"
					" AND x.%s::pg_catalog.text COLLATE pg_catalog.\"C\""
					" OPERATOR(pg_catalog.=) $1%s",
					table, column, apikey_users_table_id_type_name(type), column,
					lock ? " FOR KEY SHARE OF x" : "");
}

static void
free_plan(void *arg)
{
	ApikeyUserPlan *kept = arg;

	if (kept->plan != NULL)
		SPI_freeplan(kept->plan);
	kept->plan = NULL;
}

/* The link's place for a plan, which is freed with the link. */
static ApikeyUserPlan *
place_of_plan(ApikeyUserLink *link)
{
	MemoryContext context = GetMemoryChunkContext(link);

	if (link->plan == NULL)
	{
		ApikeyUserPlan *kept = MemoryContextAllocZero(context, sizeof(ApikeyUserPlan));

		kept->on_reset.func = free_plan;
		kept->on_reset.arg = kept;
		MemoryContextRegisterResetCallback(context, &kept->on_reset);
		link->plan = kept;
	}
	return link->plan;
}

/*
 * The plan of a statement, kept with the link.  The text is compared each
 * time, since the table, its schema or its column's type may have changed.
 */
static SPIPlanPtr
get_plan(ApikeyUserLink *link, const char *sql)
{
	ApikeyUserPlan *kept = place_of_plan(link);
	Oid			type = TEXTOID;
	SPIPlanPtr	plan;

	if (kept->plan != NULL && strcmp(kept->sql, sql) == 0)
		return kept->plan;
	free_plan(kept);
	kept->sql = MemoryContextStrdup(GetMemoryChunkContext(link), sql);
	plan = SPI_prepare(sql, 1, &type);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare the look-up of a user: %s",
			 SPI_result_code_string(SPI_result));
	kept->plan = plan;
	return plan;
}

/*
 * Run the look-up, in the frame of the table's owner.
 *
 * With a lock, the transaction's own snapshot is right: a user whose deletion
 * it does not see yet gives 40001, as a foreign key would.  Without one (for
 * link_users(), which has locked the table) the newest state counts.
 */
static bool
look_up(ApikeyUserLink *link, const char *sql, const char *id, bool lock)
{
	Datum		arg = CStringGetTextDatum(id);
	Snapshot	snapshot = InvalidSnapshot;
	SPIPlanPtr	plan;
	bool		found;

	SPI_connect();
	plan = get_plan(link, sql);
	if (!lock)
		snapshot = RegisterSnapshot(GetLatestSnapshot());
	if (SPI_execute_snapshot(plan, &arg, NULL, snapshot, InvalidSnapshot,
							 !lock, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look up a user");
	found = SPI_processed > 0;
	if (!lock)
		UnregisterSnapshot(snapshot);
	SPI_finish();
	return found;
}

/*
 * The row-level security of the users table does not count, forced or not: as
 * with a foreign key, what counts is whether the user exists, not who may see
 * the row.
 */
bool
apikey_user_lookup_exists(ApikeyUserLink *link, const char *user_id, bool lock)
{
	const char *id = user_id + link->prefix_len;
	Relation	users = apikey_users_table_open(link);
	ApikeyFrame frame;
	Oid			type;
	char	   *sql;
	bool		found;
	int			guc_level;

	apikey_users_table_id_column(link, users, &type);
	if (!apikey_users_table_id_is_canonical(type, id))
	{
		relation_close(users, NoLock);
		return false;
	}
	sql = make_sql(link, users, type, lock);

	guc_level = NewGUCNestLevel();
	apikey_frame_enter(&frame, users->rd_rel->relowner,
					   SECURITY_NOFORCE_RLS | SECURITY_RESTRICTED_OPERATION,
					   NULL);
	PG_TRY();
	{
		found = look_up(link, sql, id, lock);
	}
	PG_FINALLY();
	{
		apikey_frame_leave(&frame);
		AtEOXact_GUC(false, guc_level);
	}
	PG_END_TRY();

	relation_close(users, NoLock);
	pfree(sql);
	return found;
}

/*
 * The message shows only what the application passed; an id that is not
 * canonical is unknown like any other.
 */
void
apikey_user_lookup_require(const char *user_id)
{
	ApikeyUserLink *link = apikey_user_link_of_user(apikey_user_links(), user_id);

	if (link == NULL || apikey_user_lookup_exists(link, user_id, true))
		return;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("user does not exist in the linked users table"),
			 errdetail("There is no user \"%s\" in table \"%s\".",
					   user_id + link->prefix_len, get_rel_name(link->users)),
			 errhint("Add the user first, or check that the user id is the id's canonical text."),
			 apikey_err_argument("user_id")));
}
