/*-------------------------------------------------------------------------
 *
 * sql_call.h
 *		Calls, in SQL text, of functions that are given a secret value.
 *
 * The text may be a statement, a part of one, or a message that quotes one, also
 * within literals.  So words are looked at wherever they stand.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_SQL_CALL_H
#define APIKEY_SQL_CALL_H

#include <stdbool.h>
#include <stddef.h>

/* Does the prepared statement with that name call such a function? */
typedef bool (*ApikeySqlExecutes) (const char *name, size_t len);

typedef struct ApikeySqlCall
{
	size_t		arguments;		/* the byte after the opening parenthesis */
	int			names;			/* the first arguments, which are not secret */
} ApikeySqlCall;

/*
 * Does a call begin with the word at that position?  Its function is one of
 * ours, whatever its schema; or almost has the name of one, since that is how a
 * misspelled call fails; or is an unknown one of schema "apikey".  EXECUTE of a
 * prepared statement is a call if executes says so; it may be NULL.
 */
extern bool apikey_sql_call_at(const char *text, size_t len, size_t pos,
							   ApikeySqlExecutes executes, ApikeySqlCall *call);

/*
 * Is there a call anywhere in the text, or is a value written to a model view, whose
 * trigger makes the call?
 */
extern bool apikey_sql_has_call(const char *text, size_t len, ApikeySqlExecutes executes);

/* Can there be one?  A cheap test that rules out most statements. */
extern bool apikey_sql_may_have_call(const char *text, size_t len);

/* Is that the name of an argument that is not secret? */
extern bool apikey_sql_is_name_argument(const char *text, size_t begin, size_t end);

#endif							/* APIKEY_SQL_CALL_H */
