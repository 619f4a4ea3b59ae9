/*-------------------------------------------------------------------------
 *
 * errors.c
 *		What the errors of the extension have in common; see errors.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/errors.h"

int
apikey_err_hide_statement(void)
{
	/*
	 * errfinish() would run the callbacks of this stack next.  PG_CATCH or
	 * PostgresMain, whichever catches the error, restores the stack.
	 */
	error_context_stack = NULL;
	errhidecontext(true);
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
 * Error context callback.  For an error, it also removes the outer callbacks,
 * which may quote the statement to the client.  For a warning, it keeps them,
 * since the function continues.
 */
static void
hide_statement(void *arg)
{
	int			class = ERRCODE_TO_CATEGORY(geterrcode());

	errhidestmt(true);
	errhidecontext(true);
	if (class != ERRCODE_WARNING && class != ERRCODE_NO_DATA &&
		class != ERRCODE_SUCCESSFUL_COMPLETION)
		((ErrorContextCallback *) arg)->previous = NULL;
}

Datum
apikey_call_hidden(PGFunction function, FunctionCallInfo fcinfo)
{
	ErrorContextCallback *outer = error_context_stack;
	ErrorContextCallback callback = {outer, hide_statement, &callback};
	Datum		result;

	error_context_stack = &callback;
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
