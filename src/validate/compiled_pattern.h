/*-------------------------------------------------------------------------
 *
 * compiled_pattern.h
 *		The compiled form of a pattern, and values in the form in which they are
 *		matched.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_COMPILED_PATTERN_H
#define APIKEY_COMPILED_PATTERN_H

#include "mb/pg_wchar.h"

typedef struct ApikeyCompiledPattern ApikeyCompiledPattern;

/*
 * In the current memory context, and freed with it.  The pattern must live as
 * long; it is compiled when it is first matched.
 */
extern ApikeyCompiledPattern *apikey_compiled_pattern_new(const text *pattern);

/*
 * A value in the wide characters that the regular expression engine requires.
 * The caller wipes it by calling apikey_wide_value_free(), after errors too.
 */
typedef struct ApikeyWideValue
{
	size_t		len;			/* characters */
	size_t		size;			/* bytes */
	pg_wchar	chars[FLEXIBLE_ARRAY_MEMBER];
} ApikeyWideValue;

extern ApikeyWideValue *apikey_wide_value_new(const char *value, size_t len);

/*
 * The same, but in Unicode whatever the database's encoding is, unless it cannot be
 * converted: for patterns with characters that are not ASCII.
 */
extern ApikeyWideValue *apikey_wide_value_unicode(const char *value, size_t len);

extern void apikey_wide_value_free(ApikeyWideValue *wide);

/*
 * Does the value match the pattern, in the C collation?  Raises 2201B if the
 * pattern is not a valid regular expression.
 */
extern bool apikey_compiled_pattern_matches(ApikeyCompiledPattern *compiled,
											const ApikeyWideValue *wide);

#endif							/* APIKEY_COMPILED_PATTERN_H */
