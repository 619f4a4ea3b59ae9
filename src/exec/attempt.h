/*-------------------------------------------------------------------------
 *
 * attempt.h
 *		Work that may fail without the caller's work failing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ATTEMPT_H
#define APIKEY_ATTEMPT_H

/*
 * Call work in a subtransaction.  If it raises an error, the subtransaction is
 * rolled back, the server log gets a line that begins with failure, and the
 * result is false.  Only when the query is cancelled, the error is raised.  Not
 * for use in parallel mode, where there are no subtransactions.
 */
extern bool apikey_attempt(void (*work) (void *arg), void *arg, const char *failure);

#endif							/* APIKEY_ATTEMPT_H */
