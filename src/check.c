/*-------------------------------------------------------------------------
 *
 * check.c
 *		SQL functions that tell of a value what its type says of it, and the
 *		trigger that checks the rows of the type tables.
 *
 * Nothing of a value is returned or put into a message.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "chars.h"
#include "checksum.h"
#include "errors.h"
#include "identity.h"
#include "judge.h"
#include "keytype.h"
#include "relations.h"

#define LABEL_MAX		200		/* characters */
#define PATTERN_MAX		1000	/* characters */

PG_FUNCTION_INFO_V1(apikey_check_key);
PG_FUNCTION_INFO_V1(apikey_detect_key_type);
PG_FUNCTION_INFO_V1(apikey_check_key_type_row);

/*
 * check_key and detect_key_type
 */

/*
 * apikey.check_key(key_type text, value text)
 *		-> setof (severity text, code text, message text)
 */
Datum
apikey_check_key(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const ApikeyKeyType *type;
	const char *value = "";
	size_t		len = 0;
	ListCell   *cell;

	apikey_refuse_restricted();
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is missing", "key_type"),
				 errhint("SELECT key_type, label FROM apikey.key_types lists the types."),
				 apikey_errargument("key_type")));
	type = apikey_keytype_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), "key_type");
	if (!PG_ARGISNULL(1))
	{
		text	   *argument = PG_GETARG_TEXT_PP(1);

		value = VARDATA_ANY(argument);
		len = VARSIZE_ANY_EXHDR(argument);
		apikey_value_trim(&value, &len);
	}

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, apikey_judge(type, value, len))
	{
		const ApikeyFinding *finding = lfirst(cell);
		bool		nulls[3] = {false};
		Datum		row[3];

		row[0] = CStringGetTextDatum(finding->is_error ? "error" : "warning");
		row[1] = CStringGetTextDatum(finding->code);
		row[2] = CStringGetTextDatum(finding->message);
		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	return (Datum) 0;
}

/* A type that a value could be of. */
typedef struct Candidate
{
	const ApikeyKeyType *type;
	size_t		prefix_len;		/* of its own that the value begins with */
	bool		takes_anything;
	bool		is_custom;
} Candidate;

/*
 * Does the type take a string that no provider would give out?  Then it says
 * little that it takes this value, too.
 */
static bool
takes_anything(const ApikeyKeyType *type)
{
	static const char odd[] = "~!#$%&*+,-./:;<=>?@^_`{|}~!#$%&*";

	return apikey_keytype_matches(type, odd, sizeof(odd) - 1);
}

/* qsort: the most specific first. */
static int
compare_candidates(const void *a, const void *b)
{
	const Candidate *left = a;
	const Candidate *right = b;

	if (left->is_custom != right->is_custom)
		return left->is_custom ? 1 : -1;
	if (left->prefix_len != right->prefix_len)
		return left->prefix_len > right->prefix_len ? -1 : 1;
	if (left->takes_anything != right->takes_anything)
		return left->takes_anything ? 1 : -1;
	return strcmp(left->type->name, right->type->name);
}

/* If the value could be of the type, fill in the candidate. */
static bool
consider(const ApikeyKeyType *type, const char *value, size_t len,
		 Candidate *candidate)
{
	const char *prefix;

	/* The cheaper question first: most patterns need not be compiled. */
	if (apikey_judge_others(type, value, len) != NIL ||
		!apikey_keytype_matches(type, value, len))
		return false;
	prefix = apikey_keytype_prefix(type, value, len);
	candidate->type = type;
	candidate->prefix_len = prefix != NULL ? strlen(prefix) : 0;
	candidate->takes_anything = takes_anything(type);
	candidate->is_custom = strcmp(type->name, APIKEY_KEYTYPE_CUSTOM) == 0;
	return true;
}

/*
 * apikey.detect_key_type(value text) -> setof text
 */
