/*-------------------------------------------------------------------------
 *
 * key_prefixes.c
 *		The prefixes of all key types; see key_prefixes.h.
 *
 * The list of the built-in ones is made from the SQL file that defines the types,
 * so that the postmaster has it as well, which reads no table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/key_shape.h"
#include "redact/builtin_prefixes.h"
#include "redact/key_prefixes.h"
#include "redact/known_clean.h"

static ApikeyKeyShapes builtin;
static ApikeyKeyShapes learned;
static MemoryContext learned_context = NULL;

bool
apikey_key_prefixes_are_in(const char *text, size_t len)
{
	return apikey_key_shapes_are_in(&builtin, text, len) ||
		apikey_key_shapes_are_in(&learned, text, len);
}

bool
apikey_key_prefixes_hide(char *text, size_t len)
{
	bool		found = apikey_key_shapes_hide(&builtin, text, len);

	return apikey_key_shapes_hide(&learned, text, len) || found;
}

/* qsort, by bytes */
static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static bool
is_builtin(const char *prefix)
{
	return bsearch(&prefix, builtin_prefixes, lengthof(builtin_prefixes), sizeof(char *),
				   compare_texts) != NULL;
}

void
apikey_key_prefixes_learn(const char *const *prefixes, int count)
{
	MemoryContext fresh = AllocSetContextCreate(CurrentMemoryContext, "apikey key prefixes",
												ALLOCSET_SMALL_SIZES);
	const char **copies = MemoryContextAlloc(fresh, Max(count, 1) * sizeof(char *));
	int			copied = 0;

	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!is_builtin(prefixes[i]))
			copies[copied++] = MemoryContextStrdup(fresh, prefixes[i]);
	}
	qsort(copies, copied, sizeof(char *), compare_texts);
	MemoryContextSetParent(fresh, TopMemoryContext);
	apikey_key_shapes_set(&learned, copies, copied);
	if (learned_context != NULL)
		MemoryContextDelete(learned_context);
	learned_context = fresh;
	apikey_known_clean_forget();
}

void
apikey_key_prefixes_init(void)
{
	apikey_key_shapes_set(&builtin, builtin_prefixes, lengthof(builtin_prefixes));
	apikey_key_shapes_set(&learned, NULL, 0);
}
