/*-------------------------------------------------------------------------
 *
 * key_type.h
 *		The key types, as apikey.key_types has them: a cache of this backend,
 *		dropped when builtin_key_types or custom_key_types changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_TYPE_H
#define APIKEY_KEY_TYPE_H

/* The one type that stands for "any other secret". */
#define APIKEY_KEY_TYPE_CUSTOM	"custom"

/* Owned by the cache; valid until the end of the transaction. */
typedef struct ApikeyKeyType
{
	char	   *name;
	char	   *label;
	char	  **env_vars;		/* NULL-terminated */
	text	   *pattern;		/* a PostgreSQL regular expression, or NULL */
	char	  **prefixes;		/* NULL-terminated, longest first */
	char	   *checksum;		/* a name that checksum.h knows, or NULL */
	bool		reject;			/* enforcement: reject (true) or warn */
	bool		allow_whitespace;	/* inner white space is part of a value */
} ApikeyKeyType;

/* The type of that name, or NULL. */
extern const ApikeyKeyType *apikey_key_type_find(const char *name);

/* The same; 22023 on COLUMN argument, with near names in the hint. */
extern const ApikeyKeyType *apikey_key_type_get(const char *name,
												const char *argument);

/* The types one by one, in order of name; NULL after the last. */
extern const ApikeyKeyType *apikey_key_type_nth(int index);

/*
 * The type's longest prefix that the value begins with, or NULL.  What a
 * hint shows.
 */
extern const char *apikey_key_type_prefix(const ApikeyKeyType *type,
										  const char *value, size_t len);

/*
 * A prefix that tells a provider: at least 4 characters, or 3 of which one is
 * neither letter nor digit.
 */
typedef struct ApikeyPrefix
{
	const char *text;
	size_t		len;
	const ApikeyKeyType *type;	/* one of the types that have it */
} ApikeyPrefix;

/*
 * The telling prefixes that the value begins with, one by one, the longest
 * first; NULL after the last.  Begin with *position 0.
 */
extern const ApikeyPrefix *apikey_key_type_next_prefix(const char *value,
													   size_t len,
													   int *position);

/* Does the value match the type's pattern (C collation)?  Copies are wiped. */
extern bool apikey_key_type_matches(const ApikeyKeyType *type,
									const char *value, size_t len);

#endif							/* APIKEY_KEY_TYPE_H */
