/*-------------------------------------------------------------------------
 *
 * known_clean.c
 *		Texts in which a search has found nothing; see known_clean.h.
 *
 * The whole text is compared, so that another one with the same hash is searched.
 * Only short texts without string literals are kept: so nothing that an application
 * passes in a literal stays in memory, however it was used.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "redact/known_clean.h"

#define SLOTS		32
#define MAX_TEXT	252

typedef struct KnownText
{
	uint16		len;			/* 0: the slot is free */
	uint16		search;
	char		text[MAX_TEXT];
} KnownText;

static KnownText known[SLOTS];

static KnownText *
slot_of(const char *text, size_t len, int search)
{
	uint32		hash = hash_bytes((const unsigned char *) text, (int) len);

	return &known[hash_combine(hash, hash_uint32((uint32) search)) % SLOTS];
}

/* Can it have a literal, in any way of writing one, or quote one? */
static bool
may_quote(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '\'' || text[i] == '"')
			return true;
		if (text[i] == '$' && !(i + 1 < len && text[i + 1] >= '0' && text[i + 1] <= '9'))
			return true;
	}
	return false;
}

bool
apikey_is_known_clean(const char *text, size_t len, int search)
{
	const KnownText *slot;

	if (len == 0 || len > MAX_TEXT)
		return false;
	slot = slot_of(text, len, search);
	return slot->len == len && slot->search == search && memcmp(slot->text, text, len) == 0;
}

void
apikey_known_clean_add(const char *text, size_t len, int search)
{
	KnownText  *slot;

	if (len == 0 || len > MAX_TEXT || may_quote(text, len))
		return;
	slot = slot_of(text, len, search);
	slot->len = len;
	slot->search = search;
	memcpy(slot->text, text, len);
}

void
apikey_known_clean_forget(void)
{
	explicit_bzero(known, sizeof(known));
}
