/*-------------------------------------------------------------------------
 *
 * pattern_match.h
 *		Matching of a value against a pattern.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_PATTERN_MATCH_H
#define APIKEY_PATTERN_MATCH_H

#include "validate/compiled_pattern.h"
#include "validate/key_type.h"

/*
 * Does the value match the type's pattern?  True if the type has none.  Copies of
 * the value are wiped.  Raises 2201B if the pattern is not a valid regular
 * expression.
 */
extern bool apikey_pattern_matches(const ApikeyKeyType *type,
								   const char *value, size_t len);

/* The same, for a value that is matched against many patterns. */
extern bool apikey_pattern_matches_wide(const ApikeyKeyType *type,
										const ApikeyWideValue *wide);

/*
 * Does a value, or a part of one, match the pattern, in Unicode or in the database
 * encoding?  Copies are wiped.  Raises as the others do.
 */
extern bool apikey_pattern_matches_text(ApikeyCompiledPattern *pattern,
										const char *text, size_t len, bool unicode);

#endif							/* APIKEY_PATTERN_MATCH_H */
