/*-------------------------------------------------------------------------
 *
 * value_mask.c
 *		Values that are not keys, but what stands in place of one; see
 *		value_mask.h.
 *
 * A settings form posts back what it was shown, and a deployment leaves variables
 * unexpanded.  To store that would overwrite the key, so such values are refused
 * in every type, and check_format => false does not change that.
 *
 * The rules are regular expressions.  Each matches what no provider issues, and
 * what a random password contains once in more than ten thousand.  A file or a text
 * of several lines may well contain three stars or the name of a variable: of
 * these, only the private keys inside are looked at, and whether there is anything
 * but stars.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "validate/pattern_match.h"
#include "validate/value_characters.h"
#include "validate/value_mask.h"

/* A longer value without any of these characters is neither. */
#define TELLING_CHARACTERS	"*.$#{}()[]<>%=:\"'` \t"
#define WORD_MAX	24			/* bytes */

/* A longer value of a type that allows white space is a file or a text. */
#define LINE_MAX	256			/* bytes */

typedef struct MaskRule
{
	const char *pattern;
	const char *code;
	const char *message;
	const char *hint;
	bool		unless_format;	/* not if the value has its type's format */
	bool		in_files;		/* also to files and texts of several lines */
	ApikeyCompiledPattern *compiled;	/* on first use, and for good */
} MaskRule;

#define IS_MASK \
	.code = "mask", .message = "value is a mask of a key, not a key", \
	.hint = "To keep the stored value, do not pass any; otherwise pass the whole key that the provider issued."
#define IS_TEMPLATE \
	.code = "template", .message = "value is a template in which the key was not filled in", \
	.hint = "Pass the key itself; check how the variable or secret is expanded."
#define IS_MORE \
	.code = "template", .message = "value contains a name or quotation marks beside the key", \
	.hint = "Pass only the key, without the name, \"Bearer\" or quotation marks around it.", \
	.unless_format = true

/* What forms show for each hidden character, or for all of them. */
#define BULLETS "\\u00b7\\u2022\\u2217\\u2219\\u22c5\\u25a0\\u25cb\\u25cf\\u25e6\\u2588"
#define MASKING "*.\\u2026" BULLETS

/* The beginning of a private key in a file, up to some character of it. */
#define IN_PRIVATE_KEY \
	"(?:-----BEGIN [A-Z0-9 ]+-----|\"private_key\"\\s*:\\s*\"|Private-Lines: [0-9]+\\s)(?:[^-\"]|-[^-\"])*"

static MaskRule rules[] = {
	/* Stars or bullets in a row, and ellipses. */
	{"\\*{3}|[" BULLETS "]{3}|\\.{3}|\\u2026", IS_MASK},
	{"^[\\s" MASKING "]+$", IS_MASK,.in_files = true},
	{"(?i)" IN_PRIVATE_KEY "(?:[[(*\\u2026" BULLETS "]|\\.{3}|redacted)", IS_MASK,.in_files = true},
	{IN_PRIVATE_KEY "[$%{<]", IS_TEMPLATE,.in_files = true},
	/* What programs write in place of a secret, or for a missing one. */
	{"(?i)redacted|\\[object +object\\]|"
		"^[[({<\"'*-]*(?:masked|hidden|filtered|removed|omitted|encrypted|unchanged|sanitized|obfuscated|suppressed|protected|"
	"undefined|null|none|nil|nan|n/a|not[ _-]?set)[])}>\"'*-]*$", IS_MASK},
	/* Variables of shells, template languages and format strings. */
	{"\\$\\{ *[A-Za-z_][A-Za-z0-9_.:-]*[ }]|\\$\\([A-Za-z_][^()]*\\)|\\{\\{[^{}]*\\}\\}|"
	"<%[^%]*%>|#\\{[A-Za-z_][^}]*\\}", IS_TEMPLATE},
	{"^\\$[A-Z][A-Z0-9]*_[A-Z0-9_]*$|^%[A-Za-z][A-Za-z0-9_]*%$|^__[A-Z][A-Z0-9_]*__$|"
		"^(?:<[A-Za-z][A-Za-z0-9_ -]*>|\\[[A-Za-z][A-Za-z0-9_ -]*\\]|\\{[A-Za-z][A-Za-z0-9_ .-]*\\})$|"
		"^(?:process\\.env|import\\.meta\\.env|os\\.environ|os\\.getenv|Deno\\.env|ENV|secrets|vars)[.[(]|"
	"^(?:\\$?env:[A-Z]|vault:|op://|ssm:|arn:aws:secretsmanager:)", IS_TEMPLATE},
	/* The key with its name, as in an .env file or an HTTP header. */
	{"(?i)^(?:export +|set +|\\$env:)?[A-Z][A-Z0-9]*_[A-Z0-9_]* *= *[^\\s=]\\S*$|"
		"^(?:(?:x-)?api-?key|key|token|secret|password|authorization) *[:=] *(?:(?:bearer|basic|token) +)?[^\\s=]\\S*$|"
		"^(?:bearer|basic|token) +\\S+$|"
	"^(?:\"[^\"]*\"|'[^']*'|`[^`]*`)$", IS_MORE}
};

