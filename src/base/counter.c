/*-------------------------------------------------------------------------
 *
 * counter.c
 *		Counters of what happens, for monitoring; see counter.h.
 *
 * Each is an atomic variable: there is no lock, and what is read of several of
 * them need not be of the same moment.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "base/counter.h"

#define APIKEY_COUNTER(symbol, name, label, label_value, unit) {name, label, label_value, unit},
const ApikeyCounterInfo apikey_counter_info[APIKEY_COUNTERS] = {
#include "base/counter_list.h"
};
#undef APIKEY_COUNTER

typedef struct CounterMemory
{
	TimestampTz since;
	pg_atomic_uint64 values[APIKEY_COUNTERS];
} CounterMemory;

static CounterMemory own_counters;
static CounterMemory *counters = &own_counters;

static shmem_request_hook_type outer_request_hook = NULL;
static shmem_startup_hook_type outer_startup_hook = NULL;

static void
reset_counters(CounterMemory *memory)
{
	memory->since = GetCurrentTimestamp();
	for (int i = 0; i < APIKEY_COUNTERS; i++)
		pg_atomic_init_u64(&memory->values[i], 0);
}

static void
request_counters(void)
{
	if (outer_request_hook)
		outer_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(CounterMemory)));
}

/* In the postmaster, again after a crash of a backend; or in a single-user server. */
static void
start_counters(void)
{
	bool		found;

	if (outer_startup_hook)
		outer_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	counters = ShmemInitStruct("apikey counters", sizeof(CounterMemory), &found);
	if (!found)
		reset_counters(counters);
	LWLockRelease(AddinShmemInitLock);
}

void
apikey_counter_init(void)
{
	reset_counters(&own_counters);
	if (!process_shared_preload_libraries_in_progress)
		return;
	outer_request_hook = shmem_request_hook;
	shmem_request_hook = request_counters;
	outer_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_counters;
}

void
apikey_count_add(ApikeyCounter counter, uint64 number)
{
	pg_atomic_fetch_add_u64(&counters->values[counter], (int64) number);
}

void
apikey_count_refusal(int sqlerrcode)
{
	const char *sqlstate = unpack_sql_state(sqlerrcode);
	int			counter = APIKEY_COUNT_REFUSALS_FIRST;

	while (counter < APIKEY_COUNT_REFUSALS_OTHER &&
		   strcmp(apikey_counter_info[counter].label_value, sqlstate) != 0)
		counter++;
	apikey_count(counter);
}

uint64
apikey_counter_read(ApikeyCounter counter)
{
	return pg_atomic_read_u64(&counters->values[counter]);
}

bool
apikey_counters_are_shared(void)
{
	return counters != &own_counters;
}

TimestampTz
apikey_counters_since(void)
{
	return counters->since;
}
