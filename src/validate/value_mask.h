/*-------------------------------------------------------------------------
 *
 * value_mask.h
 *		Values that are not keys, but what stands in place of one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_MASK_H
#define APIKEY_VALUE_MASK_H

#include "validate/key_type.h"
#include "validate/value_finding.h"

/*
 * Is the value what a form shows of a key ("mask": stars, an ellipsis, a word such
 * as [REDACTED]), or text that was to be replaced by a key or contains one with
 * its name ("template": ${OPENAI_API_KEY}, NAME=value)?  Then an error; otherwise
 * NULL.  White space around the value is ignored.  Of a type that allows white
 * space, a value that is long or has several lines may contain such things, but not
 * in place of a private key.
 */
extern ApikeyFinding *apikey_value_check_mask(const ApikeyKeyType *type,
											  const char *value, size_t len);

/*
 * Does a text, a part of a value, consist only of characters that a form shows in
 * place of others: stars, bullets, "x" and the like?  If any_symbol, any character
 * that is not ASCII can be one.  True for an empty text.
 */
extern bool apikey_is_masking(const char *text, size_t len, bool any_symbol);

#endif							/* APIKEY_VALUE_MASK_H */