Datum
apikey_detect_key_type(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const ApikeyKeyType *type;
	Candidate  *candidates;
	text	   *argument;
	const char *value;
	size_t		len;
	int			types = 0;
	int			count = 0;
	int			i;

	apikey_refuse_restricted();
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	argument = PG_GETARG_TEXT_PP(0);
	value = VARDATA_ANY(argument);
	len = VARSIZE_ANY_EXHDR(argument);
	apikey_value_trim(&value, &len);
	if (len == 0 || len > APIKEY_VALUE_MAX)
		return (Datum) 0;

	while (apikey_keytype_nth(types) != NULL)
		types++;
	candidates = palloc((types + 1) * sizeof(Candidate));
	for (i = 0; i < types && (type = apikey_keytype_nth(i)) != NULL; i++)
		if (consider(type, value, len, &candidates[count]))
			count++;
	qsort(candidates, count, sizeof(Candidate), compare_candidates);
	for (i = 0; i < count; i++)
	{
		Datum		name = CStringGetTextDatum(candidates[i].type->name);
		bool		is_null = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &name, &is_null);
	}
	return (Datum) 0;
}

/*
 * The rows of builtin_key_types and custom_key_types
 */

pg_attribute_noreturn() static void
refuse(const char *column, const char *message, const char *detail,
	   const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", message),
			 detail != NULL ? errdetail("%s", detail) : 0,
			 hint != NULL ? errhint("%s", hint) : 0,
			 apikey_errargument(column)));
}

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
		refuse("key_type", "invalid name of a key type",
			   "It has 1 to 63 characters, a-z, 0-9 and _, and begins with a letter.",
			   "Choose a name such as acme_cloud.");
}

static void
check_label(const char *label)
{
	size_t		len = strlen(label);

	if (len == 0 || pg_mbstrlen_with_len(label, len) > LABEL_MAX ||
		apikey_has_control(label, len) || apikey_has_outer_space(label, len))
		refuse("label", "invalid label of a key type",
			   psprintf("It has 1 to %d characters, no control characters, and no white space at its ends.",
						LABEL_MAX),
			   "Choose what people call the key, such as Acme Cloud API key.");
}

/*
 * What apikey_is_env_var() takes for a key of its own is too narrow here:
 * vendors read AWS_BEARER_TOKEN_BEDROCK, CLARIFAI_PAT and SLACK_WEBHOOK_URL.
 * Still the name has to say that it holds a secret: never PATH or LD_PRELOAD.
 */
static void
check_env_var(const char *name)
{
	if (!is_like(name, "^[A-Z][A-Z0-9_]{0,190}_(?:(?:KEY|TOKEN|SECRET|PASSWORD|PAT|WEBHOOK)(?:_[A-Z0-9_]*)?|ID)$"))
		refuse("env_vars", "invalid name of an environment variable",
			   "It consists of A-Z, 0-9 and _, begins with a letter, and has the word KEY, TOKEN, SECRET, PASSWORD, PAT or WEBHOOK after a _, or ends with _ID.",
			   "Give names such as ACME_API_KEY.");
}

/* What a prefix tells is in the bytes, so it is ASCII in any encoding. */
static void
check_prefix(const char *prefix)
{
	if (!is_like(prefix, "^[!-~]{2,40}$"))
		refuse("prefixes", "invalid prefix of a key type",
			   "A prefix has 2 to 40 printable ASCII characters, and no spaces.",
			   "Give what every key begins with and what tells the provider, such as acme_.");
}

static void
check_checksum(const char *name)
{
	if (!apikey_checksum_is_known(name))
		refuse("checksum", "unrecognized checksum of a key type",
			   "The checksums are " APIKEY_CHECKSUM_NAMES ".",
			   "Leave it NULL for keys that carry none of these.");
}

static void
check_enforcement(const char *enforcement)
{
	if (strcmp(enforcement, "reject") != 0 && strcmp(enforcement, "warn") != 0)
		refuse("enforcement", "unrecognized enforcement of a key type", NULL,
			   "Use reject or warn.");
}

