/*-------------------------------------------------------------------------
 *
 * sql_redact.h
 *		Hiding the secrets in SQL text that calls functions of ours.
 *
 * Where a value comes from cannot be told from the text alone: it may be an
 * argument, or stand in a sub-select or a DECLARE.  So if there is a call, all
 * string literals of the text are hidden, except names among the arguments of
 * the call.  Literals that contain a call themselves (the body of DO, the text of
 * EXECUTE) stay readable but for the literals in them.
 *
 * If the text cannot be understood (it is cut off, or in error), it is hidden
 * from the first quotation mark or call on: rather too much than too little.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_SQL_REDACT_H
#define APIKEY_SQL_REDACT_H

#include "sql_call.h"

typedef struct ApikeySqlDialect
{
	bool		escapes;		/* in an ordinary literal, a backslash is one */
	ApikeySqlExecutes executes; /* may be NULL */
} ApikeySqlDialect;

/* Hide (hidden_text.h) the literals if there is a call; returns whether there is. */
extern bool apikey_sql_redact(char *text, size_t len, const ApikeySqlDialect *dialect);

/* Hide all literals, for text that belongs to a statement with a call. */
extern void apikey_sql_hide_literals(char *text, size_t len, const ApikeySqlDialect *dialect);

#endif							/* APIKEY_SQL_REDACT_H */
