/*-------------------------------------------------------------------------
 *
 * has_identity.c
 *		has_identity: the condition of the views apikey.keys and
 *		apikey.deleted_keys that raises an error without an identity.
 *
 * Without it, a list read after COMMIT, or through another connection of a pool,
 * would be empty, and the application would tell its user that there are no keys.
 *
 * The condition has no columns and is not volatile, so the planner puts it into a
 * one-time filter, which is evaluated before the first row is wanted, even if
 * the table is empty.  It must not be evaluated earlier: SELECT ... FROM
 * apikey.set_user_id($1), apikey.keys sets the identity and uses it.  The
 * row-level security policies never raise: there, an identity that is missing
 * means no rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "tcop/pquery.h"
#include "utils/guc.h"

#include "exec/identity.h"
#include "functions/has_identity.h"

PG_FUNCTION_INFO_V1(apikey_has_identity);
PG_FUNCTION_INFO_V1(apikey_has_identity_support);

/*
 * apikey.empty_without_identity
 *
 * For applications that rely on an empty list.  Anyone may set it, since it shows
 * nobody's keys to anyone.
 */
static bool empty_without_identity = false;

/*
 * apikey.has_identity() -> boolean
 */
Datum
apikey_has_identity(PG_FUNCTION_ARGS)
{
	char	   *identity = apikey_identity();

	/* Only without one, since a list may be read by a cursor that is held. */
	if (identity == NULL && !empty_without_identity)
		identity = apikey_require_identity();	/* raises the error */
	PG_RETURN_BOOL(identity != NULL);
}

/*
 * Is the query being planned for an EXPLAIN command, and is there nothing in it
 * that could set the identity before the filter is evaluated?
 */
static bool
is_explained_alone(PlannerInfo *root)
{
	if (root == NULL || ActivePortal == NULL ||
		ActivePortal->commandTag != CMDTAG_EXPLAIN)
		return false;
	while (root->parent_root != NULL)
		root = root->parent_root;
	return !contain_volatile_functions((Node *) root->parse);
}

/*
 * apikey.has_identity_support(internal) -> internal
 *
 * The planner's support function of has_identity().  EXPLAIN alone does not
 * execute the query; someone who asks why a list is empty gets the error there,
 * too.  Simplifies nothing.
 */
Datum
apikey_has_identity_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify) && !empty_without_identity &&
		is_explained_alone(((SupportRequestSimplify *) request)->root))
		apikey_require_identity();
	PG_RETURN_POINTER(NULL);
}

void
apikey_has_identity_init(void)
{
	DefineCustomBoolVariable("apikey.empty_without_identity",
							 "Lets the views of a user's keys be empty without an identity.",
							 "Otherwise, reading apikey.keys or apikey.deleted_keys without an identity is an error, as calling a function is.",
							 &empty_without_identity,
							 false,
							 PGC_USERSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}
