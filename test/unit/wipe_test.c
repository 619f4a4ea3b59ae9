/*-------------------------------------------------------------------------
 *
 * wipe_test.c
 *		That apikey_wipe() wipes what it is given, nothing else, and also what
 *		is not read again.
 *
 * The last is tried on the stack of a thread that has ended: the test owns the
 * memory of that stack, so that it can search it for the secret.
 *
 *-------------------------------------------------------------------------
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "wipe.h"

#define STACK_SIZE	(1024 * 1024)
/* More than the registers hold, which may be saved on the stack. */
#define SECRET_SIZE	1024
/* So that the secret lies deeper than what the end of a thread overwrites. */
#define FRAME_SIZE	8192

static void
test_extent(void)
{
	int			wrong = 0;

	for (size_t len = 0; len <= 100; len++)
	{
		uint8_t    *before = pattern(102, 1);
		uint8_t    *after = pattern(102, 1);

		apikey_wipe(after + 1, len);
		wrong += !all_zero(after + 1, len) ||
			after[0] != before[0] ||
			memcmp(after + 1 + len, before + 1 + len, 101 - len) != 0;
		free(before);
		free(after);
	}
	ok(wrong == 0, "the bytes given are zeros, and no others");
}

static const uint8_t *secret;

static void
copy_secret(uint8_t *copy)
{
	memcpy(copy, secret, SECRET_SIZE);
}

/* Called through a pointer that the compiler cannot see through. */
static void (*volatile put_secret) (uint8_t *copy) = copy_secret;

/* AddressSanitizer keeps the variables of a function elsewhere by default (gcc 13). */
#define ON_STACK	__attribute__((no_sanitize("address")))

/* Put the secret on the stack, and leave it there or wipe it. */
ON_STACK static void *
leave(void *unused)
{
	uint8_t		copy[FRAME_SIZE];

	put_secret(copy);
	return unused;
}

ON_STACK static void *
wipe(void *unused)
{
	uint8_t		copy[FRAME_SIZE];

	put_secret(copy);
	apikey_wipe(copy, SECRET_SIZE);
	return unused;
}

/* How often the secret stands on the stack of a thread that ran function. */
static int
count_left(void *(*function) (void *))
{
	uint8_t    *stack = need(STACK_SIZE);
	int			found = 0;
	pthread_attr_t attributes;
	pthread_t	thread;

	memset(stack, 0, STACK_SIZE);
	if (pthread_attr_init(&attributes) != 0 ||
		pthread_attr_setstack(&attributes, stack, STACK_SIZE) != 0 ||
		pthread_create(&thread, &attributes, function, NULL) != 0 ||
		pthread_join(thread, NULL) != 0)
		abort();
	pthread_attr_destroy(&attributes);
	for (size_t i = 0; i + SECRET_SIZE <= STACK_SIZE; i++)
		found += memcmp(stack + i, secret, SECRET_SIZE) == 0;
	free(stack);
	return found;
}

static void
test_not_optimized_away(void)
{
	uint8_t    *sought = pattern(SECRET_SIZE, 2);

	secret = sought;
	ok(count_left(leave) > 0, "a secret that is not wiped stays on the stack");
	ok(count_left(wipe) == 0, "one that is wiped does not");
	free(sought);
}

int
main(void)
{
	test_extent();
	test_not_optimized_away();
	return done();
}
