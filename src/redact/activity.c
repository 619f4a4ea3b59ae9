/*-------------------------------------------------------------------------
 *
 * activity.c
 *		Secrets in the statement that other sessions see; see activity.h.
 *
 * PostgreSQL shows a statement before it parses it, and again before it executes a
 * prepared one.  The hooks replace it as soon as it is parsed, and before anything
 * is executed.
 *
 * A utility statement is also passed on in a clean form, of the same length, so
 * that what keeps its text (pg_stat_statements, pg_prepared_statements) keeps that
 * one.  A library that was loaded later has seen the other.  Nothing depends on the
 * content of the text, as it has been parsed; only positions in it are used.  The
 * script of an extension is left alone: it has no values, and is long.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "parser/analyze.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/value_match.h"
#include "redact/activity.h"
#include "redact/clean_text.h"

static post_parse_analyze_hook_type previous_analyze_hook = NULL;
static ExecutorRun_hook_type previous_run_hook = NULL;
static ProcessUtility_hook_type previous_utility_hook = NULL;

static void
redact_shown_statement(void)
{
	ApikeyCleanText clean;

	apikey_clean_text(&clean, debug_query_string, APIKEY_TEXT_PLAIN);
	if (clean.is_changed)
	{
		uint64		query_id = pgstat_get_my_query_id();

		pgstat_report_activity(STATE_RUNNING, clean.text);
		pgstat_report_query_id(query_id, true);
	}
	apikey_clean_text_free(&clean);
}

/* When the statement started that was last found clean, or redacted. */
static TimestampTz redacted_start = 0;

void
apikey_activity_note_clean(void)
{
	redacted_start = GetCurrentStatementStartTimestamp();
}

void
apikey_activity_redact(void)
{
	if (debug_query_string == NULL || redacted_start == GetCurrentStatementStartTimestamp())
		return;
	apikey_activity_note_clean();
	redact_shown_statement();
}

/* The beginning of a value is enough, since a long statement is shown in part. */
static bool
is_shown(const char *value, size_t len)
{
	const char *shown = MyBEEntry != NULL ? MyBEEntry->st_activity_raw : "";

	return len >= APIKEY_VALUE_MATCH_MIN &&
		apikey_value_is_in(shown, strlen(shown), value, APIKEY_VALUE_MATCH_MIN);
}

/*
 * A statement may pass many values, and be long: where it is clean already, only the
 * part that is shown is looked at.
 */
void
apikey_activity_redact_value(const char *value, size_t len)
{
	apikey_activity_redact();
	if (is_shown(value, len))
		redact_shown_statement();
}

static void
redact_analyzed(ParseState *state, Query *query, apikey_jumble_state *jumble)
{
	apikey_activity_redact();
	if (previous_analyze_hook)
		previous_analyze_hook(state, query, jumble);
}

static void
redact_run(APIKEY_EXECUTOR_RUN_PARAMETERS)
{
	ExecutorRun_hook_type next = previous_run_hook ? previous_run_hook : standard_ExecutorRun;

	apikey_activity_redact();
	next(APIKEY_EXECUTOR_RUN_ARGUMENTS);
}

/*
 * The text, or a copy, which lives as long as its execution, in which the statement
 * is clean.  The text may contain many statements; only this one is looked at.
 */
static const char *
clean_query(const char *query, const PlannedStmt *statement)
{
	size_t		size = strlen(query);
	size_t		start = Min((size_t) Max(statement->stmt_location, 0), size);
	size_t		rest = size - start;
	size_t		len = statement->stmt_len > 0 ? Min((size_t) statement->stmt_len, rest) : rest;
	char	   *part;
	char	   *copy = NULL;

	if (apikey_statement_is_known_clean(query + start, len))
		return query;
	part = pnstrdup(query + start, len);
	if (apikey_clean_statement(part, len))
	{
		copy = MemoryContextStrdup(PortalContext ? PortalContext : CurrentMemoryContext, query);
		memcpy(copy + start, part, len);
	}
	explicit_bzero(part, len);
	pfree(part);
	return copy != NULL ? copy : query;
}

static void
redact_utility(PlannedStmt *statement, const char *query, bool read_only_tree,
			   ProcessUtilityContext context, ParamListInfo params,
			   QueryEnvironment *environment, DestReceiver *receiver,
			   QueryCompletion *completion)
{
	ProcessUtility_hook_type next = previous_utility_hook ? previous_utility_hook : standard_ProcessUtility;

	apikey_activity_redact();
	if (!creating_extension)
		query = clean_query(query, statement);
	next(statement, query, read_only_tree, context, params, environment, receiver,
		 completion);
}

void
apikey_activity_init(void)
{
	previous_analyze_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = redact_analyzed;
	previous_run_hook = ExecutorRun_hook;
	ExecutorRun_hook = redact_run;
	previous_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = redact_utility;
}