static ApikeyCompiledPattern *
compiled_rule(MaskRule *rule)
{
	if (rule->compiled == NULL)
	{
		MemoryContext outer = MemoryContextSwitchTo(TopMemoryContext);

		rule->compiled = apikey_compiled_pattern_new(cstring_to_text(rule->pattern));
		MemoryContextSwitchTo(outer);
	}
	return rule->compiled;
}

/* Is it worth matching?  Most keys are letters, digits, "-" and "_". */
static bool
is_suspicious(const char *value, size_t len)
{
	if (len <= WORD_MAX)
		return true;
	for (size_t i = 0; i < len; i++)
		if (IS_HIGHBIT_SET(value[i]) || strchr(TELLING_CHARACTERS, value[i]) != NULL)
			return true;
	return false;
}

/* Does the value begin with a prefix of its type and match the type's pattern? */
static bool
has_format(const ApikeyKeyType *type, const char *value, size_t len)
{
	return apikey_key_type_prefix(type, value, len) != NULL &&
		apikey_pattern_matches(type, value, len);
}

/*
 * A value of a type that allows white space may be anything; but what stands in
 * place of one is a short line.
 */
static bool
is_file(const ApikeyKeyType *type, const char *value, size_t len)
{
	return type->allow_whitespace &&
		(len > LINE_MAX || memchr(value, '\n', len) != NULL ||
		 memchr(value, '\r', len) != NULL);
}

static bool
rule_matches(MaskRule *rule, const ApikeyKeyType *type, const char *value, size_t len,
			 const ApikeyWideValue *wide)
{
	return (rule->in_files || !is_file(type, value, len)) &&
		apikey_compiled_pattern_matches(compiled_rule(rule), wide) &&
		!(rule->unless_format && has_format(type, value, len));
}

static ApikeyFinding *
match_rules(const ApikeyKeyType *type, const char *value, size_t len)
{
	ApikeyWideValue *wide = apikey_wide_value_unicode(value, len);
	const MaskRule *volatile found = NULL;	/* set within PG_TRY */

	PG_TRY();
	{
		for (size_t i = 0; i < lengthof(rules) && found == NULL; i++)
			if (rule_matches(&rules[i], type, value, len, wide))
				found = &rules[i];
	}
	PG_FINALLY();
	{
		apikey_wide_value_free(wide);
	}
	PG_END_TRY();
	return found == NULL ? NULL :
		apikey_value_finding(true, found->code, pstrdup(found->message), found->hint);
}

ApikeyFinding *
apikey_value_check_mask(const ApikeyKeyType *type, const char *value, size_t len)
{
	apikey_value_trim(&value, &len);
	return is_suspicious(value, len) ? match_rules(type, value, len) : NULL;
}

bool
apikey_is_masking(const char *text, size_t len, bool any_symbol)
{
	static MaskRule common = {.pattern = "^[\\s#_xX" MASKING "-]*$"};
	static MaskRule any = {.pattern = "^[\\s#_xX" MASKING "\\u0080-\\U0010ffff-]*$"};
	ApikeyCompiledPattern *compiled = compiled_rule(any_symbol ? &any : &common);

	return apikey_pattern_matches_text(compiled, text, len, true);
}
