/*-------------------------------------------------------------------------
 *
 * key_type_cache.c
 *		The rows of apikey.key_types, cached in this backend.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "exec/statement.h"
#include "exec/table_cache.h"
#include "redact/key_prefixes.h"
#include "validate/key_type_cache.h"

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
	ALLOW_WHITESPACE,
	BUILTIN
};

static ApikeyStatement select_types = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT t.key_type, t.label, t.env_vars, t.pattern, t.prefixes,"
	" t.checksum, t.enforcement, t.allow_whitespace, t.builtin"
	" FROM apikey.key_types t ORDER BY t.key_type",
	.snapshot = APIKEY_SNAPSHOT_LATEST
};

/* Convert an array of texts to a NULL-terminated array of strings. */
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
	{
		CHECK_FOR_INTERRUPTS();
		result[i] = TextDatumGetCString(items[i]);
	}
	return result;
}

/* The number of strings before the terminating NULL. */
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

/* The value of a column that is never NULL. */
static Datum
required_column(const ApikeyRows *rows, uint64 row, int number)
{
	bool		is_null;

	return apikey_rows_get(rows, row, number, &is_null);
}

/* Fill in *type from a row, with copies in the current memory context. */
static void
read_type(const ApikeyRows *rows, uint64 row, ApikeyKeyType *type)
{
	Datum		datum;
	bool		is_null;
	char	   *enforcement;

	type->name = TextDatumGetCString(required_column(rows, row, KEY_TYPE));
	type->label = TextDatumGetCString(required_column(rows, row, LABEL));
	type->env_vars = strings_of(required_column(rows, row, ENV_VARS));
	type->prefixes = strings_of(required_column(rows, row, PREFIXES));
	qsort(type->prefixes, count_strings(type->prefixes), sizeof(char *),
		  compare_strings);
	enforcement = TextDatumGetCString(required_column(rows, row, ENFORCEMENT));
	type->reject = strcmp(enforcement, "reject") == 0;
	type->allow_whitespace = DatumGetBool(required_column(rows, row, ALLOW_WHITESPACE));
	type->builtin = DatumGetBool(required_column(rows, row, BUILTIN));

	datum = apikey_rows_get(rows, row, PATTERN, &is_null);
	type->pattern = is_null ? NULL : DatumGetTextPCopy(datum);
	type->compiled = is_null ? NULL : apikey_compiled_pattern_new(type->pattern);
	datum = apikey_rows_get(rows, row, CHECKSUM, &is_null);
	type->checksum = is_null ? NULL : TextDatumGetCString(datum);
}

/* See ApikeyPrefix. */
static bool
is_distinctive(const char *prefix)
{
	size_t		len = strlen(prefix);

	return len >= 4 ||
		(len == 3 && strspn(prefix, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							"abcdefghijklmnopqrstuvwxyz") < len);
}

/* qsort: by first byte, then the longest first, then by text and type. */
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

/* Is it nothing but a word that any provider may begin its keys with? */
static bool
is_generic(const char *prefix)
{
	static const char *const words[] = {"sk", "pk", "rk", "pa", "api", "key", "pat", "token", "secret"};
	size_t		len = strcspn(prefix, "-_.");

	for (size_t i = 0; i < lengthof(words); i++)
		if (len == strlen(words[i]) && strncmp(prefix, words[i], len) == 0 &&
			strlen(prefix) <= len + 1)
			return true;
	return false;
}

/* qsort: by the bytes, so that all that begins with a text follows it. */
static int
compare_texts(const void *a, const void *b)
{
	return strcmp((*(ApikeyPrefix *const *) a)->text, (*(ApikeyPrefix *const *) b)->text);
}

static ApikeyPrefix **
sort_by_text(ApikeyKeyTypes *fresh)
{
	ApikeyPrefix **sorted = palloc((fresh->prefix_count + 1) * sizeof(ApikeyPrefix *));

	for (int i = 0; i < fresh->prefix_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		sorted[i] = &fresh->prefixes[i];
	}
	sorted[fresh->prefix_count] = NULL;
	qsort(sorted, fresh->prefix_count, sizeof(ApikeyPrefix *), compare_texts);
	return sorted;
}

