/*-------------------------------------------------------------------------
 *
 * pattern_match.c
 *		Matching of a value against a type's pattern.
 *
 * The only copy of the value is in the wide characters that the regular
 * expression engine requires; it is wiped on every path.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/builtins.h"

#include "base/errors.h"
#include "validate/pattern_match.h"

pg_noreturn static void
raise_regex(int result)
{
	char		problem[100];

	/* The engine may have failed because the query was cancelled. */
	CHECK_FOR_INTERRUPTS();
	pg_regerror(result, NULL, problem, sizeof(problem));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_REGULAR_EXPRESSION),
			 errmsg("could not match the pattern of a key type: %s", problem),
			 apikey_err_hide_statement()));
}

/*
 * The engine itself keeps only positions in the value, no copies.  If the query
 * is cancelled, it raises an error from PostgreSQL 16 on, and returns before.
 */
bool
apikey_pattern_matches(const ApikeyKeyType *type, const char *value, size_t len)
{
	regex_t    *expression;
	pg_wchar   *wide;
	volatile int result = REG_NOMATCH;	/* survives a longjmp */

	if (type->pattern == NULL)
		return true;

	/* PostgreSQL caches the last 32 compiled expressions of a backend. */
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
