/*-------------------------------------------------------------------------
 *
 * user_link.c
 *		Users tables that user ids are tied to: a cache of this backend, and
 *		the look-up of a user.
 *
 * The links lie in one memory context, replaced as a whole.  A change of
 * apikey.linked_users sends a relcache message (its triggers see to that);
 * the message is only counted (table_cache.c), and the next apikey_user_links_load() reads anew.
 * Messages are replayed when a transaction or savepoint rolls back, so what
 * was read of uncommitted links goes with it.  Links are read with the newest
 * snapshot, not the transaction's: a writer under REPEATABLE READ that waited
 * for link_users() must heed the new link.
 *
 * A user is looked up as a foreign key's check does it: as the owner of the
 * users table, with a FOR KEY SHARE lock that a concurrent DELETE waits for.
 * Row-level security does not apply to that frame, and every operator is
 * pg_catalog's.  But the planner evaluates what is constant in the table's
 * index expressions, so functions of the owner's can run there, in the session
 * of whoever stores a key.  Hence the frame is a security-restricted operation,
 * in which no function of ours and no deferred trigger works, and what it sets
 * is undone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <errno.h>

#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/reltrigger.h"
#include "utils/snapmgr.h"

#include "base/errors.h"
#include "exec/frame.h"
#include "exec/table_cache.h"
#include "store/user_link.h"

/* The columns of apikey.linked_users, in order. */
enum
{
	LINKED_USERS = 1,
	LINKED_ID_COLUMN,
	LINKED_ON_DELETE,
	LINKED_PREFIX
};

static MemoryContext links_context = NULL;
static List *links = NIL;		/* of ApikeyUserLink */
static uint64 links_loaded = 0; /* changes that had come when they were read */

/* Forget all links and their plans. */
static void
forget(void)
{
	ListCell   *cell;

	foreach(cell, links)
	{
		ApikeyUserLink *link = (ApikeyUserLink *) lfirst(cell);

		if (link->plan != NULL)
			SPI_freeplan(link->plan);
	}
	links = NIL;
	if (links_context != NULL)
		MemoryContextDelete(links_context);
	links_context = NULL;
}

/* Copy a row of apikey.linked_users into the current memory context. */
static ApikeyUserLink *
make_link(TupleTableSlot *slot)
{
	ApikeyUserLink *link = palloc0(sizeof(ApikeyUserLink));
	bool		is_null;
	char	   *on_delete;

	/* No column can be NULL. */
	link->users = DatumGetObjectId(slot_getattr(slot, LINKED_USERS, &is_null));
	link->id_column =
		pstrdup(NameStr(*DatumGetName(slot_getattr(slot, LINKED_ID_COLUMN,
												   &is_null))));
	on_delete = TextDatumGetCString(slot_getattr(slot, LINKED_ON_DELETE,
												 &is_null));
	link->soft_delete = strcmp(on_delete, "soft_delete") == 0;
	link->prefix = TextDatumGetCString(slot_getattr(slot, LINKED_PREFIX,
													&is_null));
	link->prefix_len = strlen(link->prefix);
	return link;
}

