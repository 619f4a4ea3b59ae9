/*-------------------------------------------------------------------------
 *
 * activity.h
 *		Secrets in the statement that other sessions see.
 *
 * pg_stat_activity shows the statement of a session.  It also stands in the detail
 * of a deadlock, and in the log when the process crashes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ACTIVITY_H
#define APIKEY_ACTIVITY_H

/*
 * Replace the shown statement by a clean one, if it has a secret; once for each
 * message of the client, as a statement may log many messages and execute many
 * others.  Raises nothing.
 */
extern void apikey_activity_redact(void);

/* The same, for a value that is now known: also if the statement still shows it. */
extern void apikey_activity_redact_value(const char *value, size_t len);

/* The statement has been found clean, in a message that quotes it. */
extern void apikey_activity_note_clean(void);

/* Install the hooks that do so before a statement runs; called once, by _PG_init. */
extern void apikey_activity_init(void);

#endif							/* APIKEY_ACTIVITY_H */
