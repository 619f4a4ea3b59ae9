/*-------------------------------------------------------------------------
 *
 * value.c
 *		What is said of a value before it is stored; see value.h.
 *
 * The value is read in place.  No finding holds it or a part of it; what is
 * decoded from it is wiped.  The only things that raise are a pattern that
 * does not compile, a cancelled query and the catalogue.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/encoding.h"
#include "base/errors.h"
#include "core/base64.h"
#include "validate/checksum.h"
#include "validate/pattern_text.h"
#include "validate/value.h"

#define SAME_IN_A_ROW	8		/* equal characters that no real key has */

/* What somebody writes in place of a key; without regard to case. */
static const char *const placeholders[] = {
	"example", "placeholder", "xxxxx", "changeme", "change_me",
	"yourapi", "your_api", "your-api", "yourkey", "your_key", "your-key",
	"yourtoken", "your_token", "your-token"
};

/*
 * apikey.strict_checks
 *
 * Makes a placeholder, a failed checksum or a format that only warns an
 * error.  Only a superuser sets it, for a server, a database or a role.
 */
static bool strict_checks = false;

/* The message is kept, the hint copied. */
static ApikeyFinding *
finding(bool is_error, const char *code, char *message, const char *hint)
{
	ApikeyFinding *result = palloc(sizeof(ApikeyFinding));

	result->is_error = is_error;
	result->code = code;
	result->message = message;
	result->hint = hint != NULL ? pstrdup(hint) : NULL;
	return result;
}

/* Bytes of the character at p, which may be cut off by end. */
static int
character_len(const char *p, const char *end)
{
	return Min(pg_mblen(p), (int) (end - p));
}

/*
 * Forward only, since no encoding but UTF-8 can be read backwards: the value
 * ends with the last character that is no white space.
 */
void
apikey_value_trim(const char **value, size_t *len)
{
	const char *end = *value + *len;
	const char *first = NULL;
	const char *last = *value;
	const char *p;
	int			width;

	for (p = *value; p < end; p += width)
	{
		width = character_len(p, end);
		if (apikey_has_outer_space(p, width))
			continue;
		if (first == NULL)
			first = p;
		last = p + width;
	}
	*value = first != NULL ? first : *value;
	*len = last - *value;
}

/*
 * Control characters and inner white space.  Both come from copying too much,
 * or from a web page, and no provider's key has either.
 */
static ApikeyFinding *
judge_characters(const ApikeyKeyType *type, const char *value, size_t len)
{
	const char *end = value + len;
	const char *p;
	int			width;

	for (p = value; p < end; p += width)
	{
		width = character_len(p, end);
		if (type->allow_whitespace && strchr(" \t\r\n", *p) != NULL)
			continue;
		if (apikey_has_outer_space(p, width))
			return finding(true, "characters",
						   pstrdup("value contains white space"),
						   "Check that the whole value was copied, and nothing else.");
		if (apikey_has_control(p, width))
			return finding(true, "characters",
						   pstrdup("value contains a control character"),
						   "Check that the whole value was copied, and nothing else.");
	}
	return NULL;
}

/* What every value must fulfil; NULL when it does. */
static ApikeyFinding *
judge_basics(const ApikeyKeyType *type, const char *value, size_t len)
{
	if (len == 0)
		return finding(true, "empty", pstrdup("value is empty"),
					   "Pass the key that the provider issued.");
	if (len > APIKEY_VALUE_MAX)
		return finding(true, "too_long",
					   psprintf("value is longer than %d bytes",
								APIKEY_VALUE_MAX),
					   "Check that nothing else was copied with it.");
	return judge_characters(type, value, len);
}

/*
 * Which of these types does the value match?  All of them, if none: a key cut
 * off when it was copied still tells its provider.
 */
