/*-------------------------------------------------------------------------
 *
 * wal_trail.c
 *		The events in the server's write-ahead log; see wal_trail.h.
 *
 * PostgreSQL's reader reads the log as it is in pg_wal, up to what has been flushed.
 * It holds a file descriptor, which it closes when it is freed: also on error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/rmgr.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "access/xlogreader.h"
#include "access/xlogrecovery.h"
#include "access/xlogutils.h"
#include "miscadmin.h"
#include "replication/message.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "audit/audit.h"
#include "audit/wal_trail.h"
#include "base/errors.h"
#include "compat.h"

XLogRecPtr
apikey_wal_trail_end(void)
{
	return RecoveryInProgress() ? GetXLogReplayRecPtr(NULL) : GetFlushRecPtr(NULL);
}

static int
compare_segments(const void *a, const void *b)
{
	XLogSegNo	left = *(const XLogSegNo *) a;
	XLogSegNo	right = *(const XLogSegNo *) b;

	return left < right ? -1 : left > right;
}

/* The numbers of the segments in pg_wal, of any timeline, in order. */
static int
list_segments(XLogSegNo **segments)
{
	DIR		   *dir = AllocateDir(XLOGDIR);
	int			room = 64;
	int			count = 0;
	struct dirent *entry;

	*segments = palloc(room * sizeof(XLogSegNo));
	while ((entry = ReadDir(dir, XLOGDIR)) != NULL)
	{
		TimeLineID	timeline;

		CHECK_FOR_INTERRUPTS();
		if (!IsXLogFileName(entry->d_name))
			continue;
		if (count == room)
		{
			room *= 2;
			*segments = repalloc(*segments, room * sizeof(XLogSegNo));
		}
		XLogFromFileName(entry->d_name, &timeline, &(*segments)[count], wal_segment_size);
		count++;
	}
	FreeDir(dir);
	qsort(*segments, count, sizeof(XLogSegNo), compare_segments);
	return count;
}

/* Segments after the current one are there for reuse. */
XLogRecPtr
apikey_wal_trail_start(void)
{
	XLogSegNo  *segments;
	int			count = list_segments(&segments);
	XLogSegNo	first;
	XLogRecPtr	start;

	XLByteToSeg(apikey_wal_trail_end(), first, wal_segment_size);
	for (int i = count - 1; i >= 0 && segments[i] + 1 >= first; i--)
		first = Min(first, segments[i]);
	XLogSegNoOffsetToRecPtr(first, 0, wal_segment_size, start);
	return start;
}

/* The JSON of our record, and its length; NULL for any other record. */
static const char *
event_of_record(XLogReaderState *reader, size_t *len)
{
	const xl_logical_message *message;

	if (XLogRecGetRmid(reader) != RM_LOGICALMSG_ID)
		return NULL;
	message = (const xl_logical_message *) XLogRecGetData(reader);
	if (message->dbId != MyDatabaseId || message->transactional ||
		strcmp(message->message, APIKEY_AUDIT_PREFIX) != 0)
		return NULL;
	*len = message->message_size;
	return message->message + message->prefix_size;
}

static void
pass_event(XLogReaderState *reader, ApikeyEventWork work, void *arg)
{
	size_t		len;
	const char *json = event_of_record(reader, &len);
	ApikeyEventRow row;

	if (json != NULL && apikey_event_row_read(reader->ReadRecPtr, json, len, &row))
		work(&row, arg);
}

static XLogReaderState *
new_reader(ReadLocalXLogPageNoWaitPrivate *end)
{
	XLogReaderState *reader = XLogReaderAllocate(wal_segment_size, NULL,
												 XL_ROUTINE(.page_read = read_local_xlog_page_no_wait,
															.segment_open = wal_segment_open,
															.segment_close = wal_segment_close),
												 end);

	if (reader == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 apikey_err_hide_statement()));
	return reader;
}

/* Nothing but the end of the log ends the reading of it without an error. */
static void
raise_unreadable(XLogRecPtr at, const char *error)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("could not read the write-ahead log at %X/%X: %s",
					LSN_FORMAT_ARGS(at), error != NULL ? error : "there is no valid record"),
			 apikey_err_hide_statement()));
}

/* Go to the first record at from or later; false if there is none yet. */
static bool
find_record(XLogReaderState *reader, XLogRecPtr from)
{
	ReadLocalXLogPageNoWaitPrivate *end = reader->private_data;
	char	   *error = NULL;

	if (XLogFindNextRecord(reader, from, &error) != InvalidXLogRecPtr)
		return true;
	if (!end->end_of_wal)
		raise_unreadable(from, error);
	return false;
}

/* Read the next record before to; false at the end. */
static bool
read_record(XLogReaderState *reader, XLogRecPtr to)
{
	ReadLocalXLogPageNoWaitPrivate *end = reader->private_data;
	char	   *error;

	CHECK_FOR_INTERRUPTS();
	if (reader->EndRecPtr >= to)
		return false;
	if (XLogReadRecord(reader, &error) != NULL)
		return reader->ReadRecPtr < to;
	if (!end->end_of_wal && error != NULL)
		raise_unreadable(reader->EndRecPtr, error);
	return false;
}

static XLogRecPtr
read_events(XLogReaderState *reader, XLogRecPtr from, XLogRecPtr to,
			ApikeyEventWork work, void *arg)
{
	MemoryContext per_record = AllocSetContextCreate(CurrentMemoryContext, "apikey record",
													 ALLOCSET_DEFAULT_SIZES);
	XLogRecPtr	next = from;

	to = Min(to, apikey_wal_trail_end());
	if (from >= to || !find_record(reader, from))
		return from;
	while (read_record(reader, to))
	{
		MemoryContext caller = MemoryContextSwitchTo(per_record);

		pass_event(reader, work, arg);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(per_record);
		next = reader->EndRecPtr;
	}
	MemoryContextDelete(per_record);
	return next;
}

XLogRecPtr
apikey_wal_trail_each(XLogRecPtr from, XLogRecPtr to, ApikeyEventWork work, void *arg)
{
	ReadLocalXLogPageNoWaitPrivate end = {0};
	XLogReaderState *reader = new_reader(&end);
	volatile XLogRecPtr next = from;	/* set within PG_TRY */

	PG_TRY();
	{
		next = read_events(reader, from, to, work, arg);
	}
	PG_FINALLY();
	{
		XLogReaderFree(reader);
	}
	PG_END_TRY();
	return next;
}
