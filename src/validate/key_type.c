/*-------------------------------------------------------------------------
 *
 * key_type.c
 *		The key types, cached in this backend, and the matching of patterns.
 *
 * A value exists here only as the wide characters that the regular expression
 * engine requires; these are wiped on every path.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "validate/key_type.h"

#define NEAR_NAMES_MAX	5		/* as many as a hint names */

typedef struct KeyTypes
{
	int			count;
	ApikeyKeyType *types;		/* in order of name */
	int			prefix_count;
	ApikeyPrefix *prefixes;		/* telling ones: by first byte, longest first */
	int			first[257];		/* where each first byte's begin */
} KeyTypes;

/* The columns of the statement, in order. */
enum
{
	KEY_TYPE = 1,
	LABEL,
	ENV_VARS,
	PATTERN,
	PREFIXES,
	CHECKSUM,
	ENFORCEMENT,
	ALLOW_WHITESPACE
};

static ApikeyStatement select_types = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT t.key_type, t.label, t.env_vars, t.pattern, t.prefixes,"
	" t.checksum, t.enforcement, t.allow_whitespace"
	" FROM apikey.key_types t ORDER BY t.key_type",
	.snapshot = APIKEY_SNAPSHOT_LATEST
};

/* An array of texts as a NULL-terminated one of strings. */
static char **
strings_of(Datum datum)
{
	Datum	   *items;
	bool	   *nulls;
	int			count;
	char	  **result;

	deconstruct_array(DatumGetArrayTypeP(datum), TEXTOID, -1, false,
					  TYPALIGN_INT, &items, &nulls, &count);
	result = palloc0((count + 1) * sizeof(char *));
	for (int i = 0; i < count; i++)
		result[i] = TextDatumGetCString(items[i]);
	return result;
}

/* How many before the terminating NULL. */
static int
count_strings(char **strings)
{
	int			count = 0;

	while (strings[count] != NULL)
		count++;
	return count;
}

/* qsort: the longest first. */
static int
compare_strings(const void *a, const void *b)
{
	const char *left = *(char *const *) a;
	const char *right = *(char *const *) b;
	size_t		left_len = strlen(left);
	size_t		right_len = strlen(right);

	if (left_len != right_len)
		return left_len > right_len ? -1 : 1;
	return strcmp(left, right);
}

/* A column's value; the required ones are never NULL. */
static Datum
column(const ApikeyRows *rows, uint64 row, int number)
{
	bool		is_null;

	return apikey_rows_get(rows, row, number, &is_null);
}

/* Copy a row into the current memory context. */
static void
read_type(const ApikeyRows *rows, uint64 row, ApikeyKeyType *type)
{
	Datum		datum;
	bool		is_null;
	char	   *enforcement;

	type->name = TextDatumGetCString(column(rows, row, KEY_TYPE));
	type->label = TextDatumGetCString(column(rows, row, LABEL));
	type->env_vars = strings_of(column(rows, row, ENV_VARS));
	type->prefixes = strings_of(column(rows, row, PREFIXES));
	qsort(type->prefixes, count_strings(type->prefixes), sizeof(char *),
		  compare_strings);
	enforcement = TextDatumGetCString(column(rows, row, ENFORCEMENT));
	type->reject = strcmp(enforcement, "reject") == 0;
	type->allow_whitespace = DatumGetBool(column(rows, row, ALLOW_WHITESPACE));

	datum = apikey_rows_get(rows, row, PATTERN, &is_null);
	type->pattern = is_null ? NULL : DatumGetTextPCopy(datum);
	datum = apikey_rows_get(rows, row, CHECKSUM, &is_null);
	type->checksum = is_null ? NULL : TextDatumGetCString(datum);
}

/* See ApikeyPrefix. */
static bool
is_telling(const char *prefix)
{
	size_t		len = strlen(prefix);

	return len >= 4 ||
		(len == 3 && strspn(prefix, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							"abcdefghijklmnopqrstuvwxyz") < len);
}