static List *
narrow(List *types, const char *value, size_t len)
{
	List	   *matching = NIL;
	ListCell   *cell;

	if (list_length(types) < 2)
		return types;
	foreach(cell, types)
	{
		if (apikey_key_type_matches(lfirst(cell), value, len))
			matching = lappend(matching, lfirst(cell));
	}
	return matching != NIL ? matching : types;
}

List *
apikey_value_other_types(const ApikeyKeyType *type, const char *value, size_t len)
{
	List	   *others = NIL;
	size_t		longest = 0;
	int			position = 0;
	const ApikeyPrefix *prefix;

	if (strcmp(type->name, APIKEY_KEY_TYPE_CUSTOM) == 0)
		return NIL;

	/* The longest prefixes come first; a shorter one tells nothing more. */
	while ((prefix = apikey_key_type_next_prefix(value, len, &position)) != NULL &&
		   prefix->len >= longest)
	{
		if (strcmp(prefix->type->name, type->name) == 0)
			return NIL;
		others = lappend(others, unconstify(ApikeyKeyType *, prefix->type));
		longest = prefix->len;
	}
	return narrow(others, value, len);
}

/* A key of another provider, or the wrong kind of key of this one. */
static ApikeyFinding *
judge_prefix(const ApikeyKeyType *type, const char *value, size_t len)
{
	List	   *others = apikey_value_other_types(type, value, len);
	StringInfoData names;
	ListCell   *cell;

	if (others == NIL)
		return NULL;
	initStringInfo(&names);
	foreach(cell, others)
	{
		const ApikeyKeyType *other = lfirst(cell);

		if (cell != list_head(others))
			appendStringInfoString(&names, lnext(others, cell) ? ", " : " or ");
		appendStringInfo(&names, "\"%s\"", other->name);
		if (list_length(others) == 1)
			appendStringInfo(&names, " (%s)", other->label);
	}
	return finding(true, "other_provider",
				   psprintf("value looks like a key of type %s, not of type \"%s\" (%s)",
							names.data, type->name, type->label),
				   "Choose the type that fits, or look for the right value.");
}

/* The type's pattern; the message shows the form in words, the hint as it is. */
static ApikeyFinding *
judge_format(const ApikeyKeyType *type, const char *value, size_t len)
{
	char	   *hint;

	if (apikey_key_type_matches(type, value, len))
		return NULL;
	hint = psprintf("The format is the regular expression %s; an administrator can change it in apikey.custom_key_types.",
					text_to_cstring(type->pattern));
	return finding(type->reject, "format",
				   psprintf("value does not match the format of type \"%s\" (%s): expected %s",
							type->name, type->label, apikey_pattern_text(type)),
				   hint);
}

/*
 * Eight equal characters in a row, or a word of those above.  Searched where
 * it lies, rather than by a regular expression, which would want a copy.
 */
static bool
is_placeholder(const char *value, size_t len)
{
	size_t		same = 0;
	size_t		i;
	size_t		word;

	for (i = 0; i < len; i++)
	{
		same = (i > 0 && value[i] == value[i - 1]) ? same + 1 : 1;
		if (same == SAME_IN_A_ROW)
			return true;
		for (word = 0; word < lengthof(placeholders); word++)
		{
			size_t		word_len = strlen(placeholders[word]);

			if (word_len <= len - i &&
				pg_strncasecmp(value + i, placeholders[word], word_len) == 0)
				return true;
		}
	}
	return false;
}

/* Does a JWT's payload, of len bytes, say role anon? */
static bool
says_anon(const char *payload, size_t len)
{
	static const char *const parts[] = {"\"role\"", ":", "\"anon\""};
	size_t		start;

	for (start = 0; start < len; start++)
	{
		size_t		i = start;
		size_t		part;

		for (part = 0; part < lengthof(parts); part++)
		{
			size_t		part_len = strlen(parts[part]);

			while (i < len && payload[i] == ' ')
				i++;
			if (part_len > len - i ||
				memcmp(payload + i, parts[part], part_len) != 0)
				break;
			i += part_len;
		}
		if (part == lengthof(parts))
			return true;
	}
	return false;
}

