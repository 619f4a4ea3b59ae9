/*-------------------------------------------------------------------------
 *
 * log_hook.c
 *		Secrets in the messages of the server log; see log_hook.h.
 *
 * A hook may not change a message, since the client receives the same one; it may
 * keep it from the log.  So a message with a secret is kept from it, and a clean
 * copy is reported for the log alone, with the same SQLSTATE, location, statement
 * and so on, in all formats of the log.
 *
 * The hook raises nothing.  The copy needs the same memory in ErrorContext that
 * PostgreSQL needs to write the message; interrupts are held off meanwhile.  The
 * hook is called again for the copy, and passes it on: it recognizes the copy by
 * its level, and expects one only once, so that no other message passes.
 *
 * Hooks of libraries that were loaded later see the message first, as it is; those
 * loaded earlier see only the copy.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"

#include "compat.h"
#include "redact/activity.h"
#include "redact/clean_text.h"
#include "redact/log_hook.h"

/*
 * apikey.redact_logs
 *
 * Whether the messages of the server log are searched for secrets.  Only superusers
 * may set it.  It is on by default; off is for measuring, or for a fault in it.
 */
static bool redact_logs = true;

/* What the server log shows of a message. */
typedef struct CleanMessage
{
	ApikeyCleanText message;
	ApikeyCleanText detail;		/* for the log */
	ApikeyCleanText hint;
	ApikeyCleanText context;
	ApikeyCleanText internal_query;
	ApikeyCleanText statement;
} CleanMessage;

static emit_log_hook_type previous_log_hook = NULL;

/* The message whose copy is being reported, until the hook is called for it. */
static const ErrorData *copied = NULL;

static const char *
log_detail(const ErrorData *edata)
{
	return edata->detail_log != NULL ? edata->detail_log : edata->detail;
}

/* Is the message the statement after a short prefix, as log_statement writes it? */
static bool
is_statement(const ErrorData *edata)
{
	size_t		len = edata->message != NULL ? strlen(edata->message) : 0;
	size_t		size = debug_query_string != NULL ? strlen(debug_query_string) : 0;

	return edata->sqlerrcode == ERRCODE_SUCCESSFUL_COMPLETION &&
		log_detail(edata) == NULL && edata->context == NULL && size > 0 && size < len &&
		edata->message[len - size - 1] == ' ' &&
		memcmp(edata->message + len - size, debug_query_string, size) == 0;
}

/* Is a function that is given a secret called in the statement or the message? */
static bool
concerns_call(const ErrorData *edata)
{
	return apikey_text_has_call(debug_query_string) ||
		apikey_text_has_call(edata->message) ||
		apikey_text_has_call(log_detail(edata)) ||
		apikey_text_has_call(edata->internalquery) ||
		apikey_text_has_call(edata->context);
}

/*
 * Does PostgreSQL quote the input that it refuses?  Our own errors, which have the
 * same SQLSTATEs, hide the statement.
 */
static bool
quotes_input(const ErrorData *edata)
{
	int			class = ERRCODE_TO_CATEGORY(edata->sqlerrcode);

	return !edata->hide_stmt &&
		(class == ERRCODE_DATA_EXCEPTION || class == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION);
}

static int
message_kind(const ErrorData *edata)
{
	int			kind = APIKEY_TEXT_AUDIT;

	if (quotes_input(edata))
		kind |= APIKEY_TEXT_QUOTES;
	if (ERRCODE_TO_CATEGORY(edata->sqlerrcode) == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION)
		kind |= APIKEY_TEXT_LITERALS;
	return kind;
}

/* The detail of a failed row or token; and a plan, which has all constants. */
static int
detail_kind(const ErrorData *edata)
{
	const char *detail = log_detail(edata);

	if (quotes_input(edata) || (detail != NULL && apikey_text_is_node_dump(detail)))
		return APIKEY_TEXT_ALL_SECRET;
	return APIKEY_TEXT_PARAMETERS;
}

/* What quotes a token of JSON; or a line or column of COPY, or parts of the statement. */
static int
context_kind(const ErrorData *edata)
{
	int			kind = APIKEY_TEXT_PARAMETERS | APIKEY_TEXT_LITERALS;

	if (edata->sqlerrcode == ERRCODE_INVALID_TEXT_REPRESENTATION && !edata->hide_stmt)
		return APIKEY_TEXT_ALL_SECRET;
	if (edata->context != NULL && strncmp(edata->context, "COPY ", strlen("COPY ")) == 0)
		kind |= APIKEY_TEXT_QUOTES;
	return kind;
}

