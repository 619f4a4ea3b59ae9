/*-------------------------------------------------------------------------
 *
 * pattern_match.c
 *		Matching of a value against a type's pattern; see pattern_match.h.
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
apikey_pattern_matches(const ApikeyKeyType *type, const char *value, size_t len)
{
	ApikeyWideValue *wide;
	volatile bool matches = false;	/* set within PG_TRY */

	if (type->compiled == NULL)
		return true;
	wide = apikey_wide_value_new(value, len);
	PG_TRY();
	{
		matches = apikey_pattern_matches_wide(type, wide);
	}
	PG_FINALLY();
	{
		apikey_wide_value_free(wide);
	}
	PG_END_TRY();
	return matches;
}
