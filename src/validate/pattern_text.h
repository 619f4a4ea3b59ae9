/*-------------------------------------------------------------------------
 *
 * pattern_text.h
 *		The form of a type's values, in words.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_PATTERN_TEXT_H
#define APIKEY_PATTERN_TEXT_H

#include "validate/key_type.h"

/*
 * What to expect of a value, for an error message: "gsk_" and 52 more
 * characters; palloc'ed.
 */
extern char *apikey_pattern_text(const ApikeyKeyType *type);

/*
 * The end of what begins at p within a valid pattern and is read as one: an
 * escape, a bracket expression, a comment, else a single byte.  Not at the
 * pattern's end.
 */
extern const char *apikey_pattern_next(const char *p);

#endif							/* APIKEY_PATTERN_TEXT_H */
