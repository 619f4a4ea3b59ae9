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
 * The value in argument number arg (from 0) of the call, a text, as it is
 * validated and stored: byte for byte if the type allows white space, otherwise
 * without the white space at both ends.  Empty if the argument is NULL or has
 * nothing but white space.  It is not copied.
 */
extern void apikey_value_read(FunctionCallInfo fcinfo, int arg,
							  const ApikeyKeyType *type,
							  const char **value, size_t *len);

/* The same, for types that allow no white space, and for those that do. */
extern void apikey_value_read_trimmed(FunctionCallInfo fcinfo, int arg,
									  const char **value, size_t *len);
extern void apikey_value_read_exact(FunctionCallInfo fcinfo, int arg,
									const char **value, size_t *len);

/* Leave out the white space at both ends of a value; it is not copied. */
extern void apikey_value_trim(const char **value, size_t *len);

/* Does the value contain a space, tab or line break (in ASCII)? */
extern bool apikey_value_has_space(const char *value, size_t len);

/*
 * Is a value not empty and at most APIKEY_VALUE_MAX bytes long?  Returns an
 * error ("empty" or "too_long"), or NULL.
 */
extern ApikeyFinding *apikey_value_check_length(size_t len);

/*
 * Has a value no control characters, and white space only if the type
 * allows it?  Returns an error ("characters"), or NULL.
 */
extern ApikeyFinding *apikey_value_check_characters(const ApikeyKeyType *type,
													const char *value, size_t len);

/*
 * Has a value only ASCII characters, if the type's pattern permits no others?
 * Returns an error or, as the type says, a warning ("characters"), or NULL.
 */
extern ApikeyFinding *apikey_value_check_ascii(const ApikeyKeyType *type,
											   const char *value, size_t len);

#endif							/* APIKEY_VALUE_CHARACTERS_H */
