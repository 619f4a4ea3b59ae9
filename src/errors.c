/*-------------------------------------------------------------------------
 *
 * errors.c
 *		What every error of the extension carries; see errors.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "errors.h"

int
apikey_errquiet(void)
{
	/*
	 * errfinish() runs the callbacks of this stack next.  Whoever catches the
	 * error restores it: PG_TRY, or PostgresMain.
	 */
	error_context_stack = NULL;
	errhidecontext(true);
	return errhidestmt(true);
}

int
apikey_errargument(const char *argument)
{
	apikey_errquiet();
	return err_generic_string(PG_DIAG_COLUMN_NAME, argument);
}

void
apikey_raise_libcrypto(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("libcrypto failed"),
			 errhint("The server may be out of memory, or its OpenSSL may refuse AES-256-GCM."),
			 apikey_errquiet()));
}
