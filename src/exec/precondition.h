/*-------------------------------------------------------------------------
 *
 * precondition.h
 *		Conditions to check before a function reads or changes keys.
 *
 * The order of all locks: doc/design.md, "Locks".
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_PRECONDITION_H
#define APIKEY_PRECONDITION_H

/*
 * Raise 42501 within a security-restricted operation (ANALYZE, REINDEX, ... of
 * a table whose index function could call us).  Every SQL function that reads
 * or changes keys calls this, or apikey_require_identity(), first.
 */
extern void apikey_refuse_restricted(void);

/*
 * Raise 25006 on a standby and in a read-only transaction.  what is a noun
 * phrase for the message, such as "a change of API keys".
 */
extern void apikey_refuse_read_only(const char *what);

/*
 * Lock apikey.api_keys in ROW EXCLUSIVE mode until the transaction ends.
 * Whoever stores a value does so before the data key is chosen, since retiring
 * a data key waits for this lock.  25006 as above; 55000 if the extension is
 * not installed in this database.
 */
extern void apikey_lock_for_write(void);

#endif							/* APIKEY_PRECONDITION_H */
