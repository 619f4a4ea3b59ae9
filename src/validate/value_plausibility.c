/*-------------------------------------------------------------------------
 *
 * value_plausibility.c
 *		Checks that recognize invented and mistyped values.
 *
 * The value is read in place.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "validate/checksum.h"
#include "validate/value_finding.h"
#include "validate/value_plausibility.h"

#define SAME_IN_A_ROW	8		/* equal characters; no real key has so many */

/* What people write in place of a key, in any case; and the first letters. */
static const char *const placeholders[] = {
	"example", "placeholder", "xxxxx", "changeme", "change_me",
	"yourapi", "your_api", "your-api", "yourkey", "your_key", "your-key",
	"yourtoken", "your_token", "your-token"
};
static const char first_letters[] = "epxcyEPXCY";

/*
 * apikey.strict_checks
 *
 * If on, a placeholder or a failed checksum is an error instead of a warning.
 * Only a superuser can set it, for the server, a database or a role.
 */
static bool strict_checks = false;

static bool
begins_with_placeholder(const char *text, size_t len)
{
	if (memchr(first_letters, *text, strlen(first_letters)) == NULL)
		return false;
	for (size_t i = 0; i < lengthof(placeholders); i++)
	{
		size_t		word_len = strlen(placeholders[i]);

		if (word_len <= len && pg_strncasecmp(text, placeholders[i], word_len) == 0)
			return true;
	}
	return false;
}

/*
 * Does the value contain SAME_IN_A_ROW equal characters or one of the
 * placeholders?  A regular expression would need a copy of the value.
 */
static bool
is_placeholder(const char *value, size_t len)
{
	size_t		same = 0;

	for (size_t i = 0; i < len; i++)
	{
		same = (i > 0 && value[i] == value[i - 1]) ? same + 1 : 1;
		if (same == SAME_IN_A_ROW || begins_with_placeholder(value + i, len - i))
			return true;
	}
	return false;
}

List *
apikey_value_check_plausibility(const ApikeyKeyType *type, const char *value, size_t len)
{
	List	   *findings = NIL;

	/* Base64 has runs of "A", and a name in a JSON object may be an example. */
	if (!type->allow_whitespace && is_placeholder(value, len))
		findings = lappend(findings,
						   apikey_value_finding(strict_checks, "placeholder",
												pstrdup("value looks like a placeholder, not a real key"),
												"Copy the key from the provider's own page."));
	if (type->checksum != NULL &&
		!apikey_checksum_passes(type->checksum, value, len))
		findings = lappend(findings,
						   apikey_value_finding(strict_checks, "checksum",
												psprintf("value fails the checksum of type \"%s\" (%s)",
														 type->name, type->label),
												"A character may be missing or mistyped; copy the key again."));
	return findings;
}

void
apikey_value_plausibility_init(void)
{
	DefineCustomBoolVariable("apikey.strict_checks",
							 "Reports doubts about a value as errors.",
							 "If on, a value that looks like a placeholder or fails its checksum is refused instead of stored with a warning.",
							 &strict_checks,
							 false,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}