/*
 * Supabase's legacy keys are JWTs: that of role "anon" is public, and gets
 * mixed up with the secret one of role "service_role".
 */
static bool
is_anon_jwt(const char *value, size_t len)
{
	const char *dot = memchr(value, '.', len);
	const char *end = dot ? memchr(dot + 1, '.', value + len - dot - 1) : NULL;
	uint8_t		payload[APIKEY_VALUE_MAX];
	size_t		payload_len;
	bool		result;

	if (end == NULL ||
		apikey_base64_decode(dot + 1, end - dot - 1, APIKEY_BASE64_URL,
							 payload, &payload_len) != APIKEY_OK)
		return false;
	result = says_anon((const char *) payload, payload_len);
	explicit_bzero(payload, sizeof(payload));
	return result;
}

static bool
is_temporary_id(const char *value, size_t len)
{
	return len > 4 && memcmp(value, "ASIA", 4) == 0;
}

/* What is known of single types beyond their form. */
typedef struct SpecialRule
{
	const char *type;
	bool		(*applies) (const char *value, size_t len); /* NULL: always */
	bool		is_error;
	const char *code;
	const char *message;
	const char *hint;
} SpecialRule;

static const SpecialRule special_rules[] = {
	{
		.type = "aws_bedrock_session",
		.code = "short_lived",
		.message = "value is a short-term key, which expires within 12 hours",
		.hint = "Store a long-term key, of type \"aws_bedrock\"."
	},
	{
		.type = "aws_access_key_id",
		.applies = is_temporary_id,
		.code = "short_lived",
		.message = "value is the id of temporary credentials, which expire within hours and need a session token",
		.hint = "Store the id of a long-term access key."
	},
	{
		.type = "supabase_secret",
		.applies = is_anon_jwt,
		.is_error = true,
		.code = "public_key",
		.message = "value is the project's public key (role \"anon\")",
		.hint = "Store the secret key, or the legacy key of role \"service_role\"."
	}
};

/* By the rules above; asked only of a value of the right form. */
static List *
judge_specially(const ApikeyKeyType *type, const char *value, size_t len)
{
	List	   *findings = NIL;
	size_t		i;

	for (i = 0; i < lengthof(special_rules); i++)
		if (strcmp(special_rules[i].type, type->name) == 0 &&
			(special_rules[i].applies == NULL ||
			 special_rules[i].applies(value, len)))
			findings = lappend(findings,
							   finding(special_rules[i].is_error,
									   special_rules[i].code,
									   pstrdup(special_rules[i].message),
									   special_rules[i].hint));
	return findings;
}

/* What a made-up or mistyped value fails. */
static List *
judge_truth(const ApikeyKeyType *type, const char *value, size_t len)
{
	List	   *findings = NIL;

	if (is_placeholder(value, len))
		findings = lappend(findings,
						   finding(strict_checks, "placeholder",
								   pstrdup("value looks like a placeholder, not a real key"),
								   "Copy the key from the provider's own page."));
	if (type->checksum != NULL &&
		!apikey_checksum_holds(type->checksum, value, len))
		findings = lappend(findings,
						   finding(strict_checks, "checksum",
								   psprintf("value fails the checksum of type \"%s\" (%s)",
											type->name, type->label),
								   "A character may be missing or mistyped; copy the key again."));
	return findings;
}

/* The same findings, errors first. */
static List *
errors_first(List *findings)
{
	List	   *errors = NIL;
	List	   *warnings = NIL;
	ListCell   *cell;

	foreach(cell, findings)
	{
		if (((ApikeyFinding *) lfirst(cell))->is_error)
			errors = lappend(errors, lfirst(cell));
		else
			warnings = lappend(warnings, lfirst(cell));
	}
	return list_concat(errors, warnings);
}

