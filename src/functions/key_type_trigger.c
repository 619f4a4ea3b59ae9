/*-------------------------------------------------------------------------
 *
 * key_type_trigger.c
 *		The trigger that checks the rows of builtin_key_types and
 *		custom_key_types.
 *
 * A row contains no secret, but rejected text is not shown either: it may be a
 * value that was passed in the wrong place.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/encoding.h"
#include "base/errors.h"
#include "exec/table_cache.h"
#include "validate/checksum.h"
#include "validate/env_var.h"
#include "validate/pattern_scan.h"

#define LABEL_MAX		200		/* characters */
#define PATTERN_MAX		1000	/* characters */
#define PREFIXES_MAX	32
#define ENV_VARS_MAX	32

PG_FUNCTION_INFO_V1(apikey_check_key_type_row);

static bool
is_like(const char *string, const char *expression)
{
	return RE_compile_and_execute(cstring_to_text(expression),
								  unconstify(char *, string), strlen(string),
								  REG_ADVANCED | REG_NOSUB, C_COLLATION_OID,
								  0, NULL);
}

static void
check_name(const char *name)
{
	if (!is_like(name, "^[a-z][a-z0-9_]{0,62}$"))
		apikey_refuse_argument("key_type", "invalid name of a key type",
							   "A name has 1 to 63 characters, a-z, 0-9 and _, and begins with a letter.",
							   "Choose a name such as acme_cloud.");
}

static void
check_label(const char *label)
{
	size_t		len = strlen(label);

	if (len == 0 || pg_mbstrlen_with_len(label, len) > LABEL_MAX ||
		apikey_has_control(label, len) || apikey_has_outer_space(label, len))
		apikey_refuse_argument("label", "invalid label of a key type",
							   psprintf("A label has 1 to %d characters, no control characters, and no leading or trailing white space.",
										LABEL_MAX),
							   "Use the name by which people know the key, such as Acme Cloud API key.");
}

static void
check_env_var(const char *name)
{
	apikey_env_var_check(name, "env_vars");
}

/*
 * A prefix is ASCII, so that its bytes are the same in every encoding.  A key's
 * hint shows its prefix; the limits on the length and number of prefixes prevent
 * a long list of them from revealing the first characters of values.
 */
static void
check_type_prefix(const char *prefix)
{
	if (!is_like(prefix, "^[!-~]{2,40}$"))
		apikey_refuse_argument("prefixes", "invalid prefix of a key type",
							   "A prefix has 2 to 40 printable ASCII characters, and no spaces.",
							   "Use the text that every key of the type begins with and that identifies the provider, such as acme_.");
}

static void
check_checksum(const char *name)
{
	if (!apikey_checksum_is_known(name))
		apikey_refuse_argument("checksum", "unrecognized checksum of a key type",
							   "The checksums are " APIKEY_CHECKSUM_NAMES ".",
							   "Leave it NULL for keys without one of these.");
}

static void
check_enforcement(const char *enforcement)
{
	if (strcmp(enforcement, "reject") != 0 && strcmp(enforcement, "warn") != 0)
		apikey_refuse_argument("enforcement", "unrecognized enforcement of a key type", NULL,
							   "Use reject or warn.");
}

/* Applications show it as a link: neither javascript: nor http: is allowed. */
static void
check_docs_url(const char *url)
{
	if (!is_like(url, "^https://[!-~]{1,250}$"))
		apikey_refuse_argument("docs_url", "invalid address of a key type's documentation",
							   "It must begin with https:// and contain no spaces.", NULL);
}

/* Is there a "|" outside of all groups? */
static bool
has_alternatives(const char *pattern)
{
	const char *p;
	const char *next;
	int			depth = 0;

	for (p = pattern; *p != '\0'; p = next)
	{
		next = apikey_pattern_next(p);
		if (next - p > 1)
			continue;			/* an escape or a bracket expression */
		if (*p == '|' && depth == 0)
			return true;
		depth += (*p == '(') - (*p == ')');
	}
	return false;
}

/*
 * Does a valid regular expression begin with ^ and end with $, so that it
 * describes the whole value?  In ^a|b$, neither alternative does.
 */
static bool
is_anchored(const char *pattern, size_t len)
{
	size_t		escapes = 0;

	while (escapes + 1 < len && pattern[len - 2 - escapes] == '\\')
		escapes++;
	return len >= 2 && pattern[0] == '^' && pattern[len - 1] == '$' &&
		escapes % 2 == 0 && !has_alternatives(pattern);
}

