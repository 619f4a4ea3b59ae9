/*-------------------------------------------------------------------------
 *
 * key_type.h
 *		The key types, as in apikey.key_types.
 *
 * What the functions return is owned by a cache and valid until the end of the
 * transaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_TYPE_H
#define APIKEY_KEY_TYPE_H

#include "validate/key_type_cache.h"

/* A hint for a key type that is missing or unknown. */
#define APIKEY_KEY_TYPE_HINT \
	"SELECT key_type, label FROM apikey.key_types lists the key types."

/* The type with that name, or NULL. */
extern const ApikeyKeyType *apikey_key_type_find(const char *name);

/*
 * The same, but raises 22023 with COLUMN argument if there is no such type; the
 * hint suggests similar names.
 */
extern const ApikeyKeyType *apikey_key_type_get(const char *name,
												const char *argument);

/*
 * The type at that index, from 0, in order of name; NULL after the last.  A
 * type's index may change between two calls.
 */
extern const ApikeyKeyType *apikey_key_type_nth(int index);

/*
 * Is it a type for any secret that has no type of its own: "custom", or
 * "custom_multiline"?
 */
extern bool apikey_key_type_is_custom(const ApikeyKeyType *type);

/*
 * The type's longest prefix that the value begins with, or NULL.  Hints show
 * it.
 */
extern const char *apikey_key_type_prefix(const ApikeyKeyType *type,
										  const char *value, size_t len);

/*
 * The distinctive prefixes, of all types, that the value begins with: each
 * call returns the next one, the longest first, and NULL after the last.
 * *position is 0 before the first call.
 */
extern const ApikeyPrefix *apikey_key_type_next_prefix(const char *value,
													   size_t len,
													   int *position);

#endif							/* APIKEY_KEY_TYPE_H */
