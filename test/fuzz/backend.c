/*-------------------------------------------------------------------------
 *
 * backend.c
 *		The parts of the server that the parsers call; see backend.h.
 *
 * Memory is malloc'ed, each piece for itself, so that the sanitizer checks its
 * bounds; all memory contexts are the same, but for TopMemoryContext.  An error jumps as PostgreSQL's do, to
 * the innermost PG_TRY or to call_backend().  The encoding is UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/unicode_norm.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "backend.h"
#include "base/counter.h"

extern pg_wchar *__real_unicode_normalize(UnicodeNormalizationForm form, const pg_wchar *input);
extern pg_wchar *__wrap_unicode_normalize(UnicodeNormalizationForm form, const pg_wchar *input);

char		error_text[4096];

volatile	sig_atomic_t InterruptPending = false;
sigjmp_buf *PG_exception_stack = NULL;
ErrorContextCallback *error_context_stack = NULL;
static MemoryContextData memory;
static MemoryContextData top_memory;
MemoryContext CurrentMemoryContext = &memory;
MemoryContext TopMemoryContext = &top_memory;
char	   *DataDir = "/nonexistent";
int			MyProcPid = 1;

/* Memory */

/* GetMemoryChunkContext() finds the context before the memory, up to PostgreSQL 15. */
#define HEADER_SIZE		16

static void **pieces = NULL;
static size_t piece_count = 0;
static size_t piece_room = 0;

static void
keep(void *piece)
{
	if (piece_count == piece_room)
	{
		piece_room = piece_room * 2 + 64;
		pieces = realloc(pieces, piece_room * sizeof(void *));
		demand(pieces != NULL);
	}
	pieces[piece_count++] = piece;
}

static size_t
find_piece(void *pointer)
{
	size_t		i = piece_count;

	while (i > 0 && pieces[i - 1] != (char *) pointer - HEADER_SIZE)
		i--;
	demand(i > 0);
	return i - 1;
}

static void
free_pieces(void)
{
	while (piece_count > 0)
		free(pieces[--piece_count]);
}

