/*-------------------------------------------------------------------------
 *
 * key_cache_memory.c
 *		The shared memory of key_cache.c: allocated when the server starts,
 *		protected, and wiped when it stops.
 *
 * It contains raw keys.  It lies in the server's main segment, on pages of its
 * own: these are left out of core dumps, and locked by the postmaster, which
 * keeps them in memory for all processes.  After a crash of a backend the
 * postmaster wipes it, as it does at shutdown, and starts with an empty one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <unistd.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "base/protect.h"
#include "keys/key_cache_memory.h"

#define NAME "apikey"			/* of the memory, and of its lock's tranche */

ApikeyKeyCacheMemory *apikey_key_cache_memory = NULL;

static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static Size
page_size(void)
{
	return (Size) sysconf(_SC_PAGESIZE);
}

/* Whole pages. */
static Size
cache_size(void)
{
	return TYPEALIGN(page_size(), sizeof(ApikeyKeyCacheMemory));
}

/* With a page more, so that the structure can start with a page. */
static void
request_cache_memory(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(add_size(cache_size(), page_size()));
	RequestNamedLWLockTranche(NAME, 1);
}

static void
wipe_cache_memory(int code, Datum arg)
{
	ApikeyKeyCacheMemory *memory = apikey_key_cache_memory;

	apikey_key_cache_memory = NULL;
	for (int i = 0; i < APIKEY_KEY_KINDS; i++)
		explicit_bzero(&memory->entries[i].keys, sizeof(ApikeyKeytext));
}

static void
fill_cache_memory(ApikeyKeyCacheMemory *memory)
{
	memset(memory, 0, cache_size());
	memory->lock = &GetNamedLWLockTranche(NAME)->lock;
	for (int i = 0; i < APIKEY_KEY_KINDS; i++)
	{
		pg_atomic_init_u64(&memory->entries[i].epoch, 1);
		ConditionVariableInit(&memory->entries[i].read_ended);
	}
	if (!apikey_protect_memory(memory, cache_size()))
		ereport(LOG,
				(errmsg("could not lock the memory of apikey's keys: %m"),
				 errhint("Raise the server's limit on locked memory (ulimit -l) by %zu kB, or encrypt the swap space.",
						 cache_size() / 1024)));
}

/* In the postmaster, or in a single-user server. */
static void
start_cache_memory(void)
{
	bool		found;
	void	   *start;

	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	start = ShmemInitStruct(NAME, add_size(cache_size(), page_size()), &found);
	apikey_key_cache_memory = (ApikeyKeyCacheMemory *) TYPEALIGN(page_size(), start);
	if (!found)
		fill_cache_memory(apikey_key_cache_memory);
	LWLockRelease(AddinShmemInitLock);
	on_shmem_exit(wipe_cache_memory, (Datum) 0);
}

void
apikey_key_cache_memory_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_cache_memory;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_cache_memory;
}
