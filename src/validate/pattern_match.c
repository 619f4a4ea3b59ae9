/*-------------------------------------------------------------------------
 *
 * pattern_match.c
 *		Matching of a value against a pattern; see pattern_match.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "validate/pattern_match.h"

bool
apikey_pattern_matches_wide(const ApikeyKeyType *type, const ApikeyWideValue *wide)
{
	return type->compiled == NULL ||
		apikey_compiled_pattern_matches(type->compiled, wide);
}

bool
apikey_pattern_matches_text(ApikeyCompiledPattern *pattern,
							const char *text, size_t len, bool unicode)
{
	ApikeyWideValue *wide = unicode ?
	apikey_wide_value_unicode(text, len) : apikey_wide_value_new(text, len);
	volatile bool matches = false;	/* set within PG_TRY */

	PG_TRY();
	{
		matches = apikey_compiled_pattern_matches(pattern, wide);
	}
	PG_FINALLY();
	{
		apikey_wide_value_free(wide);
	}
	PG_END_TRY();
	return matches;
}

bool
apikey_pattern_matches(const ApikeyKeyType *type, const char *value, size_t len)
{
	return type->compiled == NULL ||
		apikey_pattern_matches_text(type->compiled, value, len, false);
}
