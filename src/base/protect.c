/*-------------------------------------------------------------------------
 *
 * protect.c
 *		Memory that contains keys; see protect.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/mman.h>

#include "base/protect.h"

/* FreeBSD and others have their own name for it. */
#if !defined(MADV_DONTDUMP) && defined(MADV_NOCORE)
#define MADV_DONTDUMP MADV_NOCORE
#endif

/*
 * A lock is not inherited by fork(), but the pages of a shared mapping stay in
 * memory as long as one process has locked them.  Huge pages can be excluded
 * only as a whole, so madvise() fails; the kernel's default leaves them out of
 * core dumps, and never swaps them.
 */
bool
apikey_protect_memory(void *start, size_t size)
{
#ifdef MADV_DONTDUMP
	(void) madvise(start, size, MADV_DONTDUMP);
#endif
	return mlock(start, size) == 0;
}
