/*-------------------------------------------------------------------------
 *
 * key_usage_row.h
 *		A row of apikey.key_usage: when a key was last used, and how often.
 *
 * It is a row of its own, so that revealing a key never locks or changes the
 * key's row.  Nothing here waits for a transaction that has written to a row:
 * neither the sessions that reveal keys, for each other, nor those that purge or
 * move them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_USAGE_ROW_H
#define APIKEY_KEY_USAGE_ROW_H

#include "store/key_row.h"

typedef enum ApikeyUsageResult
{
	APIKEY_USAGE_WRITTEN,
	APIKEY_USAGE_RECENT,		/* written less than an interval ago */
	APIKEY_USAGE_BUSY			/* another transaction is writing it */
} ApikeyUsageResult;

typedef struct ApikeyUsage
{
	int64		uses;			/* to be added */
	TimestampTz now;			/* the time of the last of them */
	int64		interval;		/* in microseconds */
} ApikeyUsage;

/* Was the row last written an interval ago, or does the clock say that it will be? */
static inline bool
apikey_usage_is_due(TimestampTz last_used_at, TimestampTz now, int64 interval)
{
	return now < last_used_at || now - last_used_at >= interval;
}

/*
 * Write to the key's row, which is inserted if there is none, unless it was
 * written less than an interval ago.  *last_used_at is what the row has then; it
 * is not set if the result is APIKEY_USAGE_BUSY.
 */
extern ApikeyUsageResult apikey_key_usage_row_write(const ApikeyKeyRow *key,
													const ApikeyUsage *usage,
													TimestampTz *last_used_at);

/*
 * Remove the row of a key that has been purged; those of a user; those whose keys
 * no longer exist.  A row to which another transaction is writing is left for
 * the next apikey_key_usage_rows_sweep().
 */
extern void apikey_key_usage_row_remove(const ApikeyKeyRow *key);
extern void apikey_key_usage_rows_remove(const char *user_id);
extern void apikey_key_usage_rows_sweep(void);

/*
 * Give the rows of a user to another one, to whom the keys have been moved.  A
 * row to which another transaction is writing is lost.
 */
extern void apikey_key_usage_rows_move(const char *from, const char *to);

#endif							/* APIKEY_KEY_USAGE_ROW_H */
