/*-------------------------------------------------------------------------
 *
 * shown_text.c
 *		Which arguments an error message may repeat.
 *
 * A secret of no known provider can only be told by its looks.  Names are made of
 * words and short numbers: "openai-prod-2", "My key", "team/search".  Passwords
 * and tokens mix letters, digits, cases and signs, or are long.  A text of which
 * that can be said is not repeated, even if it is a name.  A passphrase made of
 * words looks like a name.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/encoding.h"
#include "validate/arguments.h"
#include "validate/key_search.h"
#include "validate/shown_text.h"

#define SECRET_MIN		8		/* characters; "custom" accepts no shorter
								 * value */
#define WORD_MAX		40		/* between blanks */
#define PART_MAX		20		/* between hyphens and the like */
#define DIGITS_MAX		8		/* in a row: a date */
#define CHANGES_MAX		2		/* within a word */

typedef enum CharacterClass
{
	CLASS_JOINT,				/* joins the parts of a name */
	CLASS_LOWER,
	CLASS_UPPER,
	CLASS_DIGIT,
	CLASS_SIGN
} CharacterClass;

static CharacterClass
class_of(char c)
{
	if ((c >= 'a' && c <= 'z') || IS_HIGHBIT_SET(c))
		return CLASS_LOWER;
	if (c >= 'A' && c <= 'Z')
		return CLASS_UPPER;
	if (c >= '0' && c <= '9')
		return CLASS_DIGIT;
	return strchr("-_.:/@|", c) != NULL ? CLASS_JOINT : CLASS_SIGN;
}

/* Is it unusual in a name that the one follows the other? */
static bool
is_change(CharacterClass previous, CharacterClass class)
{
	if (class == CLASS_SIGN)
		return true;
	return previous != CLASS_JOINT && class != CLASS_JOINT && class != previous &&
		!(previous == CLASS_UPPER && class == CLASS_LOWER);
}

/* Is a word of len bytes without blanks unlike a part of a name? */
static bool
looks_random(const char *word, size_t len)
{
	CharacterClass previous = CLASS_JOINT;
	int			changes = 0;
	size_t		part = 0;
	size_t		digits = 0;

	if (len < SECRET_MIN)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		CharacterClass class = class_of(word[i]);

		changes += is_change(previous, class);
		part = class == CLASS_JOINT ? 0 : part + 1;
		digits = class == CLASS_DIGIT ? digits + 1 : 0;
		if (changes > CHANGES_MAX || part > PART_MAX || digits > DIGITS_MAX)
			return true;
		previous = class;
	}
	return len > WORD_MAX;
}

static bool
has_random_word(const char *text)
{
	const char *p = text;

	while (*p != '\0')
	{
		size_t		len = strcspn(p, " ");

		if (looks_random(p, len))
			return true;
		p += len;
		p += strspn(p, " ");
	}
	return false;
}

const char *
apikey_shown_text(const char *text)
{
	size_t		len = strlen(text);
	unsigned char uuid[16];

	if (apikey_arg_is_uuid(text, uuid) || strspn(text, "0123456789") == len)
		return text;			/* an id */
	if (len > APIKEY_NAME_MAX || apikey_has_control(text, len) ||
		has_random_word(text) || apikey_looks_like_key(text, len))
		return "(not shown)";
	return text;
}
