/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Differences between the major versions of PostgreSQL, in one place.
 *
 * The code is written in the spelling of the newest major; what is missing in
 * older ones is defined here, the newest first, so that a shim can be deleted
 * with the last major that needs it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_COMPAT_H
#define APIKEY_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "apikey needs PostgreSQL 15 or newer"
#endif

/*
 * Some of the structs below are not part of PostgreSQL's stable interface.  A
 * newer major needs a look at each and a run of all tests.
 */
#if PG_VERSION_NUM >= 200000
#error "this version of apikey is tested on PostgreSQL 15 to 19 only"
#endif

#include "access/genam.h"
#include "catalog/namespace.h"
#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "replication/message.h"
#include "utils/guc_tables.h"
#include "utils/jsonb.h"
#include "utils/relcache.h"

/* PostgreSQL 16: VARDATA_ANY() and the like are no longer in postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * PostgreSQL 19: the kinds of settings are members of a union in struct
 * config_generic; before, that struct was the first member of each kind.
 * Casting from one to the other compiles on 19 and crashes.
 */
#if PG_VERSION_NUM < 190000
StaticAssertDecl(offsetof(struct config_string, gen) == 0,
				 "struct config_string does not begin with its config_generic");
#endif

static inline const char *
apikey_guc_string(const struct config_generic *setting)
{
#if PG_VERSION_NUM >= 190000
	return *setting->_string.variable;
#else
	return *((const struct config_string *) setting)->variable;
#endif
}

/* PostgreSQL 19: pushJsonbValue() keeps its result in its state. */
#if PG_VERSION_NUM < 190000
typedef struct JsonbInState
{
	JsonbValue *result;
	JsonbParseState *parseState;
} JsonbInState;

#define pushJsonbValue(state, token, value) \
	((state)->result = pushJsonbValue(&(state)->parseState, (token), (value)))
#endif

/* PostgreSQL 19: XLogFindNextRecord() says why there is no record. */
#if PG_VERSION_NUM < 190000
#define XLogFindNextRecord(reader, from, error) \
	((void) (error), (XLogFindNextRecord) ((reader), (from)))
#endif

/* PostgreSQL 19: a level of log messages for each kind of process. */
#if PG_VERSION_NUM >= 190000
#define apikey_log_min_messages log_min_messages[MyBackendType]
#else
#define apikey_log_min_messages log_min_messages
#endif

/* PostgreSQL 19: hooks do not change what a query's identifier is made from. */
#if PG_VERSION_NUM >= 190000
#define apikey_jumble_state const JumbleState
#else
#define apikey_jumble_state JumbleState
#endif

/* PostgreSQL 19: literals are always standard-conforming. */
#if PG_VERSION_NUM >= 190000
#define standard_conforming_strings true
#endif

/*
 * index_beginscan() got instrumentation in PostgreSQL 18, and flags in 19.
 */
#if PG_VERSION_NUM < 180000
#define index_beginscan(heap, index, snapshot, instrument, keys, order_bys, flags) \
	index_beginscan((heap), (index), (snapshot), (keys), (order_bys))
#elif PG_VERSION_NUM < 190000
#define index_beginscan(heap, index, snapshot, instrument, keys, order_bys, flags) \
	index_beginscan((heap), (index), (snapshot), (instrument), (keys), (order_bys))
#endif

/* PostgreSQL 18: the caller says whether the primary key may be deferrable. */
#if PG_VERSION_NUM < 180000
#define RelationGetPrimaryKeyIndex(relation, deferrable_ok) \
	RelationGetPrimaryKeyIndex(relation)
#endif

/* PostgreSQL 18: a module states its name and version. */
#if PG_VERSION_NUM < 180000
#define PG_MODULE_MAGIC_EXT(...) PG_MODULE_MAGIC
#endif

/* PostgreSQL 18: the executor no longer needs to know that it is run once. */
#if PG_VERSION_NUM >= 180000
#define APIKEY_EXECUTOR_RUN_PARAMETERS \
	QueryDesc *query, ScanDirection direction, uint64 count
#define APIKEY_EXECUTOR_RUN_ARGUMENTS query, direction, count
#else
#define APIKEY_EXECUTOR_RUN_PARAMETERS \
	QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define APIKEY_EXECUTOR_RUN_ARGUMENTS query, direction, count, execute_once
#endif

/* PostgreSQL 18: pg_noreturn took the place of pg_attribute_noreturn(). */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* PostgreSQL 17: LogLogicalMessage() can flush the message. */
#if PG_VERSION_NUM < 170000
#define LogLogicalMessage(prefix, message, size, transactional, flush) \
	LogLogicalMessage((prefix), (message), (size), (transactional))
#endif

/* PostgreSQL 17: the JSON lexer may live on the stack. */
#if PG_VERSION_NUM < 170000
#define makeJsonLexContextCstringLen(lexer, text, len, encoding, escapes) \
	makeJsonLexContextCstringLen((text), (len), (encoding), (escapes))
#endif

/* PostgreSQL 16: what a check hook returns is allocated by guc_malloc(). */
#if PG_VERSION_NUM < 160000
#define guc_malloc(elevel, size) malloc(size)
#endif

/* PostgreSQL 16: one function checks the privileges on an object of any kind. */
#if PG_VERSION_NUM < 160000
#define object_aclcheck(catalog, object, role, mode) \
	pg_proc_aclcheck((object), (role), (mode))
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
 * PostgreSQL 16: pg_unicode_to_server() has a variant that returns false for a
 * character that the database's encoding lacks.
 */
#if PG_VERSION_NUM < 160000
static inline bool
pg_unicode_to_server_noerror(pg_wchar c, unsigned char *s)
{
	int			encoding = GetDatabaseEncoding();
	Oid			proc = FindDefaultConversionProc(PG_UTF8, encoding);
	unsigned char utf8[MAX_MULTIBYTE_CHAR_LEN + 1];
	int			len;

	if (!OidIsValid(proc))
		return false;
	unicode_to_utf8(c, utf8);
	len = pg_utf_mblen(utf8);
	return pg_do_encoding_conversion_buf(proc, PG_UTF8, encoding, utf8, len, s,
										 MAX_UNICODE_EQUIVALENT_STRING + 1,
										 true) == len;
}
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
