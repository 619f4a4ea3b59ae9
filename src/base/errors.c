/*-------------------------------------------------------------------------
 *
 * errors.c
 *		What the errors of the extension have in common; see errors.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/counter.h"
#include "base/errors.h"

/* What each line of PL/pgSQL's context starts with, in the language of messages. */
static char *
start_of_plpgsql_line(void)
{
	char	   *start = pstrdup(dgettext("plpgsql-" PG_MAJORVERSION, "PL/pgSQL function %s"));
	char	   *name = strstr(start, "%s");

	if (name != NULL)
		*name = '\0';
	return start;
}

/*
 * The lines of the context which name a PL/pgSQL function and a line in it: what
 * a developer needs to find the call.  They quote nothing; any other line may.
 */
static char *
plpgsql_context(void)
{
	const char *start = start_of_plpgsql_line();
	char	   *context = GetErrorContextStack();	/* NULL: there is none */
	StringInfoData kept;
	char	   *rest;

	initStringInfo(&kept);
	for (char *line = context != NULL ? strtok_r(context, "\n", &rest) : NULL;
		 line != NULL && *start != '\0';
		 line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, start, strlen(start)) == 0)
			appendStringInfo(&kept, "%s%s", kept.len > 0 ? "\n" : "", line);
	return kept.data;
}

int
apikey_err_hide_statement(void)
{
	char	   *context = plpgsql_context();

	apikey_count_refusal(geterrcode());

	/*
	 * errfinish() would run the callbacks of this stack next.  PG_CATCH or
	 * PostgresMain, whichever catches the error, restores the stack.
	 */
	error_context_stack = NULL;
	if (*context != '\0')
		errcontext("%s", context);
	return errhidestmt(true);
}

int
apikey_err_argument(const char *argument)
{
	apikey_err_hide_statement();
	return err_generic_string(PG_DIAG_COLUMN_NAME, argument);
}

void
apikey_refuse_argument(const char *argument, const char *message,
					   const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message),
			 detail != NULL ? errdetail("%s", detail) : 0,
			 hint != NULL ? errhint("%s", hint) : 0,
			 apikey_err_argument(argument)));
}

/*
 * A warning hides the statement as an error does.  But since nothing catches
 * it, the context callbacks that apikey_err_argument() removes are restored.
 */
void
apikey_warn_argument(const char *argument, const char *message, const char *hint)
{
	ErrorContextCallback *callbacks = error_context_stack;

	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("%s", message),
			 errhint("%s", hint),
			 apikey_err_argument(argument)));
	error_context_stack = callbacks;
}

/*
 * For an error, also remove the outer callbacks, which may quote the statement to
 * the client.  For a warning, keep them, since the function continues.
 */
void
apikey_hide_this_error(ErrorContextCallback *callback)
{
	int			class = ERRCODE_TO_CATEGORY(geterrcode());

	errhidestmt(true);
	errhidecontext(true);
	if (class != ERRCODE_WARNING && class != ERRCODE_NO_DATA &&
		class != ERRCODE_SUCCESSFUL_COMPLETION)
		callback->previous = NULL;
}

static void
hide_statement(void *arg)
{
	apikey_hide_this_error(arg);
}

void
apikey_hide_errors(ErrorContextCallback *callback)
{
	callback->previous = error_context_stack;
	callback->callback = hide_statement;
	callback->arg = callback;
	error_context_stack = callback;
}

Datum
apikey_call_hidden(PGFunction function, FunctionCallInfo fcinfo)
{
	ErrorContextCallback *outer = error_context_stack;
	ErrorContextCallback callback;
	Datum		result;

	apikey_hide_errors(&callback);
	result = (*function) (fcinfo);
	error_context_stack = outer;
	return result;
}

void
apikey_raise_old_snapshot(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update"),
			 errhint("Retry the transaction."),
			 apikey_err_hide_statement()));
}

void
apikey_raise_libcrypto(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("libcrypto failed"),
			 errhint(APIKEY_LIBCRYPTO_HINT),
			 apikey_err_hide_statement()));
}
