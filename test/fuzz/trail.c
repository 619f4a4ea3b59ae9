/*-------------------------------------------------------------------------
 *
 * trail.c
 *		libFuzzer's entry to reading events from the write-ahead log.
 *
 * Anyone who may call pg_logical_emit_message() can write a message with any prefix
 * and any content.  PostgreSQL's reader is replaced by one that yields the input's
 * messages.  Nothing raises an error; only messages of ours in this database are
 * read, and an event has the columns that it must have, within their limits.
 *
 *-------------------------------------------------------------------------
 */
#include "backend.h"

#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "access/xlogreader.h"
#include "access/xlogutils.h"
#include "miscadmin.h"
#include "replication/message.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "audit/audit.h"
#include "audit/event_row.h"
#include "audit/wal_trail.h"

#define LSN_MAX		1000
#define DATABASE	5

Oid			MyDatabaseId = DATABASE;
int			wal_segment_size = 16 * 1024 * 1024;

static Input *messages;
static bool is_ours;			/* the message that was read last */
static XLogReaderState reader;

/* PostgreSQL's reader, of an input's messages */

XLogReaderState *
XLogReaderAllocate(int size, const char *waldir, XLogReaderRoutine * routine, void *private_data)
{
	memset(&reader, 0, sizeof(reader));
	reader.private_data = private_data;
	return &reader;
}

void
XLogReaderFree(XLogReaderState *state)
{
}

#undef XLogFindNextRecord

XLogRecPtr
XLogFindNextRecord(XLogReaderState *state, XLogRecPtr from)
{
	state->EndRecPtr = from;
	return from;
}

/* As LogLogicalMessage() writes it. */
static char *
make_message(Input *input, uint8_t flags, size_t *size)
{
	char	   *prefix = flags & 1 ? APIKEY_AUDIT_PREFIX : take_string(input, 20);
	size_t		len = (size_t) take_byte(input) * 8;
	xl_logical_message header = {0};
	char	   *data;

	len = Min(len, input->len);
	header.dbId = flags & 2 ? DATABASE : DATABASE + 1;
	header.transactional = (flags & 4) != 0;
	header.prefix_size = strlen(prefix) + 1;
	header.message_size = len;
	*size = SizeOfLogicalMessage + header.prefix_size + len;
	data = palloc(*size);
	memcpy(data, &header, SizeOfLogicalMessage);
	memcpy(data + SizeOfLogicalMessage, prefix, header.prefix_size);
	if (len > 0)
		memcpy(data + SizeOfLogicalMessage + header.prefix_size, input->data, len);
	input->data += len;
	input->len -= len;
	is_ours = strcmp(prefix, APIKEY_AUDIT_PREFIX) == 0 && header.dbId == DATABASE &&
		!header.transactional;
	return data;
}

XLogRecord *
XLogReadRecord(XLogReaderState *state, char **errormsg)
{
	DecodedXLogRecord *record = palloc0(sizeof(DecodedXLogRecord));
	uint8_t		flags = take_byte(messages);
	size_t		size;

	*errormsg = NULL;
	if (messages->len == 0)
	{
		((ReadLocalXLogPageNoWaitPrivate *) state->private_data)->end_of_wal = true;
		return NULL;
	}
	record->main_data = make_message(messages, flags, &size);
	record->main_data_len = size;
	record->header.xl_rmid = flags & 8 ? RM_LOGICALMSG_ID : RM_XLOG_ID;
	is_ours = is_ours && (flags & 8);
	state->record = record;
	state->ReadRecPtr = state->EndRecPtr;
	state->EndRecPtr++;
	return &record->header;
}

bool
RecoveryInProgress(void)
{
	return false;
}

XLogRecPtr
GetFlushRecPtr(TimeLineID *insertTLI)
{
	return LSN_MAX;
}

/* What the columns are made of */

ArrayBuildState *
accumArrayResult(ArrayBuildState *astate, Datum dvalue, bool disnull, Oid element_type,
				 MemoryContext rcontext)
{
	demand(!disnull && VARSIZE_ANY(DatumGetPointer(dvalue)) >= VARHDRSZ);
	return astate != NULL ? astate : palloc0(sizeof(ArrayBuildState));
}

Datum
makeArrayResult(ArrayBuildState *astate, MemoryContext rcontext)
{
	return PointerGetDatum(astate);
}

/* The date must be one, but need not be right. */
int
tm2timestamp(struct pg_tm *tm, fsec_t fsec, int *tzp, Timestamp * result)
{
	demand(tm->tm_year > 0 && tm->tm_year <= 9999 && tm->tm_mon >= 1 && tm->tm_mon <= 12 &&
		   tm->tm_mday >= 1 && tm->tm_mday <= 31 && tm->tm_hour >= 0 && tm->tm_hour < 24 &&
		   tm->tm_min >= 0 && tm->tm_min < 60 && tm->tm_sec >= 0 && tm->tm_sec < 60 &&
		   fsec >= 0 && fsec < USECS_PER_SEC);
	*result = fsec;
	return 0;
}

static void
check_event(ApikeyEventRow *row, void *arg)
{
	demand(is_ours);
	for (int i = 0; i < 4; i++)
		demand(!row->nulls[i]);
	demand(DatumGetUInt64(row->values[0]) == reader.ReadRecPtr);
	demand(VARSIZE_ANY(DatumGetPointer(row->values[2])) >= VARHDRSZ);
}

/* An event as it is written, beside whatever the input has. */
static void
read_written(Input *input)
{
	static const char event[] = "{\"occurred_at\":\"2026-11-25T19:30:00.123456Z\",\"action\":\"reveal\","
	"\"outcome\":\"ok\",\"key_id\":\"00000000-0000-4000-8000-000000000000\",\"changed\":[\"name\"],\"count\":12,\"pid\":1}";
	ApikeyEventRow row;

	demand(apikey_event_row_read(7, event, strlen(event), &row));
	demand(!row.nulls[5] && !row.nulls[8] && DatumGetInt64(row.values[9]) == 12);
	demand(!apikey_event_row_read(7, event, strlen(event) - 1, &row));
}

static void
read_trail(Input *input)
{
	messages = input;
	apikey_wal_trail_each(1, LSN_MAX, check_event, NULL);
	read_written(input);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};

	demand(call_backend(read_trail, &input));
	return 0;
}
