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

/*
 * A text is kept in one of the slots of its set, so that a few statements that take
 * turns do not displace each other.
 */
#define SETS		16
#define SLOTS		4			/* of a set */
#define MAX_TEXT	248

typedef struct KnownText
{
	uint16		len;			/* 0: the slot is free */
	uint16		search;
	uint32		hash;
	char		text[MAX_TEXT];
} KnownText;

static KnownText known[SETS][SLOTS];
static unsigned next_slot = 0;	/* the next to be used, of any set */

static uint32
hash_text(const char *text, size_t len, int search)
{
	uint32		hash = hash_bytes((const unsigned char *) text, (int) len);

	return hash_combine(hash, hash_uint32((uint32) search));
}

static bool
is_in_slot(const KnownText *slot, const char *text, size_t len, int search, uint32 hash)
{
	return slot->hash == hash && slot->len == len && slot->search == search &&
		memcmp(slot->text, text, len) == 0;
}

/* Can it have a literal, in any way of writing one, or quote one? */
static bool
may_quote(const char *text, size_t len)
{
	const char *end = text + len;
	const char *dollar = memchr(text, '$', len);

	for (; dollar != NULL; dollar = memchr(dollar + 1, '$', end - dollar - 1))
		if (dollar + 1 == end || dollar[1] < '0' || dollar[1] > '9')
			return true;
	return memchr(text, '\'', len) != NULL || memchr(text, '"', len) != NULL;
}

bool
apikey_is_known_clean(const char *text, size_t len, int search)
{
	uint32		hash;

	if (len == 0 || len > MAX_TEXT)
		return false;
	hash = hash_text(text, len, search);
	for (int i = 0; i < SLOTS; i++)
	{
		if (is_in_slot(&known[hash % SETS][i], text, len, search, hash))
			return true;
	}
	return false;
}

void
apikey_known_clean_add(const char *text, size_t len, int search)
{
	KnownText  *slot;
	uint32		hash;

	if (len == 0 || len > MAX_TEXT || may_quote(text, len))
		return;
	hash = hash_text(text, len, search);
	slot = &known[hash % SETS][next_slot++ % SLOTS];
	slot->hash = hash;
	slot->len = len;
	slot->search = search;
	memcpy(slot->text, text, len);
}

void
apikey_known_clean_forget(void)
{
	explicit_bzero(known, sizeof(known));
}
