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
 * The other types whose key the value is (a key pasted into the wrong field): it
 * begins with a prefix that only keys of such a type have, longer than any of
 * this type's that it begins with, and matches the whole pattern.  NIL if there
 * are none, and always for the type "custom".
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