/* All links, in the current memory context. */
static List *
read_links(Relation relation)
{
	List	   *result = NIL;
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	TableScanDesc scan = table_beginscan(relation, snapshot, 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		result = lappend(result, make_link(slot));

	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	return result;
}

/*
 * The usual call compares two counters.  The new links are read into a context
 * of their own and take the old ones' place at the end, so that an error
 * leaves what was there, to be read again by the next call.
 */
void
apikey_user_links_load(void)
{
	MemoryContext context;
	MemoryContext outer;
	Relation	relation;
	List	   *fresh;
	uint64		changes;

	if (links_loaded == apikey_table_changes(APIKEY_LINKED_USERS))
		return;

	relation = table_open(apikey_watch_table(APIKEY_LINKED_USERS), AccessShareLock);

	/* A message that comes while we read makes the next call read again. */
	changes = apikey_table_changes(APIKEY_LINKED_USERS);
	context = AllocSetContextCreate(CurrentMemoryContext, "apikey links",
									ALLOCSET_SMALL_SIZES);
	outer = MemoryContextSwitchTo(context);
	fresh = read_links(relation);
	MemoryContextSwitchTo(outer);
	table_close(relation, AccessShareLock);

	forget();
	MemoryContextSetParent(context, CacheMemoryContext);
	links_context = context;
	links = fresh;
	links_loaded = changes;
}

/* There are few links: each look-up walks through all. */
ApikeyUserLink *
apikey_user_link_of_table(Oid users)
{
	ListCell   *cell;

	foreach(cell, links)
	{
		ApikeyUserLink *link = (ApikeyUserLink *) lfirst(cell);

		if (link->users == users)
			return link;
	}
	return NULL;
}

ApikeyUserLink *
apikey_user_link_of_prefix(const char *prefix)
{
	ListCell   *cell;

	foreach(cell, links)
	{
		ApikeyUserLink *link = (ApikeyUserLink *) lfirst(cell);

		if (strcmp(link->prefix, prefix) == 0)
			return link;
	}
	return NULL;
}

/*
 * Bytes are compared, as user_id is in api_keys.  Prefixes are unique, so one
 * link at most has the longest; an empty one matches every user id.
 */
ApikeyUserLink *
apikey_user_link_of_user(const char *user_id)
{
	ApikeyUserLink *longest = NULL;
	ListCell   *cell;

	foreach(cell, links)
	{
		ApikeyUserLink *link = (ApikeyUserLink *) lfirst(cell);

		if (strncmp(user_id, link->prefix, link->prefix_len) == 0 &&
			(longest == NULL || link->prefix_len > longest->prefix_len))
			longest = link;
	}
	return longest;
}

/*
 * They need not be asked for every user id: a prefix that begins with ours and
 * is longer is all that can beat ours.
 */
List *
apikey_user_links_below(const ApikeyUserLink *link)
{
	List	   *below = NIL;
	ListCell   *cell;

	foreach(cell, links)
	{
		ApikeyUserLink *other = (ApikeyUserLink *) lfirst(cell);

		if (other->prefix_len > link->prefix_len &&
			strncmp(other->prefix, link->prefix, link->prefix_len) == 0)
			below = lappend(below, other);
	}
	return below;
}

const char *
apikey_user_link_type_name(Oid type)
{
	switch (type)
	{
		case INT2OID:
			return "int2";
		case INT4OID:
			return "int4";
		case INT8OID:
			return "int8";
		case UUIDOID:
			return "uuid";
		case TEXTOID:
			return "text";
		case VARCHAROID:
			return "varchar";
		default:
			return NULL;
	}
}

/* Is it an integer of that range, as its type's output function writes it? */
static bool
is_integer(const char *id, int64 min, int64 max)
{
	const char *digits = (*id == '-') ? id + 1 : id;
	size_t		len = strlen(digits);
	int64		value;

	if (len == 0 || strspn(digits, "0123456789") != len)
		return false;
	if (*digits == '0' && (len > 1 || digits != id))
		return false;
	/* The digits are fine; what is left is the range. */
	errno = 0;
	value = strtoi64(id, NULL, 10);
	return errno == 0 && value >= min && value <= max;
}

/* Is it a uuid as uuid_out writes it? */
static bool
is_uuid(const char *id)
{
	int			i;

	for (i = 0; i < 36; i++)
	{
		if (i == 8 || i == 13 || i == 18 || i == 23)
		{
			if (id[i] != '-')
				return false;
		}
		else if (id[i] == '\0' || strchr("0123456789abcdef", id[i]) == NULL)
			return false;
	}
	return id[36] == '\0';
}

/*
 * Is it the one text of an id of that type?  '05' must not stand for 5, and
 * 'abc' is no user rather than a syntax error.
 */
static bool
is_canonical(Oid type, const char *id)
{
	switch (type)
	{
		case INT2OID:
			return is_integer(id, PG_INT16_MIN, PG_INT16_MAX);
		case INT4OID:
			return is_integer(id, PG_INT32_MIN, PG_INT32_MAX);
		case INT8OID:
			return is_integer(id, PG_INT64_MIN, PG_INT64_MAX);
		case UUIDOID:
			return is_uuid(id);
		default:
			return true;
	}
}

/*
 * An ordinary table that lasts.  A crash empties an unlogged one, and a session
 * ends with its temporary ones, both without a trigger; a partitioned table's
 * rows leave and enter its partitions when nothing was deleted.
 */
bool
apikey_user_link_fits(Relation users)
{
	return users->rd_rel->relkind == RELKIND_RELATION &&
		!users->rd_rel->relispartition &&
		users->rd_rel->relpersistence == RELPERSISTENCE_PERMANENT;
}

/*
 * PostgreSQL keeps a linked column's type, since a trigger depends on it, but
 * not its name.  Whatever no longer fits fails closed.
 */
AttrNumber
apikey_user_link_column(const ApikeyUserLink *link, Relation users, Oid *type)
{
	AttrNumber	column = get_attnum(link->users, link->id_column);

	if (!apikey_user_link_fits(users))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table \"%s\" is no ordinary, permanent table any more",
						RelationGetRelationName(users)),
				 errdetail("The rows of a partition or an unlogged table can go without their users being deleted."),
				 errhint("Make it an ordinary table again, or call apikey.unlink_users() for it."),
				 apikey_err_hide_statement()));
	*type = (column > 0) ? get_atttype(link->users, column) : InvalidOid;
	if (apikey_user_link_type_name(*type) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table \"%s\" has no usable column \"%s\" any more",
						RelationGetRelationName(users), link->id_column),
				 errhint("Call apikey.unlink_users() for the table, then apikey.link_users() with its column of ids."),
				 apikey_err_hide_statement()));
	return column;
}

