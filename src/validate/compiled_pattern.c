/*-------------------------------------------------------------------------
 *
 * compiled_pattern.c
 *		The compiled form of a pattern; see compiled_pattern.h.
 *
 * PostgreSQL's own cache of compiled expressions is smaller than the number of
 * key types.  The engine allocates its memory with malloc() in PostgreSQL 15, and
 * in the current memory context from 16 on.
 *
 * The only copies of a value are in wide characters, and wiped on every path.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/memutils.h"

#include "base/counter.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "validate/compiled_pattern.h"

struct ApikeyCompiledPattern
{
	const		text *pattern;
	bool		is_compiled;
	regex_t		expression;
	MemoryContextCallback on_reset;
};

pg_noreturn static void
raise_regex(int result)
{
	char		problem[100];

	/* The engine may have failed because the query was cancelled. */
	CHECK_FOR_INTERRUPTS();
	pg_regerror(result, NULL, problem, sizeof(problem));
	ereport(ERROR,
			(errcode(result == REG_ESPACE ? ERRCODE_OUT_OF_MEMORY :
					 ERRCODE_INVALID_REGULAR_EXPRESSION),
			 errmsg("could not match the pattern of a key type: %s", problem),
			 apikey_err_hide_statement()));
}

static void
free_compiled_pattern(void *arg)
{
	ApikeyCompiledPattern *compiled = arg;

	if (compiled->is_compiled)
		pg_regfree(&compiled->expression);
	compiled->is_compiled = false;
}

ApikeyCompiledPattern *
apikey_compiled_pattern_new(const text *pattern)
{
	ApikeyCompiledPattern *compiled = palloc0(sizeof(ApikeyCompiledPattern));

	compiled->pattern = pattern;
	compiled->on_reset.func = free_compiled_pattern;
	compiled->on_reset.arg = compiled;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &compiled->on_reset);
	return compiled;
}

static void
compile_pattern(ApikeyCompiledPattern *compiled)
{
	size_t		len = VARSIZE_ANY_EXHDR(compiled->pattern);
	pg_wchar   *wide = palloc((len + 1) * sizeof(pg_wchar));
	MemoryContext outer = MemoryContextSwitchTo(GetMemoryChunkContext(compiled));
	int			result;

	len = pg_mb2wchar_with_len(VARDATA_ANY(compiled->pattern), wide, (int) len);
	result = pg_regcomp(&compiled->expression, wide, len,
						REG_ADVANCED | REG_NOSUB, C_COLLATION_OID);
	MemoryContextSwitchTo(outer);
	pfree(wide);
	if (result != REG_OKAY)
		raise_regex(result);
	compiled->is_compiled = true;
	apikey_count(APIKEY_COUNT_LOADS_PATTERNS);
}

static ApikeyWideValue *
make_wide(const char *value, size_t len, int encoding)
{
	size_t		size = offsetof(ApikeyWideValue, chars) + (len + 1) * sizeof(pg_wchar);
	ApikeyWideValue *wide = palloc(size);

	wide->size = size;
	wide->len = pg_encoding_mb2wchar_with_len(encoding, value, wide->chars, (int) len);
	return wide;
}

ApikeyWideValue *
apikey_wide_value_new(const char *value, size_t len)
{
	return make_wide(value, len, GetDatabaseEncoding());
}

ApikeyWideValue *
apikey_wide_value_unicode(const char *value, size_t len)
{
	size_t		utf8_len;
	const char *utf8 = apikey_try_utf8(value, len, &utf8_len);
	ApikeyWideValue *wide = NULL;

	if (utf8 == NULL)
		return apikey_wide_value_new(value, len);
	PG_TRY();
	{
		wide = make_wide(utf8, utf8_len, PG_UTF8);
	}
	PG_FINALLY();
	{
		apikey_wipe_utf8(utf8, utf8_len, value);
	}
	PG_END_TRY();
	return wide;
}

void
apikey_wide_value_free(ApikeyWideValue *wide)
{
	explicit_bzero(wide, wide->size);
	pfree(wide);
}

/*
 * The engine itself keeps only positions in the value, no copies.  If the query
 * is cancelled, it raises an error from PostgreSQL 16 on, and returns before.
 */
bool
apikey_compiled_pattern_matches(ApikeyCompiledPattern *compiled,
								const ApikeyWideValue *wide)
{
	int			result;

	if (!compiled->is_compiled)
		compile_pattern(compiled);
	result = pg_regexec(&compiled->expression, wide->chars, wide->len, 0, NULL, 0, NULL, 0);
	if (result != REG_OKAY && result != REG_NOMATCH)
		raise_regex(result);
	return result == REG_OKAY;
}