void *
palloc(Size size)
{
	char	   *piece = room(HEADER_SIZE + size);

	memset(piece, 0, HEADER_SIZE);
	memcpy(piece + HEADER_SIZE - sizeof(MemoryContext), &CurrentMemoryContext, sizeof(MemoryContext));
	if (CurrentMemoryContext == &memory)
		keep(piece);
	return piece + HEADER_SIZE;
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

void
pfree(void *pointer)
{
	size_t		i = find_piece(pointer);

	free(pieces[i]);
	pieces[i] = pieces[--piece_count];
}

void *
repalloc(void *pointer, Size size)
{
	size_t		i = find_piece(pointer);

	pieces[i] = realloc(pieces[i], HEADER_SIZE + size);
	demand(pieces[i] != NULL);
	return (char *) pieces[i] + HEADER_SIZE;
}

void *
palloc_extended(Size size, int flags)
{
	return palloc0(size);
}

char *
pstrdup(const char *text)
{
	return strcpy(palloc(strlen(text) + 1), text);
}

char *
pnstrdup(const char *text, Size len)
{
	size_t		size = strnlen(text, len);
	char	   *copy = palloc(size + 1);

	memcpy(copy, text, size);
	copy[size] = '\0';
	return copy;
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	return palloc(size);
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	return palloc0(size);
}

char *
MemoryContextStrdup(MemoryContext context, const char *text)
{
	return pstrdup(text);
}

MemoryContext
AllocSetContextCreateInternal(MemoryContext parent, const char *name,
							  Size minContextSize, Size initBlockSize, Size maxBlockSize)
{
	return &memory;
}

void
MemoryContextDelete(MemoryContext context)
{
}

void
MemoryContextReset(MemoryContext context)
{
}

/* Errors */

static int	error_code;

bool
errstart(int elevel, const char *domain)
{
	if (elevel >= ERROR)
		error_text[0] = '\0';
	return elevel >= ERROR;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return errstart(elevel, domain);
}

void
pg_re_throw(void)
{
	siglongjmp(*PG_exception_stack, 1);
}

/* Internal errors are none that a parser may raise. */
void
errfinish(const char *filename, int lineno, const char *funcname)
{
	demand(error_code != ERRCODE_INTERNAL_ERROR);
	pg_re_throw();
}

int
errcode(int sqlerrcode)
{
	error_code = sqlerrcode;
	return 0;
}

int
geterrcode(void)
{
	return error_code;
}

static void
append_error(const char *format, va_list args)
{
	size_t		used = strlen(error_text);

	vsnprintf(error_text + used, sizeof(error_text) - used, format, args);
}

#define APPEND_ERROR(function) \
int \
function(const char *fmt,...) \
{ \
	va_list		args; \
 \
	va_start(args, fmt); \
	append_error(fmt, args); \
	va_end(args); \
	return 0; \
}

APPEND_ERROR(errmsg)
APPEND_ERROR(errmsg_internal)
APPEND_ERROR(errdetail)
APPEND_ERROR(errhint)
APPEND_ERROR(errcontext_msg)

int
err_generic_string(int field, const char *str)
{
	return 0;
}

int
errhidestmt(bool hide_stmt)
{
	return 0;
}

int
set_errcontext_domain(const char *domain)
{
	return 0;
}

char *
GetErrorContextStack(void)
{
	return NULL;
}

bool
call_backend(void (*function) (Input *input), Input *input)
{
	sigjmp_buf	jump;
	bool		returned = false;

	PG_exception_stack = &jump;
	if (sigsetjmp(jump, 0) == 0)
	{
		function(input);
		returned = true;
	}
	PG_exception_stack = NULL;
	error_context_stack = NULL;
	CurrentMemoryContext = &memory;
	free_pieces();
	return returned;
}

/* Counters */

void
apikey_count_add(ApikeyCounter counter, uint64 number)
{
}

void
apikey_count_refusal(int sqlerrcode)
{
}

/* Texts */

int
GetDatabaseEncoding(void)
{
	return PG_UTF8;
}

int
pg_mblen(const char *mbstr)
{
	return pg_encoding_mblen(PG_UTF8, mbstr);
}

bool
pg_verify_mbstr(int encoding, const char *mbstr, int len, bool noError)
{
	demand(noError);
	return pg_encoding_verifymbstr(encoding, mbstr, len) == len;
}

bool
pg_verifymbstr(const char *mbstr, int len, bool noError)
{
	return pg_verify_mbstr(PG_UTF8, mbstr, len, noError);
}

int
pg_mbstrlen_with_len(const char *mbstr, int limit)
{
	int			count = 0;

	for (int size; limit > 0 && *mbstr != '\0'; limit -= size, mbstr += size, count++)
		size = pg_mblen(mbstr);
	return count;
}

int
pg_mb2wchar_with_len(const char *from, pg_wchar *to, int len)
{
	return pg_wchar_table[PG_UTF8].mb2wchar_with_len((const unsigned char *) from, to, len);
}

text *
cstring_to_text_with_len(const char *s, int len)
{
	text	   *result = palloc(len + VARHDRSZ);

	SET_VARSIZE(result, len + VARHDRSZ);
	memcpy(VARDATA(result), s, len);
	return result;
}

text *
cstring_to_text(const char *s)
{
	return cstring_to_text_with_len(s, strlen(s));
}

char *
text_to_cstring(const text *t)
{
	return pnstrdup(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
}

char *
take_string(Input *input, size_t max)
{
	size_t		len;
	char	   *taken = take_text(input, max, &len);
	char	   *copy = pstrdup(taken);

	free(taken);
	return copy;
}

/* Outside the server, it returns memory of malloc(). */
pg_wchar *
__wrap_unicode_normalize(UnicodeNormalizationForm form, const pg_wchar *input)
{
	pg_wchar   *normalized = __real_unicode_normalize(form, input);
	pg_wchar   *copy;
	size_t		count = 1;

	demand(normalized != NULL);
	while (normalized[count - 1] != 0)
		count++;
	copy = memcpy(palloc(count * sizeof(pg_wchar)), normalized, count * sizeof(pg_wchar));
	free(normalized);
	return copy;
}

/* Lists */

static List *
new_list(int room_for)
{
	List	   *list = palloc0(sizeof(List));

	list->type = T_List;
	list->max_length = room_for;
	list->elements = palloc(room_for * sizeof(ListCell));
	return list;
}

List *
lappend(List *list, void *datum)
{
	List	   *result = new_list(list_length(list) + 1);

	for (int i = 0; i < list_length(list); i++)
		result->elements[i] = list->elements[i];
	result->length = list_length(list) + 1;
	lfirst(&result->elements[result->length - 1]) = datum;
	return result;
}

List *
list_make1_impl(NodeTag t, ListCell datum1)
{
	return lappend(NIL, lfirst(&datum1));
}

List *
list_concat(List *list1, const List *list2)
{
	for (int i = 0; i < list_length(list2); i++)
		list1 = lappend(list1, lfirst(&list2->elements[i]));
	return list1;
}

bool
IsTransactionState(void)
{
	return true;
}
