/*-------------------------------------------------------------------------
 *
 * compat.h
 *		What differs between PostgreSQL's majors, in one place; each shim
 *		says since when.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_COMPAT_H
#define APIKEY_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "apikey needs PostgreSQL 15 or newer"
#endif

#include "utils/guc_tables.h"

/* PostgreSQL 18: pg_noreturn took the place of pg_attribute_noreturn(). */
#if PG_VERSION_NUM >= 180000
#define pg_attribute_noreturn() pg_noreturn
#endif

/* PostgreSQL 17: the JSON lexer may live on the stack. */
#if PG_VERSION_NUM >= 170000
#define apikey_json_lexer(text, len) \
	makeJsonLexContextCstringLen(NULL, (text), (len), GetDatabaseEncoding(), true)
#else
#define apikey_json_lexer(text, len) \
	makeJsonLexContextCstringLen((text), (len), GetDatabaseEncoding(), true)
#endif

/* PostgreSQL 16: callbacks of the JSON parser return a result. */
#if PG_VERSION_NUM >= 160000
#define apikey_json_result JsonParseErrorType
#define apikey_json_return return JSON_SUCCESS
#else
#define apikey_json_result void
#define apikey_json_return return
#endif

/*
 * PostgreSQL 16: find_option() is exported.  Before, the array of all
 * settings is, which is sorted by name with the case of ASCII letters folded.
 */
#if PG_VERSION_NUM >= 160000
#define apikey_find_option(name) find_option((name), false, true, 0)
#else
static inline int
apikey_compare_option(const void *name, const void *option)
{
	const char *a = name;
	const char *b = (*(struct config_generic *const *) option)->name;

	while (*a && pg_ascii_tolower(*a) == pg_ascii_tolower(*b))
	{
		a++;
		b++;
	}
	return (char) pg_ascii_tolower(*a) - (char) pg_ascii_tolower(*b);
}

static inline struct config_generic *
apikey_find_option(const char *name)
{
	struct config_generic **found = bsearch(name, get_guc_variables(),
											GetNumConfigOptions(),
											sizeof(struct config_generic *),
											apikey_compare_option);

	return found ? *found : NULL;
}
#endif

#endif							/* APIKEY_COMPAT_H */
