/*-------------------------------------------------------------------------
 *
 * result.h
 *		What every function of the crypto core returns.
 *
 * The core knows nothing of PostgreSQL: it never raises, never allocates
 * from a memory context and never logs.  The caller decides what error a
 * result becomes, after it has wiped what it must.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_RESULT_H
#define APIKEY_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ApikeyResult
{
	APIKEY_OK,
	APIKEY_MALFORMED,			/* not the format: length, version, alphabet */
	APIKEY_UNOPENED,			/* wrong key, wrong context or altered */
	APIKEY_LIBCRYPTO_FAILED		/* libcrypto refused or memory ran out */
} ApikeyResult;

/* Bytes that somebody else owns. */
typedef struct ApikeySpan
{
	const void *data;
	size_t		len;
} ApikeySpan;

#endif							/* APIKEY_RESULT_H */
