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
 * The types whose key the value is, by what it begins with: a prefix that only keys of
 * such a type have, and the whole pattern matches.  Only those with the longest such
 * prefix, whose length is put into *prefix_len.  NIL if there are none, or if the value
 * begins with a prefix of the type "unless" that is at least as long; that may be NULL.
 */
extern List *apikey_value_identified_types(const ApikeyKeyType *unless, const char *value,
										   size_t len, size_t *prefix_len);

/*
 * Check the prefix and then the format of a value.  Returns the first finding
 * ("other_provider", an error, or "format", an error or a warning as the type
 * says), or NULL.
 */
extern ApikeyFinding *apikey_value_check_format(const ApikeyKeyType *type,
												const char *value, size_t len);

#endif							/* APIKEY_VALUE_FORMAT_H */
