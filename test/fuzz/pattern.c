/*-------------------------------------------------------------------------
 *
 * pattern.c
 *		libFuzzer's entry to the description of a key type's pattern.
 *
 * An administrator writes patterns.  They have been compiled before: a bound is at
 * most 255.
 *
 *-------------------------------------------------------------------------
 */
#include "backend.h"

#include "utils/builtins.h"

#include "validate/pattern_scan.h"
#include "validate/pattern_text.h"

#define BOUND_DIGITS	3

static bool
has_large_bound(const char *pattern)
{
	const char *digits = "0123456789";

	for (const char *p = strpbrk(pattern, digits); p != NULL;
		 p = strpbrk(p + strspn(p, digits), digits))
		if (strspn(p, digits) > BOUND_DIGITS)
			return true;
	return false;
}

static void
read_pattern(Input *input)
{
	char	   *prefixes[] = {"sk-", "sk_", NULL};
	ApikeyKeyType type = {.name = "type",.prefixes = prefixes + 2 * (take_byte(input) & 1)};
	char	   *pattern = take_string(input, 1000);
	const char *next;

	for (const char *p = pattern; *p != '\0'; p = next)
	{
		next = apikey_pattern_next(p);
		demand(next > p && next <= pattern + strlen(pattern));
	}
	if (has_large_bound(pattern))
		return;
	type.pattern = cstring_to_text(pattern);
	demand(*apikey_pattern_text(&type) != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};

	demand(call_backend(read_pattern, &input));
	return 0;
}
