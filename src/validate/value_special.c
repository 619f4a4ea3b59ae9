/*-------------------------------------------------------------------------
 *
 * value_special.c
 *		Rules for the values of single key types, beyond the type's pattern.
 *
 * The value is read in place; what is decoded from it is wiped.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/base64.h"
#include "validate/service_account.h"
#include "validate/value_characters.h"
#include "validate/value_finding.h"
#include "validate/value_special.h"

/* Does the text contain "role":"anon" at p, with or without spaces? */
static bool
is_role_anon(const char *p, const char *end)
{
	static const char *const parts[] = {"\"role\"", ":", "\"anon\""};

	for (size_t i = 0; i < lengthof(parts); i++)
	{
		size_t		part_len = strlen(parts[i]);

		while (p < end && *p == ' ')
			p++;
		if (part_len > (size_t) (end - p) || memcmp(p, parts[i], part_len) != 0)
			return false;
		p += part_len;
	}
	return true;
}

static bool
contains_role_anon(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_role_anon(text + i, text + len))
			return true;
	return false;
}

/*
 * Supabase's legacy keys are JWTs.  That of the role "anon" is public, and is
 * easily confused with the secret one of the role "service_role".
 */
static bool
is_anon_jwt(const char *value, size_t len)
{
	const char *dot = memchr(value, '.', len);
	const char *end = dot ? memchr(dot + 1, '.', value + len - dot - 1) : NULL;
	uint8_t		payload[APIKEY_VALUE_MAX];
	size_t		payload_len;
	bool		result;

	if (end == NULL)
		return false;
	result = apikey_base64_decode(dot + 1, end - dot - 1, APIKEY_BASE64_URL,
								  payload, &payload_len) == APIKEY_OK &&
		contains_role_anon((const char *) payload, payload_len);
	explicit_bzero(payload, sizeof(payload));
	return result;
}

static bool
begins_with(const char *value, size_t len, const char *prefix)
{
	return len > strlen(prefix) && memcmp(value, prefix, strlen(prefix)) == 0;
}

static bool
is_legacy_npm_token(const char *value, size_t len)
{
	return !begins_with(value, len, "npm_");
}

static bool
is_not_service_account(const char *value, size_t len)
{
	const char *email;
	size_t		email_len;

	return !apikey_service_account_email(value, len, &email, &email_len);
}

/* OpenSSH needs a line feed after each line of its own format, and no more. */
static bool
has_wrong_line_ends(const char *value, size_t len)
{
	return value[len - 1] != '\n' || memchr(value, '\r', len) != NULL;
}

/* A rule for one type, about values with a prefix or as a function decides. */
typedef struct SpecialRule
{
	const char *type;
	const char *prefix;			/* NULL: any */
	bool		(*applies) (const char *value, size_t len); /* NULL: to all */
	bool		is_error;
	const char *code;
	const char *message;
	const char *hint;
} SpecialRule;

static const SpecialRule special_rules[] = {
	{
		.type = "google_service_account",
		.applies = is_not_service_account,
		.is_error = true,
		.code = "format",
		.message = "value is not the key of a service account: expected a JSON object with the strings \"private_key\" and \"client_email\"",
		.hint = "Pass the whole JSON file that Google Cloud creates for the key."
	},
	{
		.type = "ssh_private_key",
		.prefix = "-----BEGIN OPENSSH ",
		.applies = has_wrong_line_ends,
		.code = "line_ends",
		.message = "value does not have the line ends with which OpenSSH reads a key: a line feed after each line, also the last, and no carriage return",
		.hint = "Send the file as it is: a form's text area may have changed its line ends."
	},
	{
		.type = "aws_bedrock_session",
		.code = "short_lived",
		.message = "value is a short-term key, which expires within 12 hours",
		.hint = "Store a long-term key, of type \"aws_bedrock\"."
	},
	{
		.type = "aws_access_key_id",
		.prefix = "ASIA",
		.code = "short_lived",
		.message = "value is the id of temporary credentials, which expire within hours and need a session token",
		.hint = "Store the id of a long-term access key."
	},
	{
		.type = "google_gemini",
		.prefix = "AIza",
		.code = "superseded",
		.message = "value is a standard API key, which the Gemini API is ceasing to accept",
		.hint = "Create an authorization key, which begins with \"AQ.\", in Google AI Studio."
	},
	{
		.type = "airtable",
		.prefix = "key",
		.code = "superseded",
		.message = "value is an API key of the kind that Airtable has replaced by personal access tokens",
		.hint = "Create a personal access token, which begins with \"pat\"."
	},
	{
		.type = "npm",
		.applies = is_legacy_npm_token,
		.code = "superseded",
		.message = "value is a token of the kind that npm issued until 2021",
		.hint = "Create a granular access token, which begins with \"npm_\"."
	},
	{
		.type = "supabase_secret",
		.applies = is_anon_jwt,
		.is_error = true,
		.code = "public_key",
		.message = "value is the project's public key (role \"anon\")",
		.hint = "Store the secret key, or the legacy key of the role \"service_role\"."
	}
};

List *
apikey_value_check_special(const ApikeyKeyType *type, const char *value, size_t len)
{
	List	   *findings = NIL;

	for (size_t i = 0; i < lengthof(special_rules); i++)
	{
		const SpecialRule *rule = &special_rules[i];

		if (strcmp(rule->type, type->name) == 0 &&
			(rule->prefix == NULL || begins_with(value, len, rule->prefix)) &&
			(rule->applies == NULL || rule->applies(value, len)))
			findings = lappend(findings,
							   apikey_value_finding(rule->is_error, rule->code,
													pstrdup(rule->message), rule->hint));
	}
	return findings;
}
