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
 * NULL.  A value of a type that allows white space may contain anything.
 */
extern ApikeyFinding *apikey_value_check_mask(const ApikeyKeyType *type,
											  const char *value, size_t len);

#endif							/* APIKEY_VALUE_MASK_H */
