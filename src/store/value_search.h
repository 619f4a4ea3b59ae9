/*-------------------------------------------------------------------------
 *
 * value_search.h
 *		Search for keys by their value, without decrypting any.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_SEARCH_H
#define APIKEY_VALUE_SEARCH_H

#include "core/envelope.h"

/*
 * The fingerprints of the values (in the database's encoding) with each data key,
 * as bytea[].  Raises the errors of apikey_data_key_all_fingerprints().
 */
extern Datum apikey_value_fingerprints(const ApikeySpan *values, int count);

/*
 * The name of a key of that user, not deleted, which has that value; NULL if
 * there is none, or if it cannot be told without a master key.
 */
extern char *apikey_value_find_duplicate(const char *user_id, const char *value,
										 size_t len);

#endif							/* APIKEY_VALUE_SEARCH_H */
