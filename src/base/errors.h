/*-------------------------------------------------------------------------
 *
 * errors.h
 *		The SQLSTATEs of the extension, and what its errors have in common.
 *
 * No message field ever contains a value, a key or an envelope.  Since the
 * failed statement may contain one as a literal, every ERROR hides the
 * statement and its context from the server log: each ereport() ends with
 * apikey_err_hide_statement() or apikey_err_argument().
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ERRORS_H
#define APIKEY_ERRORS_H

#include "fmgr.h"
#include "utils/errcodes.h"

#include "compat.h"

#define ERRCODE_APIKEY_NO_MASTER_KEY	MAKE_SQLSTATE('K','A','0','0','1')
#define ERRCODE_APIKEY_WRONG_MASTER_KEY	MAKE_SQLSTATE('K','A','0','0','2')
#define ERRCODE_APIKEY_UNOPENED			MAKE_SQLSTATE('K','A','0','0','3')
#define ERRCODE_APIKEY_MALFORMED		MAKE_SQLSTATE('K','A','0','0','4')
#define ERRCODE_APIKEY_NO_SUCH_KEY		MAKE_SQLSTATE('K','A','0','0','5')
#define ERRCODE_APIKEY_NOT_USABLE		MAKE_SQLSTATE('K','A','0','0','6')
#define ERRCODE_APIKEY_NO_IDENTITY		MAKE_SQLSTATE('K','A','0','0','7')
#define ERRCODE_APIKEY_VALUE_REFUSED	MAKE_SQLSTATE('K','A','0','0','8')
#define ERRCODE_APIKEY_LITERAL			MAKE_SQLSTATE('K','A','0','0','9')

/* For an error that has no other cause than these. */
#define APIKEY_LIBCRYPTO_HINT	"Check that the server has enough memory, and that its OpenSSL configuration permits AES-256 and SHA-256."

/*
 * For use only in ereport(ERROR, ...), after errcode(): count the error, for
 * apikey.metrics, hide the statement from the log, and
 * omit all of the context but for the names and lines of PL/pgSQL functions.
 * The rest may quote a value (COPY quotes the column, SPI the statement), and the
 * context is also sent to the client.
 */
extern int	apikey_err_hide_statement(void);

/* The same, and report the name of the argument in the COLUMN field. */
extern int	apikey_err_argument(const char *argument);

/*
 * Raise 22023 for an argument, with these texts as they are; detail and hint
 * may be NULL.
 */
pg_noreturn extern void apikey_refuse_argument(const char *argument, const char *message,
											   const char *detail, const char *hint);

/* Raise a WARNING about an argument, with these texts as they are. */
extern void apikey_warn_argument(const char *argument, const char *message,
								 const char *hint);

/*
 * Call a function that has a value among its arguments, so that errors which
 * PostgreSQL itself raises during the call (a lock timeout, a cancelled query,
 * a read-only transaction) also hide the statement and the outer context.
 */
extern Datum apikey_call_hidden(PGFunction function, FunctionCallInfo fcinfo);

/*
 * Do the same for all that follows, until the caller restores
 * error_context_stack from callback->previous.  *callback is on the caller's
 * stack.
 */
extern void apikey_hide_errors(ErrorContextCallback *callback);

/*
 * The same from within an error context callback, for the error that is being
 * raised; callback is the one that is called.
 */
extern void apikey_hide_this_error(ErrorContextCallback *callback);

/* Raise 40001: this transaction's snapshot does not see a row that exists now. */
pg_noreturn extern void apikey_raise_old_snapshot(void);

/* Raise XX000 for a failure of libcrypto, which gives no useful reason. */
pg_noreturn extern void apikey_raise_libcrypto(void);

#endif							/* APIKEY_ERRORS_H */
