/*-------------------------------------------------------------------------
 *
 * value_lookup.h
 *		Read the rows that have a fingerprint from an index, without a statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_LOOKUP_H
#define APIKEY_VALUE_LOOKUP_H

#include "utils/tuplestore.h"

/*
 * Add to store, as rows of apikey.all_keys with the given descriptor, the keys of all
 * users that have one of the fingerprints (bytea[]), in the latest state.  Returns
 * false, without any, if a statement is to be run instead.  Raises 55000 without the
 * tables.
 */
extern bool apikey_value_lookup(Datum fingerprints, TupleDesc desc, Tuplestorestate *store);

#endif							/* APIKEY_VALUE_LOOKUP_H */
