/*-------------------------------------------------------------------------
 *
 * fail_calls.c
 *		Each call that can fail, made to fail once, in a server.
 *
 * The linker redirects the extension's calls of the functions below to this file
 * (--wrap; the Makefile names them from these lists).  fail_call(n) has the n-th
 * call from then on fail: one that allocates raises 53200, as PostgreSQL does
 * without memory; one of libcrypto or of the C library returns failure, and has
 * done nothing.  failed_call() ends that, and returns the name of the function
 * that failed, or NULL if there were not as many calls.  call_count() tells how many
 * there were, and first_calls() which of them was the first from each place in the
 * code.
 *
 * memory_contains(complements) searches the private memory of this process for
 * bytes whose complements are given, so that the search itself does not put them
 * there.
 *
 * test/unit/failure_test.c does the same for the core alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "storage/fd.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

static int	calls = 0;
static int	failing_call = 0;	/* 0: none */
static const char *failed_name = NULL;

/* The places that have made a call, by their return addresses. */
#define MAX_PLACES	2000

static const void *places[MAX_PLACES];
static Datum first[MAX_PLACES];
static int	place_count = 0;

static void
note_place(const void *place)
{
	for (int i = 0; i < place_count; i++)
		if (places[i] == place)
			return;
	if (place_count == MAX_PLACES)
		return;
	first[place_count] = Int32GetDatum(calls);
	places[place_count++] = place;
}

/* Is this the call that fails?  A call of libcrypto also queues an error. */
static bool
fails(const char *name, const void *place)
{
	if (failing_call == 0)
		return false;
	calls++;
	note_place(place);
	if (calls != failing_call)
		return false;
	failed_name = name;
	if (strncmp(name, "EVP_", 4) == 0)
		ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
	errno = ENOMEM;
	return true;
}

/* Raise what PostgreSQL raises without memory, if this is the call that fails. */
static void
may_raise(const char *name, const void *place)
{
	if (fails(name, place))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Call %d, of %s, was made to fail.", failing_call, name)));
}

/* A function of PostgreSQL that allocates. */
#define WRAP_RAISER(type, name, parameters, arguments) \
	extern type __real_##name parameters; \
	extern type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		may_raise(#name, __builtin_return_address(0)); \
		return __real_##name arguments; \
	}

