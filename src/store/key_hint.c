/*-------------------------------------------------------------------------
 *
 * key_hint.c
 *		The hint of a key: make it, and recognize it; see key_hint.h.
 *
 * A settings page that shows hints may send them back as if they were values.
 * Whatever consists of a hint and of mask characters is therefore not a value:
 * storing it would overwrite the key.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "base/encoding.h"
#include "store/key_hint.h"
#include "validate/key_type.h"
#include "validate/service_account.h"
#include "validate/value_characters.h"
#include "validate/value_mask.h"

/* The last characters are shown only if this many follow the prefix. */
#define HINT_MIN_BODY	16
#define HINT_TAIL		4
#define HINT_MAX_PREFIX	20		/* a longer prefix is truncated */
#define HINT_MASK		"..."

/* What a form may show in its place, in bytes. */
#define HINT_MASK_MAX	24

/* A part of a text. */
typedef struct HintPart
{
	const char *data;
	size_t		len;
} HintPart;

/*
 * The hint of a value that may have several lines.  Its end is not shown: the last
 * line may be short.
 */
static text *
make_multiline_hint(const ApikeyKeyType *type, const char *value, size_t len)
{
	const char *email;
	size_t		email_len;

	if (strcmp(type->name, "google_service_account") != 0 ||
		!apikey_service_account_email(value, len, &email, &email_len))
		return cstring_to_text(HINT_MASK);
	return cstring_to_text(psprintf("%.*s" HINT_MASK,
									Min((int) email_len, HINT_MAX_PREFIX), email));
}

/*
 * The prefix of a value, which its hint shows.  Administrators choose the prefixes
 * of the types that they add: with many of them they could find out how values
 * begin.
 */
static const char *
shown_prefix(const ApikeyKeyType *type, const char *value, size_t len)
{
	return type != NULL && type->builtin ? apikey_key_type_prefix(type, value, len) : NULL;
}

text *
apikey_key_hint_make(const char *key_type, const char *value, size_t len)
{
	const ApikeyKeyType *type = apikey_key_type_find(key_type);
	const char *prefix = shown_prefix(type, value, len);
	int			prefix_len = prefix != NULL ? (int) strlen(prefix) : 0;
	int			characters = pg_mbstrlen_with_len(value, (int) len);
	StringInfoData hint;
	int			tail;

	if (type != NULL && type->allow_whitespace)
		return make_multiline_hint(type, value, len);
	initStringInfo(&hint);
	tail = pg_mbcharcliplen(value, (int) len, Max(characters - HINT_TAIL, 0));
	if (characters < prefix_len + HINT_MIN_BODY ||
		apikey_has_control(value + tail, len - tail))
		return cstring_to_text(HINT_MASK);
	appendStringInfo(&hint, "%.*s" HINT_MASK, Min(prefix_len, HINT_MAX_PREFIX),
					 prefix != NULL ? prefix : "");
	appendBinaryStringInfo(&hint, value + tail, (int) len - tail);
	return cstring_to_text_with_len(hint.data, hint.len);
}

/*
 * What precedes and follows the mask.  Both are empty in a hint that is only that,
 * and there may be no tail.
 */
static void
split_hint(const char *hint, HintPart *prefix, HintPart *tail)
{
	const char *mask = strstr(hint, HINT_MASK);

	prefix->data = hint;
	prefix->len = mask != NULL ? mask - hint : 0;
	tail->data = mask != NULL ? mask + strlen(HINT_MASK) : hint;
	tail->len = strlen(tail->data);
}

static bool
contains_hint(HintPart value, const char *hint)
{
	size_t		len = strlen(hint);

	for (size_t i = 0; i + len <= value.len; i++)
		if (memcmp(value.data + i, hint, len) == 0)
			return true;
	return false;
}

/* Remove the prefix from the beginning of the value; false if it is not there. */
static bool
strip_prefix(HintPart *value, HintPart prefix)
{
	if (prefix.len == 0 || prefix.len > value->len ||
		pg_strncasecmp(value->data, prefix.data, prefix.len) != 0)
		return false;
	value->data += prefix.len;
	value->len -= prefix.len;
	return true;
}

/* Remove the tail from the end of the value; false if it is not there. */
static bool
strip_tail(HintPart *value, HintPart tail)
{
	if (tail.len == 0 || tail.len > value->len ||
		pg_strncasecmp(value->data + value->len - tail.len, tail.data, tail.len) != 0)
		return false;
	value->len -= tail.len;
	return true;
}

/*
 * Between a prefix and a tail, few characters can only be another spelling of
 * the mask, such as "&hellip;": a key of that type is longer, or it is one whose
 * last four characters are the same in one of a million cases.
 */
bool
apikey_key_hint_is_shown_by(const char *hint, const char *value, size_t len)
{
	HintPart	rest;
	HintPart	prefix;
	HintPart	tail;
	bool		has_prefix;
	bool		has_tail;

	apikey_value_trim(&value, &len);
	rest = (HintPart)
	{
		value, len
	};
	split_hint(hint, &prefix, &tail);
	if (prefix.len + tail.len > 0 && contains_hint(rest, hint))
		return true;
	has_prefix = strip_prefix(&rest, prefix);
	has_tail = strip_tail(&rest, tail);
	if (has_prefix && has_tail && rest.len <= HINT_MASK_MAX)
		return true;
	return apikey_is_masking(rest.data, rest.len, has_prefix || has_tail);
}
