/*-------------------------------------------------------------------------
 *
 * secret_test.c
 *		That the memory of keys is zeroed, left out of core dumps, wiped when
 *		freed, and limited.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "secret.h"
#include "support.h"

#define SIZE	100
#define MOST	100000			/* more than there is room for */

/* Has the mapping of an address the flag "dd" (do not dump)?  Linux only. */
static bool
is_undumped(const void *address)
{
	FILE	   *maps = fopen("/proc/self/smaps", "r");
	char		line[4096];
	unsigned long start;
	unsigned long end;
	bool		inside = false;
	bool		found = false;

	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL)
	{
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (unsigned long) address >= start && (unsigned long) address < end;
		if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, " dd ") != NULL;
	}
	if (maps != NULL)
		fclose(maps);
	return found;
}

static void
test_one(void)
{
	uint8_t    *secret = apikey_secret_new(SIZE);
	uint8_t    *ordinary = need(SIZE);

	ok(secret != NULL && all_zero(secret, SIZE), "the memory is zeroed");
	ok(is_undumped(secret) && !is_undumped(ordinary),
	   "a core dump does not contain it, as it contains other memory");
	memset(secret, 0xEE, SIZE);
	apikey_secret_free(secret, SIZE);

	/* The heap is never unmapped, so freed memory can be read. */
	ok(all_zero(secret + 16, SIZE - 16), "it is wiped when it is freed");
	apikey_secret_free(NULL, SIZE);
	free(ordinary);
}

static void
test_many(void)
{
	static void *secrets[MOST];
	int			count = 0;
	int			undumped = 0;

	while (count < MOST && (secrets[count] = apikey_secret_new(128)) != NULL)
		count++;
	ok(count > 30000 && count < MOST, "there is room for %d keys, and then none", count);
	undumped = is_undumped(secrets[0]) + is_undumped(secrets[count - 1]);
	ok(undumped == 2, "none of them in ordinary memory");
	for (int i = 0; i < count; i++)
		apikey_secret_free(secrets[i], 128);
	secrets[0] = apikey_secret_new(128);
	ok(secrets[0] != NULL, "freed memory can be used again");
	apikey_secret_free(secrets[0], 128);
}

int
main(void)
{
	test_one();
	test_many();
	return done();
}
