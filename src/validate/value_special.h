/*-------------------------------------------------------------------------
 *
 * value_special.h
 *		Rules for the values of single key types, beyond the type's pattern.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_SPECIAL_H
#define APIKEY_VALUE_SPECIAL_H

#include "nodes/pg_list.h"

#include "validate/key_type.h"

/*
 * The findings ("short_lived", "public_key") about a value that has the format
 * of its type, and at most APIKEY_VALUE_MAX bytes; NIL if there are none.
 */
extern List *apikey_value_check_special(const ApikeyKeyType *type,
										const char *value, size_t len);

#endif							/* APIKEY_VALUE_SPECIAL_H */
