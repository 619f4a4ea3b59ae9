/*-------------------------------------------------------------------------
 *
 * setting_guard.c
 *		Keep statements that set parameters of the extension out of the log when
 *		they fail.
 *
 * People paste a master key where its source belongs, or into a parameter that
 * does not exist (apikey.master_key).  The value is refused, by PostgreSQL or by a
 * check hook, and PostgreSQL would log the statement with the key.  Hooks around
 * the execution of statements hide it, whatever the error is: SET and its kin by
 * their parse tree, others (set_config(), a DO block) by their text.
 *
 * A statement with a syntax error fails before it is executed, and is not covered.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"

#include "compat.h"
#include "base/errors.h"
#include "functions/setting_guard.h"

#define PREFIX "apikey."

static ProcessUtility_hook_type previous_utility_hook = NULL;
static ExecutorRun_hook_type previous_run_hook = NULL;

static bool
is_ours(const VariableSetStmt *set)
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
		const DefElem *option = lfirst_node(DefElem, cell);

		CHECK_FOR_INTERRUPTS();
		if (strcmp(option->defname, "set") == 0 &&
			is_ours(castNode(VariableSetStmt, option->arg)))
			return true;
	}
	return false;
}

/* Does the statement set one of our parameters? */
static bool
sets_parameter(const Node *statement)
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

static bool
contains(const char *text, const char *word)
{
	for (; *text != '\0'; text++)
		if (pg_strncasecmp(text, word, strlen(word)) == 0)
			return true;
	return false;
}

/*
 * Error context callback: hide the statement that the client sent, which is the
 * one that would be logged, if it names a parameter of keys.
 */
static void
hide_named_keys(void *arg)
{
	const char *text = debug_query_string;

	if (text != NULL && contains(text, "apikey") &&
		(contains(text, "master_key") || contains(text, "fernet_key")))
		apikey_hide_this_error(arg);
}

/*
 * The hooks.  On an error, whoever catches it restores the stack of callbacks; it
 * is restored here from a variable, since a callback may change its own link.
 */

static void
guard_utility(PlannedStmt *statement, const char *query, bool read_only_tree,
			  ProcessUtilityContext context, ParamListInfo params,
			  QueryEnvironment *environment, DestReceiver *receiver,
			  QueryCompletion *completion)
{
	ProcessUtility_hook_type next = previous_utility_hook ? previous_utility_hook : standard_ProcessUtility;
	ErrorContextCallback *outer = error_context_stack;
	ErrorContextCallback callback;

	apikey_hide_errors(&callback);
	if (!sets_parameter(statement->utilityStmt))
		callback.callback = hide_named_keys;
	next(statement, query, read_only_tree, context, params, environment, receiver, completion);
	error_context_stack = outer;
}

static void
guard_run(APIKEY_EXECUTOR_RUN_PARAMETERS)
{
	ExecutorRun_hook_type next = previous_run_hook ? previous_run_hook : standard_ExecutorRun;
	ErrorContextCallback *outer = error_context_stack;
	ErrorContextCallback callback;

	apikey_hide_errors(&callback);
	callback.callback = hide_named_keys;
	next(APIKEY_EXECUTOR_RUN_ARGUMENTS);
	error_context_stack = outer;
}

void
apikey_setting_guard_init(void)
{
	previous_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = guard_utility;
	previous_run_hook = ExecutorRun_hook;
	ExecutorRun_hook = guard_run;
}
