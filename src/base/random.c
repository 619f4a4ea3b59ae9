/*-------------------------------------------------------------------------
 *
 * random.c
 *		Cryptographically strong random bytes, from a pool of this process.
 *
 * A call of pg_strong_random() is expensive compared to the bytes of one
 * nonce, so bytes for some nonces are generated at once.  Each byte is used once
 * and then wiped from the pool.
 *
 * Two copies of the pool would give the same bytes.  Therefore it belongs to the
 * process that filled it, since a fork copies it, and to one transaction, since
 * a virtual machine can be copied between two: it is small, and what is left at
 * the end of the transaction is never used.  That what is generated is not
 * repeated in a copy depends on the system; nonces are made from more than these
 * bytes (apikey_make_nonce).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "base/errors.h"
#include "base/random.h"

#define POOL_SIZE	256

static unsigned char pool[POOL_SIZE];
static size_t pool_left = 0;	/* unused bytes, at the end of the pool */
static int	pool_owner = 0;		/* the process that filled it */
static TimestampTz pool_transaction = 0;	/* when its transaction started */

static bool
is_own_pool(void)
{
	return pool_owner == MyProcPid &&
		pool_transaction == GetCurrentTransactionStartTimestamp();
}

/* Fill the pool.  On failure, it raises an error and leaves the pool empty. */
static void
refill(void)
{
	pool_left = 0;
	pool_owner = MyProcPid;
	pool_transaction = GetCurrentTransactionStartTimestamp();
	if (!pg_strong_random(pool, POOL_SIZE))
	{
		explicit_bzero(pool, POOL_SIZE);
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random bytes"),
				 apikey_err_hide_statement()));
	}
	pool_left = POOL_SIZE;
}

void
apikey_random(void *buffer, size_t len)
{
	unsigned char *out = buffer;

	while (len > 0)
	{
		unsigned char *from;
		size_t		part;

		if (pool_left == 0 || !is_own_pool())
			refill();
		part = Min(len, pool_left);
		from = pool + POOL_SIZE - pool_left;
		memcpy(out, from, part);
		explicit_bzero(from, part);
		pool_left -= part;
		out += part;
		len -= part;
	}
}

void
apikey_random_uuid(unsigned char *uuid)
{
	apikey_random(uuid, 16);

	/* RFC 9562: version 4 in the seventh byte, variant 10 in the ninth. */
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
}
