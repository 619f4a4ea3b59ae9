/*-------------------------------------------------------------------------
 *
 * value.h
 *		What is said of a value before it is stored: trimming, characters,
 *		length, format, another provider's prefix, placeholder, checksum.
 *
 * No message ever holds the value or a part of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_H
#define APIKEY_VALUE_H

#include "nodes/pg_list.h"

#include "validate/key_type.h"

#define APIKEY_VALUE_MAX	8192	/* bytes */

typedef struct ApikeyFinding
{
	bool		is_error;		/* or a warning */
	const char *code;			/* "format", "other_provider", ... */
	char	   *message;		/* palloc'ed; primary-message style */
	char	   *hint;			/* palloc'ed sentence, or NULL */
} ApikeyFinding;

/*
 * Cut white space at both ends: moves *value and shortens *len, copies
 * nothing.  What is judged is what is stored.
 */
extern void apikey_value_trim(const char **value, size_t *len);

/*
 * The types that the value's prefix tells, when the given one is not among
 * them (a key pasted into the wrong field); those that it matches, if any.
 * NIL when there is nothing to object to.
 */
extern List *apikey_value_other_types(const ApikeyKeyType *type,
									  const char *value, size_t len);

/* All findings about a trimmed value, errors first; NIL when it is good. */
extern List *apikey_value_validate(const ApikeyKeyType *type,
								   const char *value, size_t len);

/*
 * Judge a trimmed value: KA008 with COLUMN argument for the first error, a
 * WARNING for each warning.  check_format false leaves out all but length
 * and characters (for migrations).
 */
extern void apikey_value_require_valid(const ApikeyKeyType *type,
									   const char *value, size_t len,
									   const char *argument, bool check_format);

/*
 * Does any word of the text have the shape of a known provider's key (one of
 * a type's prefixes and its pattern)?  For names and metadata.
 */
extern bool apikey_looks_like_key(const char *text, size_t len);

/* Define apikey.strict_checks; called once, by _PG_init. */
extern void apikey_value_init(void);

#endif							/* APIKEY_VALUE_H */