/* qsort: by first byte, the longest first, then as the types are. */
static int
compare_prefixes(const void *a, const void *b)
{
	const ApikeyPrefix *left = a;
	const ApikeyPrefix *right = b;
	int			order = (unsigned char) *left->text - (unsigned char) *right->text;

	if (order != 0)
		return order;
	if (left->len != right->len)
		return left->len > right->len ? -1 : 1;
	order = strcmp(left->text, right->text);
	return order != 0 ? order : strcmp(left->type->name, right->type->name);
}

/* The telling prefixes of all types, sorted. */
static void
collect_prefixes(KeyTypes *fresh)
{
	int			total = 0;

	for (int i = 0; i < fresh->count; i++)
		total += count_strings(fresh->types[i].prefixes);
	fresh->prefixes = palloc((total + 1) * sizeof(ApikeyPrefix));

	for (int i = 0; i < fresh->count; i++)
		for (char **prefix = fresh->types[i].prefixes; *prefix != NULL; prefix++)
			if (is_telling(*prefix))
			{
				ApikeyPrefix *entry = &fresh->prefixes[fresh->prefix_count++];

				entry->text = *prefix;
				entry->len = strlen(*prefix);
				entry->type = &fresh->types[i];
			}
	qsort(fresh->prefixes, fresh->prefix_count, sizeof(ApikeyPrefix),
		  compare_prefixes);
}

/*
 * Where the prefixes of each first byte begin: most words of a text that is
 * searched for keys are done with after one look here.
 */
static void
index_prefixes(KeyTypes *fresh)
{
	size_t		byte = 0;

	for (int i = 0; i < fresh->prefix_count; i++)
		while (byte <= (unsigned char) *fresh->prefixes[i].text)
			fresh->first[byte++] = i;
	while (byte < lengthof(fresh->first))
		fresh->first[byte++] = fresh->prefix_count;
}

static void *
key_types_build(const ApikeyRows *rows)
{
	KeyTypes   *fresh = palloc0(sizeof(KeyTypes));

	fresh->count = (int) rows->count;
	fresh->types = palloc0(Max(rows->count, 1) * sizeof(ApikeyKeyType));
	for (uint64 row = 0; row < rows->count; row++)
		read_type(rows, row, &fresh->types[row]);
	collect_prefixes(fresh);
	index_prefixes(fresh);
	return fresh;
}

static ApikeyTableCache key_types_cache = {
	.tables = {"builtin_key_types", "custom_key_types"},
	.statement = &select_types,
	.build = key_types_build
};

static const KeyTypes *
key_types(void)
{
	return apikey_table_cache_get(&key_types_cache);
}

/* bsearch */
static int
compare_type(const void *name, const void *type)
{
	return strcmp(name, ((const ApikeyKeyType *) type)->name);
}

const ApikeyKeyType *
apikey_key_type_find(const char *name)
{
	const KeyTypes *all = key_types();

	return bsearch(name, all->types, all->count, sizeof(ApikeyKeyType),
				   compare_type);
}

/* The index counts in the cache of the moment: types may change meanwhile. */
const ApikeyKeyType *
apikey_key_type_nth(int index)
{
	const KeyTypes *all = key_types();

	return index < all->count ? &all->types[index] : NULL;
}

/* In lower case, with "_" for what separates words. */
static char *
fold(const char *text)
{
	char	   *result = pstrdup(text);

	for (char *c = result; *c; c++)
		*c = (*c == ' ' || *c == '-') ? '_' : (char) pg_ascii_tolower(*c);
	return result;
}

/* Is the type's name like the folded one, or its label one that has it? */
static bool
is_near(const ApikeyKeyType *type, const char *folded)
{
	int			len = strlen(folded);
	int			limit = Max(len / 3, 1);

	if (len >= 3 && (strstr(type->name, folded) != NULL ||
					 strstr(folded, type->name) != NULL ||
					 strstr(fold(type->label), folded) != NULL))
		return true;
	return varstr_levenshtein_less_equal(folded, len, type->name,
										 strlen(type->name),
										 1, 1, 1, limit, true) <= limit;
}