/* Applications show it as a link: no javascript: and no plain http: */
static void
check_docs_url(const char *url)
{
	if (!is_like(url, "^https://[!-~]{1,250}$"))
		refuse("docs_url", "invalid address of a key type's documentation",
			   "It begins with https:// and has no spaces.", NULL);
}

/* Does it run from ^ to $, so that it describes the whole value? */
static bool
is_anchored(const char *pattern, size_t len)
{
	size_t		escapes = 0;

	while (escapes + 1 < len && pattern[len - 2 - escapes] == '\\')
		escapes++;
	return len >= 2 && pattern[0] == '^' && pattern[len - 1] == '$' &&
		escapes % 2 == 0;
}

/*
 * Compiled here rather than by RE_compile_and_cache(), so that the error names
 * the column and nothing of a refused pattern stays in that cache.
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
		refuse("pattern", "pattern of a key type is too long",
			   psprintf("The limit is %d characters.", PATTERN_MAX),
			   "A pattern may end in an open bound such as {20,}: values have at most 8192 bytes.");
	if (!is_anchored(pattern, len))
		refuse("pattern", "pattern of a key type does not cover a whole value",
			   "It must begin with ^ and end with $.", "Write ^(?:...)$.");

	wide = palloc((len + 1) * sizeof(pg_wchar));
	result = pg_regcomp(&expression, wide,
						pg_mb2wchar_with_len(pattern, wide, (int) len),
						REG_ADVANCED | REG_NOSUB, C_COLLATION_OID);
	if (result != REG_OKAY)
	{
		CHECK_FOR_INTERRUPTS();
		pg_regerror(result, &expression, problem, sizeof(problem));
		refuse("pattern", "pattern of a key type is not a valid regular expression",
			   psprintf("The regular expression engine says: %s.", problem),
			   "Mind that a repetition bound ends at 255.");
	}
	pg_regfree(&expression);
	pfree(wide);
}

/*
 * The columns and their checks; of an array, for each of its elements.  What
 * can be NULL or must be unique is left to the table's constraints.
 */
static const struct
{
	const char *name;
	bool		is_array;
	void		(*check) (const char *value);
}			columns[] = {
	{"key_type", false, check_name},
	{"label", false, check_label},
	{"env_vars", true, check_env_var},
	{"pattern", false, check_pattern},
	{"prefixes", true, check_prefix},
	{"checksum", false, check_checksum},
	{"enforcement", false, check_enforcement},
	{"docs_url", false, check_docs_url}
};

static void
check_array(ArrayType *array, const char *column,
			void (*check) (const char *value))
{
	Datum	   *items;
	bool	   *nulls;
	int			count;
	int			i;

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		refuse(column, psprintf("%s is not a plain list", column),
			   "It has one dimension and no NULL in it.", "Write '{}' for none.");
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &items, &nulls, &count);
	for (i = 0; i < count; i++)
		check(TextDatumGetCString(items[i]));
}

static void
check_row(HeapTuple tuple, TupleDesc desc)
{
	size_t		i;

	for (i = 0; i < lengthof(columns); i++)
	{
		bool		is_null;
		Datum		value = SPI_getbinval(tuple, desc,
										  SPI_fnumber(desc, columns[i].name),
										  &is_null);

		if (is_null)
			continue;
		if (columns[i].is_array)
			check_array(DatumGetArrayTypeP(value), columns[i].name,
						columns[i].check);
		else
			columns[i].check(TextDatumGetCString(value));
	}
}

/*
 * A BEFORE row trigger for INSERT or UPDATE of one of the two tables?  On any
 * other, the columns could be missing or of other types.
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
	return table == apikey_relation("custom_key_types") ||
		table == apikey_relation("builtin_key_types");
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
				 errmsg("function was not called by a trigger of a table of key types"),
				 apikey_errquiet()));
	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ?
		trigger->tg_newtuple : trigger->tg_trigtuple;
	check_row(tuple, RelationGetDescr(trigger->tg_relation));
	return PointerGetDatum(tuple);
}
