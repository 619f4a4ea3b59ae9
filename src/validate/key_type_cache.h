/*-------------------------------------------------------------------------
 *
 * key_type_cache.h
 *		The rows of apikey.key_types, cached in this backend.  Other files than
 *		key_type.c include key_type.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_TYPE_CACHE_H
#define APIKEY_KEY_TYPE_CACHE_H

#include "validate/compiled_pattern.h"

typedef struct ApikeyKeyType
{
	char	   *name;
	char	   *label;
	char	  **env_vars;		/* NULL-terminated */
	text	   *pattern;		/* a PostgreSQL regular expression, or NULL */
	ApikeyCompiledPattern *compiled;	/* of pattern; NULL without one */
	char	  **prefixes;		/* NULL-terminated, longest first */
	char	   *checksum;		/* a name that checksum.h knows, or NULL */
	bool		reject;			/* is a wrong format an error, or a warning? */
	bool		allow_whitespace;	/* in values, which are not trimmed */
	bool		builtin;		/* not an administrator's row */
} ApikeyKeyType;

/*
 * A distinctive prefix, which identifies a provider: at least 4 characters, or
 * 3 of which one is neither a letter nor a digit.
 */
typedef struct ApikeyPrefix
{
	const char *text;
	size_t		len;
	const ApikeyKeyType *type;	/* one of the types that have it */
	bool		is_shared;		/* by several providers, such as "sk-" */
} ApikeyPrefix;

typedef struct ApikeyKeyTypes
{
	int			count;
	ApikeyKeyType *types;		/* in order of name */
	int			prefix_count;
	ApikeyPrefix *prefixes;		/* by first byte, then the longest first */
	int			first[257];		/* index of the first prefix with each first
								 * byte; [256] is prefix_count */
} ApikeyKeyTypes;

/*
 * All key types as they are now; valid for as long as table_cache.h promises.  The cache is
 * rebuilt after builtin_key_types or custom_key_types has changed.
 */
extern const ApikeyKeyTypes *apikey_key_types(void);

#endif							/* APIKEY_KEY_TYPE_CACHE_H */