/* Returns whether anything was hidden. */
static bool
clean_message(CleanMessage *clean, const ErrorData *edata, bool is_call)
{
	apikey_clean_text(&clean->message, edata->message, is_call ? message_kind(edata) : 0);
	apikey_clean_text(&clean->detail, log_detail(edata), is_call ? detail_kind(edata) : 0);
	apikey_clean_text(&clean->hint, edata->hint, 0);
	apikey_clean_text(&clean->context, edata->hide_ctx ? NULL : edata->context,
					  is_call ? context_kind(edata) : 0);
	apikey_clean_text(&clean->internal_query, edata->internalquery, 0);
	apikey_clean_text(&clean->statement, edata->hide_stmt ? NULL : debug_query_string, 0);
	return clean->message.is_changed || clean->detail.is_changed || clean->hint.is_changed ||
		clean->context.is_changed || clean->internal_query.is_changed ||
		clean->statement.is_changed;
}

static void
free_message(CleanMessage *clean)
{
	apikey_clean_text_free(&clean->message);
	apikey_clean_text_free(&clean->detail);
	apikey_clean_text_free(&clean->hint);
	apikey_clean_text_free(&clean->context);
	apikey_clean_text_free(&clean->internal_query);
	apikey_clean_text_free(&clean->statement);
}

/* Positions are kept only in texts that are as they were. */
static void
report_fields(const CleanMessage *clean, const ErrorData *edata)
{
	errcode(edata->sqlerrcode);
	errmsg_internal("%s", clean->message.text != NULL ? clean->message.text : "");
	if (clean->detail.text != NULL)
		errdetail_internal("%s", clean->detail.text);
	if (clean->hint.text != NULL)
		errhint("%s", clean->hint.text);
	if (clean->context.text != NULL)
		errcontext("%s", clean->context.text);
	if (clean->internal_query.text != NULL)
		internalerrquery(clean->internal_query.text);
	if (!clean->internal_query.is_changed)
		internalerrposition(edata->internalpos);
	if (!clean->statement.is_changed)
		errposition(edata->cursorpos);
	errhidestmt(edata->hide_stmt);
	errhidecontext(edata->hide_ctx);
}

/*
 * Report the copy.  Without callbacks, which would add their context to it; with
 * the clean statement in the place of the one that the client sent; and whatever
 * the level from which on messages are logged, since this one has passed that.
 */
static void
report_copy(const CleanMessage *clean, const ErrorData *edata)
{
	ErrorContextCallback *callbacks = error_context_stack;
	const char *statement = debug_query_string;
	int			min_level = apikey_log_min_messages;

	HOLD_INTERRUPTS();
	error_context_stack = NULL;
	debug_query_string = clean->statement.text;
	apikey_log_min_messages = LOG;
	copied = edata;
	if (errstart(LOG_SERVER_ONLY, edata->domain))
	{
		report_fields(clean, edata);
		errfinish(edata->filename, edata->lineno, edata->funcname);
	}
	copied = NULL;
	apikey_log_min_messages = min_level;
	debug_query_string = statement;
	error_context_stack = callbacks;
	RESUME_INTERRUPTS();
}

/* The copy is written with the level of the message. */
static void
complete_copy(ErrorData *copy)
{
	copy->elevel = copied->elevel;
	if (copied->backtrace != NULL)
		copy->backtrace = MemoryContextStrdup(copy->assoc_context, copied->backtrace);
	copied = NULL;
}

/*
 * What the client receives of the message stays, except for positions in a
 * statement with a secret: with them, libpq quotes the statement in the text of
 * the error, which applications log.
 */
static void
drop_positions(const CleanMessage *clean)
{
	if (clean->statement.is_changed)
		errposition(0);
	if (clean->internal_query.is_changed)
	{
		internalerrposition(0);
		internalerrquery(NULL);
	}
}

static void
redact_message(ErrorData *edata)
{
	CleanMessage clean;
	bool		quotes_statement = is_statement(edata);
	bool		is_changed = clean_message(&clean, edata, !quotes_statement && concerns_call(edata));

	if (is_changed)
	{
		report_copy(&clean, edata);
		drop_positions(&clean);
		edata->output_to_server = false;
	}
	free_message(&clean);
	if (is_changed)
		apikey_activity_redact();
	else if (quotes_statement)
		apikey_activity_note_clean();
}

static void
redact_log(ErrorData *edata)
{
	if (copied != NULL && edata->elevel == LOG_SERVER_ONLY)
		complete_copy(edata);
	else if (redact_logs)
		redact_message(edata);
	if (edata->output_to_server && previous_log_hook)
		previous_log_hook(edata);
}

bool
apikey_log_hook_is_on(void)
{
	return redact_logs;
}

void
apikey_log_hook_init(void)
{
	DefineCustomBoolVariable("apikey.redact_logs",
							 "Hides values in the messages of the server log.",
							 "Statements that call functions of apikey, values of the current statement and keys of known providers are searched for.",
							 &redact_logs,
							 true,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
	previous_log_hook = emit_log_hook;
	emit_log_hook = redact_log;
}
