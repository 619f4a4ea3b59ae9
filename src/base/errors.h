/*-------------------------------------------------------------------------
 *
 * errors.h
 *		The SQLSTATEs of the extension, and what every error of it carries.
 *
 * No message field ever holds a value, a key or an envelope.  Since the
 * statement that failed may hold one as a literal, every ERROR hides the
 * statement and its context from the server log: it ends with
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

/*
 * For use inside ereport(ERROR, ...) alone: hide the statement from the log,
 * and leave the context out altogether.  The context may quote a value (COPY
 * quotes the column, PL/pgSQL the statement), and it reaches the client too.
 */
extern int	apikey_err_hide_statement(void);

/* The same, and name the argument at fault in the COLUMN field. */
extern int	apikey_err_argument(const char *argument);

/* 22023 for an argument; detail and hint may be NULL. */
pg_noreturn extern void apikey_refuse_argument(const char *argument, const char *message,
											   const char *detail, const char *hint);

/*
 * Call a function that is given a value as an argument, so that the errors
 * that PostgreSQL itself raises meanwhile (a lock timeout, a cancel, a
 * read-only transaction) hide statement and outer context as ours do.
 */
extern Datum apikey_call_hidden(PGFunction function, FunctionCallInfo fcinfo);

/* 40001: a row that is there now is not in this transaction's snapshot. */
pg_noreturn extern void apikey_raise_old_snapshot(void);

/* For what libcrypto refuses: XX000, with nothing to tell. */
pg_noreturn extern void apikey_raise_libcrypto(void);

#endif							/* APIKEY_ERRORS_H */
