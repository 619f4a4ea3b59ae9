/*-------------------------------------------------------------------------
 *
 * user_lookup.c
 *		Look up a user in a linked users table; see user_lookup.h.
 *
 * The session has the value of a key among its arguments, and anything that runs
 * in it can read that.  A query on the users table would run code of the
 * table's owner, as the planner evaluates constant parts of the expressions and
 * predicates of its indexes.  So a user is looked up without one: by a direct
 * scan of a unique index whose operators are PostgreSQL's own, and the row is
 * locked FOR KEY SHARE, which a concurrent DELETE waits for.  Nothing here
 * evaluates an expression, a policy or a privilege of the table: as with a
 * foreign key, what counts is whether the user exists, not who may see the row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/errors.h"
#include "compat.h"
#include "store/user_id.h"
#include "store/user_lookup.h"
#include "store/users_table.h"
#include "validate/shown_text.h"

/*
 * The unique index on the ids.  As the planner does, an index is left alone that
 * was built after our snapshot and may lack row versions that this sees.
 */
static Relation
open_index(const ApikeyUsersTable *table)
{
	Oid			found = apikey_users_table_id_index(table->relation,
													table->id_column);
	Relation	index;

	if (!OidIsValid(found))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("users of linked table \"%s\" can no longer be looked up",
						RelationGetRelationName(table->relation)),
				 errdetail("The column of ids needs a plain, valid unique index, and the table the access method heap."),
				 errhint("Make the column the primary key again, or call apikey.unlink_users() for the table."),
				 apikey_err_hide_statement()));
	index = index_open(found, AccessShareLock);
	if (IsolationUsesXactSnapshot() && index->rd_index->indcheckxmin &&
		!TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data),
							   TransactionXmin))
		apikey_raise_old_snapshot();
	return index;
}

/* Its argument is the id that is looked up. */
static void
init_key(ScanKey key, Relation index)
{
	Oid			type = index->rd_opcintype[0];
	Oid			equal = get_opfamily_member(index->rd_opfamily[0], type, type,
											BTEqualStrategyNumber);

	ScanKeyEntryInitialize(key, 0, 1, BTEqualStrategyNumber, type,
						   index->rd_indcollation[0], get_opcode(equal), (Datum) 0);
}

/* Is the text of the row's id exactly id?  Some collations hold 'Bob' = 'bob'. */
static bool
has_id(const ApikeyUsersTable *table, TupleTableSlot *row, const char *id)
{
	Oid			output;
	bool		is_varlena;
	bool		is_null;
	Datum		value = slot_getattr(row, table->id_column, &is_null);

	if (is_null)
		return false;
	getTypeOutputInfo(table->id_type, &output, &is_varlena);
	return strcmp(OidOutputFunctionCall(output, value), id) == 0;
}

/*
 * Lock a row that the snapshot sees, waiting for whoever is deleting it or
 * changing its id; false if it does not have that id any more.  A transaction
 * with one snapshot cannot ignore what it does not see: 40001.
 */
static bool
lock_row(const ApikeyUsersTable *table, TupleTableSlot *row, Snapshot snapshot,
		 const char *id, ApikeyUserLock lock)
{
	bool		one_snapshot = IsolationUsesXactSnapshot();
	uint8		flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS |
	(one_snapshot ? 0 : TUPLE_LOCK_FLAG_FIND_LAST_VERSION);
	ItemPointerData tid = row->tts_tid;
	TM_FailureData failure;
	TM_Result	result;

	result = table_tuple_lock(table->relation, &tid, snapshot, row,
							  GetCurrentCommandId(false),
							  lock == APIKEY_USER_CLOSED ? LockTupleExclusive : LockTupleKeyShare,
							  LockWaitBlock, flags, &failure);
	switch (result)
	{
		case TM_Ok:
			return !failure.traversed || has_id(table, row, id);
		case TM_SelfModified:
			return false;
		case TM_Updated:
		case TM_Deleted:
			if (one_snapshot)
				apikey_raise_old_snapshot();
			return false;
		default:
			elog(ERROR, "could not lock a user's row: %d", result);
	}
}

/* The transaction's own changes count, those of the same command included. */
void
apikey_user_lookup_begin(const ApikeyUserLink *link, ApikeyUserLock lock,
						 ApikeyUserLookup *lookup)
{
	lookup->link = link;
	lookup->lock = lock;
	apikey_users_table_open(link, &lookup->table);
	lookup->index = open_index(&lookup->table);
	lookup->row = table_slot_create(lookup->table.relation, NULL);
	CommandCounterIncrement();
	lookup->snapshot = RegisterSnapshot(lock == APIKEY_USER_UNLOCKED ? GetLatestSnapshot() :
										GetTransactionSnapshot());
	init_key(&lookup->key, lookup->index);
	lookup->scan = index_beginscan(lookup->table.relation, lookup->index, lookup->snapshot, NULL, 1, 0, 0);
}

bool
apikey_user_lookup_find(ApikeyUserLookup *lookup, const char *user_id)
{
	const ApikeyUsersTable *table = &lookup->table;
	const char *id = user_id + lookup->link->prefix_len;
	bool		found = false;

	if (!apikey_user_id_parse(table->id_type, id, &lookup->key.sk_argument))
		return false;
	index_rescan(lookup->scan, &lookup->key, 1, NULL, 0);
	while (!found && index_getnext_slot(lookup->scan, ForwardScanDirection, lookup->row))
	{
		CHECK_FOR_INTERRUPTS();
		found = has_id(table, lookup->row, id) &&
			(lookup->lock == APIKEY_USER_UNLOCKED ||
			 lock_row(table, lookup->row, lookup->snapshot, id, lookup->lock));
	}
	return found;
}

void
apikey_user_lookup_end(ApikeyUserLookup *lookup)
{
	index_endscan(lookup->scan);
	UnregisterSnapshot(lookup->snapshot);
	ExecDropSingleTupleTableSlot(lookup->row);
	index_close(lookup->index, NoLock);
	relation_close(lookup->table.relation, NoLock);
}

static bool
user_exists(const ApikeyUserLink *link, const char *user_id, ApikeyUserLock lock)
{
	ApikeyUserLookup lookup;
	bool		found;

	apikey_user_lookup_begin(link, lock, &lookup);
	found = apikey_user_lookup_find(&lookup, user_id);
	apikey_user_lookup_end(&lookup);
	return found;
}

/*
 * The message shows only what the application passed, unless it may be a secret
 * in the wrong argument; an id that is not
 * canonical is unknown like any other.
 */
void
apikey_user_lookup_require(const char *user_id, const char *argument)
{
	ApikeyUserLink *link = apikey_user_link_of_user(apikey_user_links(), user_id);

	if (link == NULL || user_exists(link, user_id, APIKEY_USER_KEPT))
		return;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("user does not exist in the linked users table"),
			 errdetail("There is no user \"%s\" in table \"%s\".",
					   apikey_shown_text(user_id + link->prefix_len), get_rel_name(link->users)),
			 errhint("Add the user first, or check that the user id is the id's canonical text."),
			 apikey_err_argument(argument)));
}

void
apikey_user_lookup_close(const char *user_id)
{
	ApikeyUserLink *link = apikey_user_link_of_user(apikey_user_links(), user_id);

	if (link != NULL)
		(void) user_exists(link, user_id, APIKEY_USER_CLOSED);
}