/*
 * Compiled here rather than by RE_compile_and_cache(), so that the error names
 * the column, and a rejected pattern does not remain in that cache.
 */
static void
check_pattern(const char *pattern)
{
	size_t		len = strlen(pattern);
	pg_wchar   *wide;
	regex_t		expression;
	char		problem[100];
	int			result;

	if (pg_mbstrlen_with_len(pattern, len) > PATTERN_MAX)
		apikey_refuse_argument("pattern", "pattern of a key type is too long",
							   psprintf("The limit is %d characters.", PATTERN_MAX),
							   "A pattern may end with an open bound such as {20,}: values have at most 8192 bytes.");

	wide = palloc((len + 1) * sizeof(pg_wchar));
	result = pg_regcomp(&expression, wide,
						pg_mb2wchar_with_len(pattern, wide, (int) len),
						REG_ADVANCED | REG_NOSUB, C_COLLATION_OID);
	if (result != REG_OKAY)
	{
		CHECK_FOR_INTERRUPTS();
		pg_regerror(result, &expression, problem, sizeof(problem));
		apikey_refuse_argument("pattern", "pattern of a key type is not a valid regular expression",
							   psprintf("The regular expression engine reported: %s.", problem),
							   "The largest repetition bound is 255.");
	}
	pg_regfree(&expression);
	pfree(wide);

	if (!is_anchored(pattern, len))
		apikey_refuse_argument("pattern", "pattern of a key type does not cover a whole value",
							   "It must begin with ^ and end with $, and have no | outside of parentheses.",
							   "Write ^(?:...)$.");
}

/*
 * The columns and their checks; for an array, of each of its elements.  NULL and
 * uniqueness are left to the table's constraints.
 */
static const struct
{
	const char *name;
	int			items_max;		/* of an array; 0: not an array */
	void		(*check) (const char *value);
}			columns[] = {
	{"key_type", 0, check_name},
	{"label", 0, check_label},
	{"env_vars", ENV_VARS_MAX, check_env_var},
	{"pattern", 0, check_pattern},
	{"prefixes", PREFIXES_MAX, check_type_prefix},
	{"checksum", 0, check_checksum},
	{"enforcement", 0, check_enforcement},
	{"docs_url", 0, check_docs_url}
};

static void
check_array(ArrayType *array, const char *column, int items_max,
			void (*check) (const char *value))
{
	Datum	   *items;
	bool	   *nulls;
	int			count;

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		apikey_refuse_argument(column, psprintf("%s is not a plain list", column),
							   "It must have one dimension and no NULL elements.", "Use '{}' for an empty list.");
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &items, &nulls, &count);
	if (count > items_max)
		apikey_refuse_argument(column, psprintf("%s has too many elements", column),
							   psprintf("The limit is %d.", items_max), NULL);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		check(TextDatumGetCString(items[i]));
	}
}

static void
check_row(HeapTuple tuple, TupleDesc desc)
{
	for (size_t i = 0; i < lengthof(columns); i++)
	{
		bool		is_null;
		Datum		value = SPI_getbinval(tuple, desc,
										  SPI_fnumber(desc, columns[i].name),
										  &is_null);

		if (is_null)
			continue;
		if (columns[i].items_max > 0)
			check_array(DatumGetArrayTypeP(value), columns[i].name,
						columns[i].items_max, columns[i].check);
		else
			columns[i].check(TextDatumGetCString(value));
	}
}

/*
 * Is it a BEFORE row trigger for INSERT or UPDATE on one of the two tables?  On
 * any other table, columns could be missing or have other types.
 */
static bool
is_our_trigger(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Oid			table;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		return false;
	table = RelationGetRelid(trigger->tg_relation);
	return table == apikey_table_oid("custom_key_types") ||
		table == apikey_table_oid("builtin_key_types");
}

/*
 * apikey.check_key_type_row(): the trigger
 */
Datum
apikey_check_key_type_row(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	HeapTuple	tuple;

	if (!is_our_trigger(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function was not called by its trigger"),
				 apikey_err_hide_statement()));
	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ?
		trigger->tg_newtuple : trigger->tg_trigtuple;
	check_row(tuple, RelationGetDescr(trigger->tg_relation));
	return PointerGetDatum(tuple);
}
