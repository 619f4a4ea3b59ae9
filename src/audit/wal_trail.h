/*-------------------------------------------------------------------------
 *
 * wal_trail.h
 *		The events of this database that are in the server's write-ahead log.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_WAL_TRAIL_H
#define APIKEY_WAL_TRAIL_H

#include "audit/event_row.h"

/* Called for each event, in a memory context that is reset after the call. */
typedef void (*ApikeyEventWork) (ApikeyEventRow *row, void *arg);

/* The end of what can be read: flushed, or replayed on a standby. */
extern XLogRecPtr apikey_wal_trail_end(void);

/*
 * The beginning of what can be read: the first of the segments in pg_wal that
 * follow each other up to the end.
 */
extern XLogRecPtr apikey_wal_trail_start(void);

/*
 * Call work for each event whose record begins at from or later, and before to.
 * Returns where the next record begins.  Raises 58P01 if a segment is not there,
 * XX001 if the log is damaged.
 */
extern XLogRecPtr apikey_wal_trail_each(XLogRecPtr from, XLogRecPtr to,
										ApikeyEventWork work, void *arg);

#endif							/* APIKEY_WAL_TRAIL_H */
