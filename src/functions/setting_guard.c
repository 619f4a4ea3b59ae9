/*-------------------------------------------------------------------------
 *
 * setting_guard.c
 *		Keep statements that set parameters of the extension out of the log when
 *		they fail.
 *
 * People paste a master key where its source belongs, or into a parameter that
 * does not exist (apikey.master_key).  The value is refused, by PostgreSQL or by a
 * check hook, and PostgreSQL would log the statement with the key.  A hook on
 * utility statements hides it, whatever the error is.
 *
 * set_config() is not covered, nor is a statement with a syntax error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/parsenodes.h"
#include "tcop/utility.h"

#include "base/errors.h"
#include "functions/setting_guard.h"

#define PREFIX "apikey."

static ProcessUtility_hook_type previous_hook = NULL;

static bool
is_ours(const VariableSetStmt * set)
{
	return set->name != NULL &&
		pg_strncasecmp(set->name, PREFIX, strlen(PREFIX)) == 0;
}

/* Is there a SET clause for one of our parameters? */
static bool
has_set_clause(const List *options)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		const		DefElem *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "set") == 0 &&
			is_ours(castNode(VariableSetStmt, option->arg)))
			return true;
	}
	return false;
}

/* Does the statement set one of our parameters? */
static bool
sets_parameter(const Node * statement)
{
	switch (nodeTag(statement))
	{
		case T_VariableSetStmt:
			return is_ours((const VariableSetStmt *) statement);
		case T_AlterSystemStmt:
			return is_ours(((const AlterSystemStmt *) statement)->setstmt);
		case T_AlterDatabaseSetStmt:
			return is_ours(((const AlterDatabaseSetStmt *) statement)->setstmt);
		case T_AlterRoleSetStmt:
			return is_ours(((const AlterRoleSetStmt *) statement)->setstmt);
		case T_CreateFunctionStmt:
			return has_set_clause(((const CreateFunctionStmt *) statement)->options);
		case T_AlterFunctionStmt:
			return has_set_clause(((const AlterFunctionStmt *) statement)->actions);
		default:
			return false;
	}
}

/* On an error, the stack of callbacks is restored by whoever catches it. */
static void
guard_setting(PlannedStmt * statement, const char *query, bool read_only_tree,
			  ProcessUtilityContext context, ParamListInfo params,
			  QueryEnvironment * environment, DestReceiver * receiver,
			  QueryCompletion * completion)
{
	ProcessUtility_hook_type next = previous_hook ? previous_hook : standard_ProcessUtility;
	ErrorContextCallback callback;
	bool		hide = sets_parameter(statement->utilityStmt);

	if (hide)
		apikey_hide_errors(&callback);
	next(statement, query, read_only_tree, context, params, environment, receiver, completion);
	if (hide)
		error_context_stack = callback.previous;
}

void
apikey_setting_guard_init(void)
{
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = guard_setting;
}