/* What to do about a name that is no type's. */
static char *
near_names(const char *name)
{
	StringInfoData names;
	int			found = 0;

	initStringInfo(&names);
	if (*name != '\0' && strlen(name) < NAMEDATALEN)
	{
		const char *folded = fold(name);
		const ApikeyKeyType *type = apikey_key_type_find(folded);

		if (type != NULL)
			return psprintf("Perhaps you meant \"%s\".", type->name);
		for (int index = 0; found < NEAR_NAMES_MAX &&
			 (type = apikey_key_type_nth(index)) != NULL; index++)
			if (is_near(type, folded))
				appendStringInfo(&names, "%s\"%s\"", found++ ? ", " : "",
								 type->name);
	}
	if (found == 0)
		return pstrdup("SELECT key_type, label FROM apikey.key_types lists the key types.");
	return psprintf("Perhaps you meant %s%s.", found > 1 ? "one of " : "",
					names.data);
}

/*
 * The name that is not known is left out of the message: it may be a value
 * that was passed in the wrong place.
 */
const ApikeyKeyType *
apikey_key_type_get(const char *name, const char *argument)
{
	const ApikeyKeyType *type = apikey_key_type_find(name);

	if (type == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized key type"),
				 errhint("%s", near_names(name)),
				 apikey_err_argument(argument)));
	return type;
}

const char *
apikey_key_type_prefix(const ApikeyKeyType *type, const char *value, size_t len)
{
	for (char **prefix = type->prefixes; *prefix != NULL; prefix++)
	{
		size_t		prefix_len = strlen(*prefix);

		if (prefix_len <= len && memcmp(value, *prefix, prefix_len) == 0)
			return *prefix;
	}
	return NULL;
}

const ApikeyPrefix *
apikey_key_type_next_prefix(const char *value, size_t len, int *position)
{
	const KeyTypes *all = key_types();
	int			byte;

	if (len == 0)
		return NULL;
	byte = (unsigned char) *value;
	for (int i = Max(*position, all->first[byte]); i < all->first[byte + 1]; i++)
	{
		const ApikeyPrefix *prefix = &all->prefixes[i];

		if (prefix->len <= len &&
			memcmp(value, prefix->text, prefix->len) == 0)
		{
			*position = i + 1;
			return prefix;
		}
	}
	return NULL;
}

pg_noreturn static void
raise_regex(int result)
{
	char		problem[100];

	/* A cancelled query makes the engine give up. */
	CHECK_FOR_INTERRUPTS();
	pg_regerror(result, NULL, problem, sizeof(problem));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_REGULAR_EXPRESSION),
			 errmsg("could not match the pattern of a key type: %s", problem),
			 apikey_err_hide_statement()));
}

/*
 * The engine itself keeps nothing of the value but positions.  From PostgreSQL
 * 16 on it raises when the query is cancelled; before, it returns.
 */
bool
apikey_key_type_matches(const ApikeyKeyType *type, const char *value, size_t len)
{
	regex_t    *expression;
	pg_wchar   *wide;
	volatile int result = REG_NOMATCH;	/* outlives a longjmp */

	if (type->pattern == NULL)
		return true;

	/* PostgreSQL keeps the last 32 compiled expressions of a backend. */
	expression = RE_compile_and_cache(type->pattern, REG_ADVANCED | REG_NOSUB,
									  C_COLLATION_OID);
	wide = palloc((len + 1) * sizeof(pg_wchar));
	PG_TRY();
	{
		size_t		wide_len = pg_mb2wchar_with_len(value, wide, (int) len);

		result = pg_regexec(expression, wide, wide_len, 0, NULL, 0, NULL, 0);
	}
	PG_FINALLY();
	{
		explicit_bzero(wide, (len + 1) * sizeof(pg_wchar));
	}
	PG_END_TRY();
	pfree(wide);
	if (result != REG_OKAY && result != REG_NOMATCH)
		raise_regex(result);
	return result == REG_OKAY;
}