/*
 * Find out which prefixes begin keys of another type as well: those that longer
 * prefixes of other types begin with.  From the last to the first, next_text has where
 * the following text begins, and next_type the following one of another type.
 */
static void
mark_shared(ApikeyKeyTypes *fresh)
{
	ApikeyPrefix **sorted = sort_by_text(fresh);
	int		   *next_text = palloc((fresh->prefix_count + 1) * sizeof(int));
	int		   *next_type = palloc((fresh->prefix_count + 1) * sizeof(int));

	for (int i = fresh->prefix_count - 1; i >= 0; i--)
	{
		ApikeyPrefix *prefix = sorted[i];
		const ApikeyPrefix *next = sorted[i + 1];
		const ApikeyPrefix *longer;

		CHECK_FOR_INTERRUPTS();
		next_text[i] = next == NULL || strcmp(next->text, prefix->text) != 0 ? i + 1 : next_text[i + 1];
		next_type[i] = next == NULL || next->type != prefix->type ? i + 1 : next_type[i + 1];
		longer = sorted[next_text[i]];
		if (longer != NULL && longer->type == prefix->type)
			longer = sorted[next_type[next_text[i]]];
		prefix->is_shared = is_generic(prefix->text) ||
			(longer != NULL && strncmp(longer->text, prefix->text, prefix->len) == 0);
	}
	pfree(next_type);
	pfree(next_text);
	pfree(sorted);
}

/* Add the distinctive prefixes of a type. */
static void
collect_prefixes_of(ApikeyKeyTypes *fresh, const ApikeyKeyType *type)
{
	for (char **prefix = type->prefixes; *prefix != NULL; prefix++)
		if (is_distinctive(*prefix))
		{
			ApikeyPrefix *entry = &fresh->prefixes[fresh->prefix_count++];

			entry->text = *prefix;
			entry->len = strlen(*prefix);
			entry->type = type;
		}
}

/* Collect and sort the distinctive prefixes of all types. */
static void
collect_prefixes(ApikeyKeyTypes *fresh)
{
	int			total = 0;

	for (int i = 0; i < fresh->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		total += count_strings(fresh->types[i].prefixes);
	}
	fresh->prefixes = palloc((total + 1) * sizeof(ApikeyPrefix));

	for (int i = 0; i < fresh->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		collect_prefixes_of(fresh, &fresh->types[i]);
	}
	qsort(fresh->prefixes, fresh->prefix_count, sizeof(ApikeyPrefix),
		  compare_prefixes);
	mark_shared(fresh);
}

/*
 * Find where the prefixes with each first byte begin.  When a text is searched
 * for keys, most of its words need only one access to this index.
 */
static void
index_prefixes(ApikeyKeyTypes *fresh)
{
	size_t		byte = 0;

	for (int i = 0; i < fresh->prefix_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		while (byte <= (unsigned char) *fresh->prefixes[i].text)
			fresh->first[byte++] = i;
	}
	while (byte < lengthof(fresh->first))
		fresh->first[byte++] = fresh->prefix_count;
}

/* For the search of log messages. */
static void
learn_prefixes(const ApikeyKeyTypes *fresh)
{
	const char **texts = palloc(Max(fresh->prefix_count, 1) * sizeof(char *));

	for (int i = 0; i < fresh->prefix_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		texts[i] = fresh->prefixes[i].text;
	}
	apikey_key_prefixes_learn(texts, fresh->prefix_count);
	pfree(texts);
}

static void *
key_types_build(const ApikeyRows *rows)
{
	ApikeyKeyTypes *fresh = palloc0(sizeof(ApikeyKeyTypes));

	fresh->count = (int) rows->count;
	fresh->types = palloc0(Max(rows->count, 1) * sizeof(ApikeyKeyType));
	for (uint64 row = 0; row < rows->count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		read_type(rows, row, &fresh->types[row]);
	}
	collect_prefixes(fresh);
	index_prefixes(fresh);
	learn_prefixes(fresh);
	return fresh;
}

static ApikeyTableCache key_types_cache = {
	.tables = {"builtin_key_types", "custom_key_types"},
	.statement = &select_types,
	.build = key_types_build,
	.counter = APIKEY_COUNT_LOADS_KEY_TYPES
};

const ApikeyKeyTypes *
apikey_key_types(void)
{
	return apikey_table_cache_get(&key_types_cache);
}
