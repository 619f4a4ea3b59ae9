/*-------------------------------------------------------------------------
 *
 * value_plausibility.h
 *		Checks that recognize invented and mistyped values.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_PLAUSIBILITY_H
#define APIKEY_VALUE_PLAUSIBILITY_H

#include "nodes/pg_list.h"

#include "validate/key_type.h"

/*
 * The findings ("placeholder", "checksum") about a value; NIL if there are
 * none.  They are warnings, or errors if apikey.strict_checks is set.
 */
extern List *apikey_value_check_plausibility(const ApikeyKeyType *type,
											 const char *value, size_t len);

/* Define apikey.strict_checks; called once, by _PG_init. */
extern void apikey_value_plausibility_init(void);

#endif							/* APIKEY_VALUE_PLAUSIBILITY_H */
