/*-------------------------------------------------------------------------
 *
 * in_flight.c
 *		The values of the current statement; see in_flight.h.
 *
 * The copies lie in memory of this process that is locked and left out of core
 * dumps.  It has two halves: when one is full, the other is wiped and used, so that
 * the latest values are always there, in however many rows a statement reveals one.
 *
 * They are wiped when the next statement of the client starts, which is noticed
 * when it adds or searches, and at the end of the transaction.  In between, a
 * message about the duration of the statement may still quote them; so if one can
 * follow, the end of the transaction leaves them.  So does one that the statement
 * itself ends, as a procedure does, since it goes on; but not if the process exits.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/mman.h>

#include "access/xact.h"
#include "storage/ipc.h"
#include "tcop/pquery.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/protect.h"
#include "core/value_match.h"
#include "redact/in_flight.h"

/* As much of a value as it takes to recognize it: the longest key that is stored. */
#define MAX_COPY	8192
#define HALF_SIZE	(32 * 1024)
#define HALVES		2

/* In a half: a length, the bytes, and so on. */
typedef uint16 CopyLength;

static char *halves = NULL;
static size_t used[HALVES];
static int	current = 0;		/* the half that is being filled */
static TimestampTz statement_start;

static char *
half_start(int half)
{
	return halves + half * HALF_SIZE;
}

static void
wipe_half(int half)
{
	if (used[half] > 0)
		explicit_bzero(half_start(half), used[half]);
	used[half] = 0;
}

static void
wipe_all(void)
{
	for (int half = 0; half < HALVES; half++)
		wipe_half(half);
}

static void
wipe_earlier_statement(void)
{
	if (statement_start != GetCurrentStatementStartTimestamp())
		wipe_all();
	statement_start = GetCurrentStatementStartTimestamp();
}

/*
 * Allocated when the first value comes: the lock is not inherited by fork().  A
 * system that does not permit the lock is no reason to do without.
 */
static bool
have_memory(void)
{
	void	   *mapping;

	if (halves != NULL)
		return true;
	mapping = mmap(NULL, HALVES * HALF_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapping == MAP_FAILED)
		return false;
	(void) apikey_protect_memory(mapping, HALVES * HALF_SIZE);
	halves = mapping;
	return true;
}

void
apikey_in_flight_add(const char *value, size_t len)
{
	CopyLength	size = Min(len, MAX_COPY);
	char	   *end;

	if (len < APIKEY_VALUE_MATCH_MIN || !have_memory())
		return;
	wipe_earlier_statement();
	if (used[current] + sizeof(size) + size > HALF_SIZE)
	{
		current = (current + 1) % HALVES;
		wipe_half(current);
	}
	end = half_start(current) + used[current];
	memcpy(end, &size, sizeof(size));
	memcpy(end + sizeof(size), value, size);
	used[current] += sizeof(size) + size;
}

bool
apikey_in_flight_is_empty(void)
{
	wipe_earlier_statement();
	for (int half = 0; half < HALVES; half++)
		if (used[half] > 0)
			return false;
	return true;
}

static bool
hide_half(int half, char *text, size_t len)
{
	CopyLength	size;
	bool		found = false;

	for (size_t pos = 0; pos < used[half]; pos += sizeof(size) + size)
	{
		const char *copy = half_start(half) + pos;

		memcpy(&size, copy, sizeof(size));
		found |= apikey_value_hide(text, len, copy + sizeof(size), size);
	}
	return found;
}

bool
apikey_in_flight_hide(char *text, size_t len)
{
	bool		found = false;

	wipe_earlier_statement();
	for (int half = 0; half < HALVES; half++)
		found |= hide_half(half, text, len);
	return found;
}

/* Can a message about the duration of the statement follow? */
static bool
logs_duration(void)
{
	return log_duration || log_min_duration_statement >= 0 || log_min_duration_sample >= 0;
}

static void
end_transaction(XactEvent event, void *arg)
{
	bool		has_ended = event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
	event == XACT_EVENT_PREPARE;

	if (has_ended && (ActivePortal == NULL || proc_exit_inprogress) &&
		(event == XACT_EVENT_ABORT || !logs_duration()))
		wipe_all();
}

void
apikey_in_flight_init(void)
{
	RegisterXactCallback(end_transaction, NULL);
}
