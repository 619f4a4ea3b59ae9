/*-------------------------------------------------------------------------
 *
 * service_account.c
 *		The keys of Google Cloud service accounts, which are JSON objects.
 *
 * PostgreSQL's parser checks the syntax, without callbacks and without decoding
 * strings: then it makes no copies, which could not be wiped.  After that, a
 * scan for the two members can rely on the syntax.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "compat.h"
#include "validate/service_account.h"

#define EMAIL_MAX	254			/* characters */
#define EMAIL_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_@"

/* The parser recurses; a service account's key is an object without nesting. */
#define MAX_DEPTH	16

/* A string of the text as it is written, without the quotation marks. */
typedef struct JsonString
{
	const char *data;
	size_t		len;
} JsonString;

/* Read the string whose quotation mark is at p; returns what follows it. */
static const char *
read_string(const char *p, const char *end, JsonString *string)
{
	string->data = ++p;
	while (p < end && *p != '"')
		p += *p == '\\' ? 2 : 1;
	string->len = Min(p, end) - string->data;
	return Min(p + 1, end);
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p) != NULL)
		p++;
	return p;
}

/* Are there few enough brackets open at a time, strings not considered? */
static bool
is_shallow(const char *value, size_t len)
{
	int			depth = 0;

	for (size_t i = 0; i < len && depth <= MAX_DEPTH; i++)
		depth += (value[i] == '{' || value[i] == '[') - (value[i] == '}' || value[i] == ']');
	return depth <= MAX_DEPTH;
}

static bool
is_json(const char *value, size_t len)
{
	JsonLexContext *lexer;

	if (!is_shallow(value, len))
		return false;
	lexer = makeJsonLexContextCstringLen(NULL, unconstify(char *, value), len,
										 GetDatabaseEncoding(), false);
	return pg_parse_json(lexer, &nullSemAction) == JSON_SUCCESS;
}

/* The string that is the member of that name of the object in valid JSON. */
static bool
find_member(const char *value, size_t len, const char *name, JsonString *member)
{
	const char *end = value + len;
	const char *p = value;
	JsonString	string;
	int			depth = 0;

	while (p < end)
	{
		CHECK_FOR_INTERRUPTS();
		if (*p != '"')
		{
			depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
			p++;
			continue;
		}
		p = skip_space(read_string(p, end, &string), end);
		if (depth != 1 || p == end || *p != ':' ||
			string.len != strlen(name) || memcmp(string.data, name, string.len) != 0)
			continue;
		p = skip_space(p + 1, end);
		if (p == end || *p != '"')
			return false;
		(void) read_string(p, end, member);
		return true;
	}
	return false;
}

static bool
is_pem(JsonString string)
{
	static const char begin[] = "-----BEGIN ";

	return string.len > strlen(begin) && memcmp(string.data, begin, strlen(begin)) == 0;
}

static bool
is_email(JsonString string)
{
	for (size_t i = 0; i < string.len; i++)
		if (strchr(EMAIL_CHARACTERS, string.data[i]) == NULL)
			return false;
	return string.len <= EMAIL_MAX && memchr(string.data, '@', string.len) != NULL;
}

bool
apikey_service_account_email(const char *value, size_t len, const char **email,
							 size_t *email_len)
{
	JsonString	key;
	JsonString	address;

	if (!is_json(value, len) ||
		!find_member(value, len, "private_key", &key) || !is_pem(key) ||
		!find_member(value, len, "client_email", &address) || !is_email(address))
		return false;
	*email = address.data;
	*email_len = address.len;
	return true;
}
