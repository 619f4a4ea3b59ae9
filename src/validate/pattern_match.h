/*-------------------------------------------------------------------------
 *
 * pattern_match.h
 *		Matching of a value against a type's pattern.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_PATTERN_MATCH_H
#define APIKEY_PATTERN_MATCH_H

#include "validate/key_type.h"

/*
 * Does the value match the type's pattern, in the C collation?  True if the
 * type has no pattern.  Copies of the value are wiped.  Raises 2201B if the
 * pattern is not a valid regular expression.
 */
extern bool apikey_pattern_matches(const ApikeyKeyType *type,
								   const char *value, size_t len);

#endif							/* APIKEY_PATTERN_MATCH_H */
