/*-------------------------------------------------------------------------
 *
 * check_key.c
 *		check_key and detect_key_type: compare a value with key types.
 *
 * No part of a value is returned or put into a message.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/errors.h"
#include "exec/identity.h"
#include "exec/precondition.h"
#include "redact/secret.h"
#include "store/value_search.h"
#include "validate/arguments.h"
#include "validate/key_type.h"
#include "validate/pattern_match.h"
#include "validate/value.h"
#include "validate/value_characters.h"
#include "validate/value_finding.h"
#include "validate/value_format.h"

PG_FUNCTION_INFO_V1(apikey_check_key);
PG_FUNCTION_INFO_V1(apikey_detect_key_type);

static void
put_finding(ReturnSetInfo *result, const char *severity, const char *code,
			const char *message)
{
	bool		nulls[3] = {false};
	Datum		row[3];

	row[0] = CStringGetTextDatum(severity);
	row[1] = CStringGetTextDatum(code);
	row[2] = CStringGetTextDatum(message);
	tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
}

/* Nothing is said without an identity, or without the master key. */
static void
note_duplicate(ReturnSetInfo *result, const char *value, size_t len)
{
	const char *user_id = apikey_identity();
	const char *name = user_id != NULL ? apikey_value_find_duplicate(user_id, value, len) : NULL;

	if (name != NULL)
		put_finding(result, "notice", "duplicate",
					psprintf("API key \"%s\" has the same value", name));
}

/*
 * apikey.check_key(key_type text, value text)
 *		-> setof (severity text, code text, message text)
 */
static Datum
check_key(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const ApikeyKeyType *type;
	const char *value;
	size_t		len;
	List	   *findings;
	ListCell   *cell;

	apikey_secret_received(fcinfo, 1, "value");
	apikey_refuse_restricted();
	type = apikey_arg_key_type(fcinfo, 0);
	apikey_value_read(fcinfo, 1, type, &value, &len);
	InitMaterializedSRF(fcinfo, 0);
	findings = apikey_value_validate(type, value, len);
	foreach(cell, findings)
	{
		const ApikeyFinding *finding = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		put_finding(result, finding->is_error ? "error" : "warning", finding->code,
					finding->message);
	}
	if (!apikey_value_has_error(findings))
		note_duplicate(result, value, len);
	return (Datum) 0;
}

Datum
apikey_check_key(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(check_key, fcinfo);
}

/* A type that a value could have. */
typedef struct Candidate
{
	const ApikeyKeyType *type;
	size_t		prefix_len;		/* of the type's prefix of the value, or 0 */
	bool		matches_anything;
	bool		is_custom;
} Candidate;

/*
 * Does the type match a string that no provider would issue?  Then a match with
 * the value means little.
 */
static bool
matches_anything(const ApikeyKeyType *type)
{
	static const char odd[] = "~!#$%&*+,-./:;<=>?@^_`{|}~!#$%&*";

	return apikey_pattern_matches(type, odd, sizeof(odd) - 1);
}

/* For qsort: the most specific type first. */
static int
compare_candidates(const void *a, const void *b)
{
	const Candidate *left = a;
	const Candidate *right = b;

	if (left->is_custom != right->is_custom)
		return left->is_custom ? 1 : -1;
	if (left->prefix_len != right->prefix_len)
		return left->prefix_len > right->prefix_len ? -1 : 1;
	if (left->matches_anything != right->matches_anything)
		return left->matches_anything ? 1 : -1;
	return strcmp(left->type->name, right->type->name);
}

/* The value that is compared with all types. */
typedef struct Compared
{
	const char *value;
	size_t		len;
	ApikeyWideValue *wide;
	bool		has_space;
	bool		is_identified;	/* is it a key of some type, by its prefix? */
	size_t		identified_len; /* the length of that prefix */
} Compared;

/* By a prefix that is longer than the type's own, if it has one? */
static bool
is_of_other_type(const ApikeyKeyType *type, const Compared *compared, size_t prefix_len)
{
	return compared->is_identified && prefix_len < compared->identified_len &&
		!apikey_key_type_is_custom(type);
}

/*
 * If the value could have the type, fill in the candidate.  That a type without a
 * format accepts the value means nothing.  Types that allow white space are for values
 * that have some.
 */
static bool
consider(const ApikeyKeyType *type, const Compared *compared, Candidate *candidate)
{
	const char *prefix = apikey_key_type_prefix(type, compared->value, compared->len);
	size_t		prefix_len = prefix != NULL ? strlen(prefix) : 0;

	if ((type->pattern == NULL && prefix == NULL) ||
		type->allow_whitespace != compared->has_space ||
		is_of_other_type(type, compared, prefix_len) ||
		!apikey_pattern_matches_wide(type, compared->wide))
		return false;
	candidate->type = type;
	candidate->prefix_len = prefix_len;
	candidate->matches_anything = matches_anything(type);
	candidate->is_custom = apikey_key_type_is_custom(type);
	return true;
}

/* Fill in the types that the value could have; returns how many. */
static int
collect_candidates(const ApikeyKeyTypes *all, const Compared *compared, Candidate *candidates)
{
	int			count = 0;

	for (int i = 0; i < all->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (consider(&all->types[i], compared, &candidates[count]))
			count++;
	}
	return count;
}

/* The types that the value could have, most specific first; palloc'ed. */
static Candidate *
list_candidates(const char *value, size_t len, int *count)
{
	const ApikeyKeyTypes *all = apikey_key_types();
	Candidate  *candidates = palloc(Max(all->count, 1) * sizeof(Candidate));
	Compared	compared = {
		.value = value,
		.len = len,
		.has_space = apikey_value_has_space(value, len)
	};

	compared.is_identified =
		apikey_value_identified_types(NULL, value, len, &compared.identified_len) != NIL;
	compared.wide = apikey_wide_value_new(value, len);
	PG_TRY();
	{
		*count = collect_candidates(all, &compared, candidates);
	}
	PG_FINALLY();
	{
		apikey_wide_value_free(compared.wide);
	}
	PG_END_TRY();
	qsort(candidates, *count, sizeof(Candidate), compare_candidates);
	return candidates;
}

/*
 * apikey.detect_key_type(value text) -> setof text
 */
static Datum
detect_key_type(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Candidate  *candidates;
	const char *value;
	size_t		len;
	int			count;

	apikey_secret_received(fcinfo, 0, "value");
	apikey_refuse_restricted();
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	apikey_value_read_trimmed(fcinfo, 0, &value, &len);
	if (len == 0 || len > APIKEY_VALUE_MAX)
		return (Datum) 0;
	candidates = list_candidates(value, len, &count);
	for (int i = 0; i < count; i++)
	{
		Datum		name = CStringGetTextDatum(candidates[i].type->name);
		bool		is_null = false;

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(result->setResult, result->setDesc, &name, &is_null);
	}
	return (Datum) 0;
}

Datum
apikey_detect_key_type(PG_FUNCTION_ARGS)
{
	return apikey_call_hidden(detect_key_type, fcinfo);
}
