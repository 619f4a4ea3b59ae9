/*-------------------------------------------------------------------------
 *
 * value_match.h
 *		Hiding a known value wherever it stands in a text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_MATCH_H
#define APIKEY_VALUE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

/* A shorter value is not searched for: it would be found in everything. */
#define APIKEY_VALUE_MATCH_MIN	8

/*
 * Hide (hidden_text.h) each place where the value stands: as it is, with
 * quotation marks or backslashes doubled, or escaped by backslashes.  Where a text
 * is cut off, the beginning of the value is enough.  Returns whether it was found.
 */
extern bool apikey_value_hide(char *text, size_t len, const char *value, size_t value_len);

/* Does the value stand in the text, in any of these forms, as a whole? */
extern bool apikey_value_is_in(const char *text, size_t len, const char *value, size_t value_len);

#endif							/* APIKEY_VALUE_MATCH_H */
