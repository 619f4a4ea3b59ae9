/*-------------------------------------------------------------------------
 *
 * value_format.h
 *		The prefix and the format of a value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_FORMAT_H
#define APIKEY_VALUE_FORMAT_H

#include "nodes/pg_list.h"

#include "validate/key_type.h"
#include "validate/value_finding.h"

/*
 * If the value begins with a prefix of other types but none of this type's (a
 * key pasted into the wrong field): those types, as far as possible only those
 * whose pattern it matches.  Otherwise, and always for the type "custom", NIL.
 */
extern List *apikey_value_other_types(const ApikeyKeyType *type,
									  const char *value, size_t len);

/*
 * Check the prefix and then the format of a value.  Returns the first finding
 * ("other_provider", an error, or "format", an error or a warning as the type
 * says), or NULL.
 */
extern ApikeyFinding *apikey_value_check_format(const ApikeyKeyType *type,
												const char *value, size_t len);

#endif							/* APIKEY_VALUE_FORMAT_H */