#define WRAP_VOID_RAISER(name, parameters, arguments) \
	extern void __real_##name parameters; \
	extern void __wrap_##name parameters; \
	void __wrap_##name parameters \
	{ \
		may_raise(#name, __builtin_return_address(0)); \
		__real_##name arguments; \
	}

/* A function that returns failure when it fails, and has done nothing. */
#define WRAP_FAILING(type, name, failure, parameters, arguments) \
	extern type __real_##name parameters; \
	extern type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		return fails(#name, __builtin_return_address(0)) ? failure : \
			__real_##name arguments; \
	}

WRAP_RAISER(void *, palloc, (Size size), (size))
WRAP_RAISER(void *, palloc0, (Size size), (size))
WRAP_RAISER(void *, repalloc, (void *pointer, Size size), (pointer, size))
WRAP_RAISER(void *, MemoryContextAlloc, (MemoryContext context, Size size), (context, size))
WRAP_RAISER(void *, MemoryContextAllocHuge, (MemoryContext context, Size size), (context, size))
WRAP_RAISER(char *, MemoryContextStrdup, (MemoryContext context, const char *string), (context, string))
WRAP_RAISER(MemoryContext, AllocSetContextCreateInternal,
			(MemoryContext parent, const char *name, Size min, Size initial, Size max),
			(parent, name, min, initial, max))
WRAP_RAISER(char *, pstrdup, (const char *string), (string))
WRAP_RAISER(char *, pnstrdup, (const char *string, Size len), (string, len))
WRAP_RAISER(text *, cstring_to_text, (const char *string), (string))
WRAP_RAISER(text *, cstring_to_text_with_len, (const char *string, int len), (string, len))
WRAP_RAISER(char *, text_to_cstring, (const text *value), (value))
WRAP_RAISER(struct varlena *, pg_detoast_datum, (struct varlena *datum), (datum))
WRAP_RAISER(struct varlena *, pg_detoast_datum_copy, (struct varlena *datum), (datum))
WRAP_RAISER(struct varlena *, pg_detoast_datum_packed, (struct varlena *datum), (datum))
WRAP_VOID_RAISER(initStringInfo, (StringInfo string), (string))
WRAP_VOID_RAISER(appendStringInfoString, (StringInfo string, const char *added), (string, added))
WRAP_VOID_RAISER(appendStringInfoChar, (StringInfo string, char added), (string, added))
WRAP_RAISER(List *, lappend, (List *list, void *datum), (list, datum))
WRAP_RAISER(HeapTuple, heap_copytuple, (HeapTuple tuple), (tuple))
WRAP_RAISER(HeapTuple, heap_form_tuple, (TupleDesc desc, Datum *values, bool *nulls),
			(desc, values, nulls))
WRAP_RAISER(TupleDesc, CreateTupleDescCopy, (TupleDesc desc), (desc))
WRAP_RAISER(Datum, datumCopy, (Datum value, bool by_value, int len), (value, by_value, len))
WRAP_RAISER(ArrayBuildState *, initArrayResult, (Oid type, MemoryContext context, bool own),
			(type, context, own))
WRAP_RAISER(ArrayBuildState *, accumArrayResult,
			(ArrayBuildState *state, Datum value, bool null, Oid type, MemoryContext context),
			(state, value, null, type, context))
WRAP_RAISER(Datum, makeArrayResult, (ArrayBuildState *state, MemoryContext context), (state, context))
WRAP_VOID_RAISER(tuplestore_putvalues,
				 (Tuplestorestate *state, TupleDesc desc, Datum *values, bool *nulls),
				 (state, desc, values, nulls))
WRAP_VOID_RAISER(tuplestore_puttuple, (Tuplestorestate *state, HeapTuple tuple), (state, tuple))
WRAP_VOID_RAISER(BeginInternalSubTransaction, (const char *name), (name))
WRAP_RAISER(Snapshot, RegisterSnapshot, (Snapshot snapshot), (snapshot))
WRAP_RAISER(int, SPI_connect, (void), ())
WRAP_RAISER(SPIPlanPtr, SPI_prepare_cursor,
			(const char *source, int count, Oid *types, int options),
			(source, count, types, options))
WRAP_RAISER(int, SPI_keepplan, (SPIPlanPtr plan), (plan))
WRAP_RAISER(int, SPI_execute_snapshot,
			(SPIPlanPtr plan, Datum *values, const char *nulls, Snapshot snapshot,
			 Snapshot crosscheck, bool read_only, bool fire, long count),
			(plan, values, nulls, snapshot, crosscheck, read_only, fire, count))
WRAP_RAISER(Portal, SPI_cursor_open,
			(const char *name, SPIPlanPtr plan, Datum *values, const char *nulls, bool read_only),
			(name, plan, values, nulls, read_only))
WRAP_VOID_RAISER(SPI_cursor_fetch, (Portal portal, bool forward, long count), (portal, forward, count))
WRAP_RAISER(int, SPI_finish, (void), ())
#if PG_VERSION_NUM >= 170000
WRAP_RAISER(XLogRecPtr, LogLogicalMessage,
			(const char *prefix, const char *message, size_t size, bool transactional, bool flush),
			(prefix, message, size, transactional, flush))
#else
WRAP_RAISER(XLogRecPtr, LogLogicalMessage,
			(const char *prefix, const char *message, size_t size, bool transactional),
			(prefix, message, size, transactional))
#endif
WRAP_RAISER(Oid, FindDefaultConversionProc, (int32 from, int32 to), (from, to))
WRAP_RAISER(int, pg_do_encoding_conversion_buf,
			(Oid conversion, int from, int to, unsigned char *source, int len,
			 unsigned char *result, int size, bool no_error),
			(conversion, from, to, source, len, result, size, no_error))
WRAP_RAISER(int, pg_encoding_mb2wchar_with_len,
			(int encoding, const char *from, pg_wchar *to, int len), (encoding, from, to, len))

WRAP_FAILING(int, pg_regcomp, REG_ESPACE,
			 (regex_t *expression, const pg_wchar *pattern, size_t len, int flags, Oid collation),
			 (expression, pattern, len, flags, collation))
WRAP_FAILING(bool, pg_strong_random, false, (void *bytes, size_t len), (bytes, len))
WRAP_FAILING(void *, malloc, NULL, (size_t size), (size))
WRAP_FAILING(char *, realpath, NULL, (const char *path, char *resolved), (path, resolved))
WRAP_FAILING(void *, CRYPTO_secure_zalloc, NULL,
			 (size_t size, const char *file, int line), (size, file, line))
WRAP_FAILING(int, CRYPTO_secure_malloc_init, 0, (size_t size, size_t minsize), (size, minsize))
WRAP_FAILING(EVP_CIPHER *, EVP_CIPHER_fetch, NULL,
			 (OSSL_LIB_CTX *library, const char *name, const char *properties),
			 (library, name, properties))
WRAP_FAILING(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, NULL, (void), ())
WRAP_FAILING(EVP_MAC *, EVP_MAC_fetch, NULL,
			 (OSSL_LIB_CTX *library, const char *name, const char *properties),
			 (library, name, properties))
WRAP_FAILING(EVP_MAC_CTX *, EVP_MAC_CTX_new, NULL, (EVP_MAC *mac), (mac))
WRAP_FAILING(EVP_KDF *, EVP_KDF_fetch, NULL,
			 (OSSL_LIB_CTX *library, const char *name, const char *properties),
			 (library, name, properties))
WRAP_FAILING(EVP_KDF_CTX *, EVP_KDF_CTX_new, NULL, (EVP_KDF *kdf), (kdf))
WRAP_FAILING(int, EVP_CipherInit_ex2, 0,
			 (EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, const unsigned char *key,
			  const unsigned char *iv, int enc, const OSSL_PARAM params[]),
			 (context, cipher, key, iv, enc, params))
WRAP_FAILING(int, EVP_CipherUpdate, 0,
			 (EVP_CIPHER_CTX *context, unsigned char *out, int *out_len,
			  const unsigned char *in, int in_len),
			 (context, out, out_len, in, in_len))
WRAP_FAILING(int, EVP_CipherFinal_ex, 0,
			 (EVP_CIPHER_CTX *context, unsigned char *out, int *out_len),
			 (context, out, out_len))
WRAP_FAILING(int, EVP_CIPHER_CTX_ctrl, 0,
			 (EVP_CIPHER_CTX *context, int type, int arg, void *pointer),
			 (context, type, arg, pointer))
WRAP_FAILING(int, EVP_MAC_CTX_set_params, 0,
			 (EVP_MAC_CTX *context, const OSSL_PARAM params[]), (context, params))
WRAP_FAILING(int, EVP_MAC_init, 0,
			 (EVP_MAC_CTX *context, const unsigned char *key, size_t len, const OSSL_PARAM params[]),
			 (context, key, len, params))
WRAP_FAILING(int, EVP_MAC_update, 0,
			 (EVP_MAC_CTX *context, const unsigned char *data, size_t len), (context, data, len))
WRAP_FAILING(int, EVP_MAC_final, 0,
			 (EVP_MAC_CTX *context, unsigned char *out, size_t *len, size_t size),
			 (context, out, len, size))
WRAP_FAILING(int, EVP_KDF_derive, 0,
			 (EVP_KDF_CTX *context, unsigned char *out, size_t len, const OSSL_PARAM params[]),
			 (context, out, len, params))

/*
 * The two functions with a variable number of arguments, which cannot be passed on.
 */
extern void __wrap_appendStringInfo(StringInfo string, const char *format,...) pg_attribute_printf(2, 3);
extern char *__wrap_psprintf(const char *format,...) pg_attribute_printf(1, 2);

/* Append, or enlarge the string for another attempt; then not 0. */
static int	append(StringInfo string, const char *format, va_list args) pg_attribute_printf(2, 0);

static int
append(StringInfo string, const char *format, va_list args)
{
	int			needed = appendStringInfoVA(string, format, args);

	if (needed > 0)
		enlargeStringInfo(string, needed);
	return needed;
}

void
__wrap_appendStringInfo(StringInfo string, const char *format,...)
{
	int			save_errno = errno;
	va_list		args;
	int			needed;

	may_raise("appendStringInfo", __builtin_return_address(0));
	do
	{
		errno = save_errno;
		va_start(args, format);
		needed = append(string, format, args);
		va_end(args);
	} while (needed > 0);
}

char *
__wrap_psprintf(const char *format,...)
{
	StringInfoData string;
	va_list		args;
	int			needed;

	may_raise("psprintf", __builtin_return_address(0));
	__real_initStringInfo(&string);
	do
	{
		va_start(args, format);
		needed = append(&string, format, args);
		va_end(args);
	} while (needed > 0);
	return string.data;
}

/*----
 * What SQL calls.
 *----
 */
PG_FUNCTION_INFO_V1(fail_call);
PG_FUNCTION_INFO_V1(failed_call);
PG_FUNCTION_INFO_V1(call_count);
PG_FUNCTION_INFO_V1(first_calls);
PG_FUNCTION_INFO_V1(memory_contains);

/*
 * fail_call(n int) -> void
 */
Datum
fail_call(PG_FUNCTION_ARGS)
{
	failed_name = NULL;
	calls = 0;
	place_count = 0;
	failing_call = PG_GETARG_INT32(0);
	PG_RETURN_VOID();
}

/*
 * failed_call() -> text
 */
Datum
failed_call(PG_FUNCTION_ARGS)
{
	failing_call = 0;
	if (failed_name == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(failed_name));
}

/*
 * call_count() -> int
 *
 * The number of calls since fail_call(); ends it as well.
 */
Datum
call_count(PG_FUNCTION_ARGS)
{
	failing_call = 0;
	PG_RETURN_INT32(calls);
}

/*
 * first_calls() -> int[]
 */
Datum
first_calls(PG_FUNCTION_ARGS)
{
	failing_call = 0;
	PG_RETURN_ARRAYTYPE_P(construct_array(first, place_count, INT4OID, sizeof(int32), true,
										  TYPALIGN_INT));
}

/* Does the memory contain the bytes that have this complement? */
static bool
contains(const unsigned char *start, const unsigned char *end,
		 const unsigned char *complement, size_t len)
{
	const unsigned char *found;

	while (end - start >= (ptrdiff_t) len &&
		   (found = memchr(start, 0xFF & ~complement[0], end - start - len + 1)) != NULL)
	{
		size_t		same = 0;

		while (same < len && found[same] == (0xFF & ~complement[same]))
			same++;
		if (same == len)
			return true;
		start = found + 1;
	}
	return false;
}

/* The same for any of the complements. */
static bool
contains_any(unsigned long start, unsigned long end, const Datum *complements, int count)
{
	for (int i = 0; i < count; i++)
	{
		const bytea *complement = (const bytea *) DatumGetPointer(complements[i]);

		CHECK_FOR_INTERRUPTS();
		if (contains((const unsigned char *) start, (const unsigned char *) end,
					 (const unsigned char *) VARDATA_ANY(complement),
					 VARSIZE_ANY_EXHDR(complement)))
			return true;
	}
	return false;
}

/*
 * memory_contains(complements bytea[]) -> text
 *
 * The mapping, as in /proc/self/maps, in which one of the byte strings is; NULL if
 * none is in memory that belongs to this process alone.
 */
Datum
memory_contains(PG_FUNCTION_ARGS)
{
	FILE	   *maps = AllocateFile("/proc/self/maps", "r");
	char		line[MAXPGPATH * 2];
	bool		found = false;
	Datum	   *complements;
	int			count;

	if (maps == NULL)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not open /proc/self/maps: %m")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), BYTEAOID, -1, false, TYPALIGN_INT,
					  &complements, NULL, &count);
	while (!found && fgets(line, sizeof(line), maps) != NULL)
	{
		unsigned long start;
		unsigned long end;
		char		permissions[5];

		if (sscanf(line, "%lx-%lx %4s", &start, &end, permissions) == 3 &&
			strcmp(permissions, "rw-p") == 0)
			found = contains_any(start, end, complements, count);
	}
	FreeFile(maps);
	if (!found)
		PG_RETURN_NULL();
	line[strcspn(line, "\n")] = '\0';
	PG_RETURN_TEXT_P(cstring_to_text(line));
}
