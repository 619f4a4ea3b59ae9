/*-------------------------------------------------------------------------
 *
 * secret.c
 *		Memory for keys, from libcrypto's secure heap.
 *
 * The heap is one mapping between two guard pages.  It has a fixed size, since
 * libcrypto cannot enlarge it: room for 32,000 data keys, of which the
 * pages that are in use take memory.  If another part of the process has
 * created it, that one is used.
 *
 * Without a heap, libcrypto would fall back to ordinary memory, so nothing is
 * allocated then.  A lock that the system does not permit is no failure: keys
 * may then reach the swap space, but no core dump.
 *
 *-------------------------------------------------------------------------
 */
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "secret.h"

#define HEAP_SIZE	((size_t) 4 << 20)	/* a power of two */
#define BLOCK_SIZE	64			/* the smallest allocation, likewise */

void *
apikey_secret_new(size_t size)
{
	void	   *secret = NULL;

	if (CRYPTO_secure_malloc_initialized() == 1 ||
		CRYPTO_secure_malloc_init(HEAP_SIZE, BLOCK_SIZE) != 0)
		secret = OPENSSL_secure_zalloc(size);
	ERR_clear_error();
	return secret;
}

void
apikey_secret_free(void *secret, size_t size)
{
	OPENSSL_secure_clear_free(secret, size);
}
