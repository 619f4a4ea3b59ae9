/*-------------------------------------------------------------------------
 *
 * event_row.h
 *		Events as rows of apikey.audit_log.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_EVENT_ROW_H
#define APIKEY_EVENT_ROW_H

#include "access/xlogdefs.h"

#include "audit/event.h"

/* The columns of apikey.audit_log. */
#define APIKEY_EVENT_COLUMNS	18

typedef struct ApikeyEventRow
{
	Datum		values[APIKEY_EVENT_COLUMNS];
	bool		nulls[APIKEY_EVENT_COLUMNS];
} ApikeyEventRow;

/*
 * Read the JSON of a record, of len bytes, that stands at lsn, in the current memory
 * context.  False if it is no event: whoever may call pg_logical_emit_message() can
 * write anything.  Raises nothing but out of memory.
 */
extern bool apikey_event_row_read(XLogRecPtr lsn, const char *json, size_t len,
								  ApikeyEventRow *row);

/* Is the row an event of this action? */
extern bool apikey_event_row_is(const ApikeyEventRow *row, ApikeyAction action);

#endif							/* APIKEY_EVENT_ROW_H */
