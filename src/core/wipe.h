/*-------------------------------------------------------------------------
 *
 * wipe.h
 *		Wiping secrets from memory.
 *
 * The compiler may leave out a memset() of memory that is not read again.
 * Above the core, explicit_bzero() does the same: PostgreSQL provides it
 * where the C library does not (port.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_WIPE_H
#define APIKEY_WIPE_H

#include <stddef.h>

/* Overwrite len bytes with zeros.  len may be 0; memory must not be NULL. */
extern void apikey_wipe(void *memory, size_t len);

#endif							/* APIKEY_WIPE_H */