/* Open the users table of a link; the lock stays until the transaction ends. */
static Relation
open_users(const ApikeyUserLink *link)
{
	Relation	users = try_relation_open(link->users, RowShareLock);

	if (users == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table with OID %u does not exist any more",
						link->users),
				 errhint("An administrator ends the link with SELECT apikey.unlink_users(%u).",
						 link->users),
				 apikey_err_hide_statement()));
	return users;
}

/* Does the table have our trigger that follows a deletion, and enabled? */
static bool
has_delete_trigger(Relation users)
{
	List	   *name = list_make2(makeString("apikey"),
								  makeString("users_delete_trigger"));
	Oid			function = LookupFuncName(name, 0, NULL, false);
	TriggerDesc *triggers = users->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (trigger->tgfoid == function &&
			TRIGGER_TYPE_MATCHES(trigger->tgtype, TRIGGER_TYPE_ROW,
								 TRIGGER_TYPE_AFTER, TRIGGER_TYPE_DELETE) &&
			(trigger->tgenabled == TRIGGER_FIRES_ON_ORIGIN ||
			 trigger->tgenabled == TRIGGER_FIRES_ALWAYS))
			return true;
	}
	return false;
}

/*
 * A link holds an OID, which can come to mean another table: after the linked
 * one was dropped, or in the database that a dump of the link was restored to.
 * Only link_users() and pg_restore put our trigger on a table.
 */
static void
require_trigger(Relation users)
{
	if (!has_delete_trigger(users))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("linked users table \"%s\" has no trigger that follows the deletion of users",
						RelationGetRelationName(users)),
				 errdetail("The trigger is missing or disabled, or the link is of a table that was dropped."),
				 errhint("Enable the trigger \"apikey_users_delete\", or end the link with SELECT apikey.unlink_users(%u).",
						 RelationGetRelid(users)),
				 apikey_err_hide_statement()));
}

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
					table, column, apikey_user_link_type_name(type), column,
					lock ? " FOR KEY SHARE OF x" : "");
}

/*
 * The plan of a statement, kept with the link.  The text is compared each
 * time, since the table, its schema or its column's type may have changed.
 */
static SPIPlanPtr
get_plan(ApikeyUserLink *link, const char *sql)
{
	Oid			type = TEXTOID;
	SPIPlanPtr	plan;

	if (link->plan != NULL && strcmp(link->sql, sql) == 0)
		return link->plan;
	if (link->plan != NULL)
		SPI_freeplan(link->plan);
	link->plan = NULL;
	link->sql = MemoryContextStrdup(links_context, sql);
	plan = SPI_prepare(sql, 1, &type);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare the look-up of a user: %s",
			 SPI_result_code_string(SPI_result));
	link->plan = plan;
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
 * with a foreign key, the user is there or not, whoever may see it.
 */
bool
apikey_user_link_has_user(ApikeyUserLink *link, const char *user_id, bool lock)
{
	const char *id = user_id + link->prefix_len;
	Relation	users = open_users(link);
	ApikeyFrame frame;
	Oid			type;
	char	   *sql;
	bool		found;
	int			guc_level;

	require_trigger(users);
	apikey_user_link_column(link, users, &type);
	if (!is_canonical(type, id))
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
 * The message tells no more than what the application asked for; an id that
 * is not canonical is unknown like any other.
 */
void
apikey_user_link_require_user(const char *user_id)
{
	ApikeyUserLink *link;

	apikey_user_links_load();
	if (links == NIL)
		return;
	link = apikey_user_link_of_user(user_id);
	if (link == NULL || apikey_user_link_has_user(link, user_id, true))
		return;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("user does not exist in the linked users table"),
			 errdetail("There is no user \"%s\" in table \"%s\".",
					   user_id + link->prefix_len, get_rel_name(link->users)),
			 errhint("Add the user first, or check that the user id is the id's canonical text."),
			 apikey_err_argument("user_id")));
}
