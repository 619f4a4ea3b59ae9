/*-------------------------------------------------------------------------
 *
 * wipe.c
 *		Wiping secrets from memory.
 *
 * The function that the C library guarantees not to be optimized away is
 * found without configure: explicit_bzero() of glibc, musl, FreeBSD,
 * OpenBSD and DragonFly, memset_explicit() of C23, memset_s() of C11's Annex K (macOS).  Elsewhere
 * the memory is written through a volatile pointer.  The unit test defines
 * one of the APIKEY_WIPE_... macros to test another than the first that is
 * there.
 *
 *-------------------------------------------------------------------------
 */

/* Before any header: declare explicit_bzero() and memset_s() in <string.h>. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#define __STDC_WANT_LIB_EXT1__ 1

#include <string.h>

#include "wipe.h"

#if defined(APIKEY_WIPE_MEMSET_EXPLICIT) || defined(APIKEY_WIPE_VOLATILE)
#elif __GLIBC__ * 1000 + __GLIBC_MINOR__ >= 2025
#define APIKEY_WIPE_EXPLICIT_BZERO
#elif defined(__linux__) && !defined(__GLIBC__) && !defined(__BIONIC__)
#define APIKEY_WIPE_EXPLICIT_BZERO	/* musl, which has no macro of its own */
#elif defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
#define APIKEY_WIPE_EXPLICIT_BZERO
#elif __STDC_VERSION_STRING_H__ >= 202311L
#define APIKEY_WIPE_MEMSET_EXPLICIT
#elif defined(__STDC_LIB_EXT1__) || defined(__APPLE__)
#define APIKEY_WIPE_MEMSET_S
#endif

void
apikey_wipe(void *memory, size_t len)
{
#if defined(APIKEY_WIPE_EXPLICIT_BZERO)
	explicit_bzero(memory, len);
#elif defined(APIKEY_WIPE_MEMSET_EXPLICIT)
	memset_explicit(memory, 0, len);
#elif defined(APIKEY_WIPE_MEMSET_S)
	memset_s(memory, len, 0, len);
#else
	volatile unsigned char *byte = memory;

	while (len-- > 0)
		*byte++ = 0;
#endif
}
