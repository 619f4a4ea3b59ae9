/*-------------------------------------------------------------------------
 *
 * pattern_text.h
 *		Description of the values that match a pattern, in words.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_PATTERN_TEXT_H
#define APIKEY_PATTERN_TEXT_H

#include "validate/key_type.h"

/*
 * Describe the values of a type that has a pattern, for an error message, such
 * as: "gsk_" and 52 more characters.  Returns a palloc'ed string.
 */
extern char *apikey_pattern_text(const ApikeyKeyType *type);

#endif							/* APIKEY_PATTERN_TEXT_H */
