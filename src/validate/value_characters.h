/*-------------------------------------------------------------------------
 *
 * value_characters.h
 *		The length and the characters of a value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_CHARACTERS_H
#define APIKEY_VALUE_CHARACTERS_H

#include "fmgr.h"

#include "validate/key_type.h"
#include "validate/value_finding.h"

#define APIKEY_VALUE_MAX	8192	/* bytes, in the database encoding */

/*
 * The value in argument number arg (from 0) of the call, a text, without the
 * white space at both ends; empty if the argument is NULL.  It is not copied.
 * The trimmed value is what is validated and stored.
 */
extern void apikey_value_read(FunctionCallInfo fcinfo, int arg,
							  const char **value, size_t *len);

/*
 * Is a trimmed value not empty and at most APIKEY_VALUE_MAX bytes long?  Returns an
 * error ("empty" or "too_long"), or NULL.
 */
extern ApikeyFinding *apikey_value_check_length(size_t len);

/*
 * Has a trimmed value no control characters, and white space only if the type
 * allows it?  Returns an error ("characters"), or NULL.
 */
extern ApikeyFinding *apikey_value_check_characters(const ApikeyKeyType *type,
													const char *value, size_t len);

#endif							/* APIKEY_VALUE_CHARACTERS_H */
