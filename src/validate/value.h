/*-------------------------------------------------------------------------
 *
 * value.h
 *		Validation of a value before it is stored.
 *
 * No message contains the value or a part of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_H
#define APIKEY_VALUE_H

#include "nodes/pg_list.h"

#include "validate/key_type.h"

/*
 * All findings (value_finding.h) about a value, errors first; NIL if
 * it is valid.
 */
extern List *apikey_value_validate(const ApikeyKeyType *type,
								   const char *value, size_t len);

/* Is one of the findings an error? */
extern bool apikey_value_has_error(const List *findings);

/*
 * Validate a value: raises KA008 with COLUMN argument for the first
 * error, or else a WARNING for each warning.  If check_format is false, only
 * length and characters are checked; the hint of an error tells when that helps.
 */
extern void apikey_value_require_valid(const ApikeyKeyType *type,
									   const char *value, size_t len,
									   const char *argument, bool check_format);

#endif							/* APIKEY_VALUE_H */