List *
apikey_value_validate(const ApikeyKeyType *type, const char *value, size_t len)
{
	ApikeyFinding *first = judge_basics(type, value, len);
	List	   *findings = NIL;

	if (first != NULL)
		return list_make1(first);

	/* "Wrong provider" says more than "wrong form". */
	first = judge_prefix(type, value, len);
	if (first == NULL)
		first = judge_format(type, value, len);
	if (first != NULL)
		findings = list_make1(first);
	if (first == NULL || !first->is_error)
		findings = list_concat(findings, judge_specially(type, value, len));
	findings = list_concat(findings, judge_truth(type, value, len));
	return errors_first(findings);
}

/*
 * A warning hides the statement as an error does; but nobody catches it, so
 * the context callbacks that apikey_err_argument() takes off are put back.
 */
static void
warn(const ApikeyFinding *warning, const char *argument)
{
	ErrorContextCallback *callbacks = error_context_stack;

	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("%s", warning->message),
			 warning->hint != NULL ? errhint("%s", warning->hint) : 0,
			 apikey_err_argument(argument)));
	error_context_stack = callbacks;
}

/*
 * Errors come first in the list, so that no warning is given about a value
 * that is then refused.
 */
void
apikey_value_require_valid(const ApikeyKeyType *type, const char *value, size_t len,
						   const char *argument, bool check_format)
{
	List	   *findings = NIL;
	ListCell   *cell;

	if (check_format)
		findings = apikey_value_validate(type, value, len);
	else
	{
		ApikeyFinding *first = judge_basics(type, value, len);

		if (first != NULL)
			findings = list_make1(first);
	}

	foreach(cell, findings)
	{
		const ApikeyFinding *next = lfirst(cell);

		if (next->is_error)
			ereport(ERROR,
					(errcode(ERRCODE_APIKEY_VALUE_REFUSED),
					 errmsg("%s", next->message),
					 next->hint != NULL ? errhint("%s", next->hint) : 0,
					 apikey_err_argument(argument)));
		warn(next, argument);
	}
}

/* Does this text, as a whole, have the shape of a type's key? */
static bool
is_key_shaped(const char *text, size_t len)
{
	int			position = 0;
	const ApikeyPrefix *prefix;

	while ((prefix = apikey_key_type_next_prefix(text, len, &position)) != NULL)
		if (prefix->type->pattern != NULL &&
			apikey_key_type_matches(prefix->type, text, len))
			return true;
	return false;
}

/*
 * The same of a word, with or without what stands before a "=" or ":" and
 * the punctuation at its end.
 */
static bool
has_shape_within(const char *word, const char *end)
{
	const char *p;

	while (end > word && strchr(".:!?", end[-1]) != NULL)
		end--;
	for (p = word; p < end; p++)
		if ((p == word || p[-1] == '=' || p[-1] == ':') &&
			is_key_shaped(p, end - p))
			return true;
	return false;
}

/* What no provider's key contains. */
static bool
is_separator(char c)
{
	return c <= ' ' || c > '~' || strchr("\"'`,;()<>[]{}|\\&@", c) != NULL;
}

/*
 * Only prefixes that tell a provider are looked for: forms without one (32
 * hexadecimal digits) are other things as often as keys.
 */
bool
apikey_looks_like_key(const char *text, size_t len)
{
	const char *end = text + len;
	const char *p = text;

	while (p < end)
	{
		const char *word = p;

		while (p < end && !is_separator(*p))
			p++;
		if (p > word && has_shape_within(word, p))
			return true;
		p++;
	}
	return false;
}

void
apikey_value_init(void)
{
	DefineCustomBoolVariable("apikey.strict_checks",
							 "Reports doubts about a value as errors.",
							 "If on, a value that looks like a placeholder, fails its checksum or does not match a format that only warns is refused instead of stored with a warning.",
							 &strict_checks,
							 false,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}
