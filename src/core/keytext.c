/*-------------------------------------------------------------------------
 *
 * keytext.c
 *		The text form of the keys that a key source yields.
 *
 * Decoded bytes are wiped from the stack before a function returns; so are the
 * keys found so far if a later one is refused.  The caller wipes the text.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "base64.h"
#include "keytext.h"
#include "wipe.h"

/* Room for what the longest possible token decodes to. */
#define DECODED_SIZE	(APIKEY_KEYTEXT_MAX_SIZE / 4 * 3)

#define TOKEN_FLAGS \
	(APIKEY_BASE64_URL | APIKEY_BASE64_STD | APIKEY_BASE64_PADDED)

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
has_prefix(const char *text, size_t len, const char *start)
{
	return len >= strlen(start) && memcmp(text, start, strlen(start)) == 0;
}

static bool
has_prefix_of(const char *text, size_t len, const char *const *starts)
{
	for (int i = 0; starts[i] != NULL; i++)
		if (has_prefix(text, len, starts[i]))
			return true;
	return false;
}

/* "NAME=value" or "export NAME=value", and not base64 with its padding. */
static bool
is_assignment(const char *text, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz0123456789";
	size_t		name = 0;

	if (has_prefix(text, len, "export "))
	{
		text += strlen("export ");
		len -= strlen("export ");
	}
	while (name < len && text[name] != '\0' && strchr(letters, text[name]) != NULL)
		name++;
	return name > 0 && name + 1 < len && text[name] == '=' && text[name + 1] != '=';
}

ApikeyKeytextStatus
apikey_keytext_mistake(const char *text, size_t len)
{
	/* UTF-8, and UTF-16 of both byte orders */
	static const char *const marks[] = {"\xEF\xBB\xBF", "\xFF\xFE", "\xFE\xFF", NULL};

	/* ASCII, and the typographic ones (U+2018 to U+201F) */
	static const char *const quotes[] = {
		"\"", "'", "`", "\xE2\x80\x98", "\xE2\x80\x99", "\xE2\x80\x9A",
		"\xE2\x80\x9C", "\xE2\x80\x9D", "\xE2\x80\x9E", NULL
	};

	if (has_prefix_of(text, len, marks))
		return APIKEY_KEYTEXT_MARKED;
	if (has_prefix_of(text, len, quotes))
		return APIKEY_KEYTEXT_QUOTED;
	return is_assignment(text, len) ? APIKEY_KEYTEXT_NAMED : APIKEY_KEYTEXT_MALFORMED;
}

/* Trim white space at both ends. */
static void
trim(const char **token, size_t *len)
{
	while (*len > 0 && is_blank((*token)[*len - 1]))
		(*len)--;
	while (*len > 0 && is_blank(**token))
	{
		(*token)++;
		(*len)--;
	}
}

/* Decode into buffer, which has room for DECODED_SIZE bytes. */
static ApikeyResult
decode(const char *token, size_t len, uint8_t *buffer, size_t *decoded_len)
{
	if (len == 2 * APIKEY_KEY_SIZE &&
		apikey_hex_decode(token, APIKEY_KEY_SIZE, buffer) == APIKEY_OK)
	{
		*decoded_len = APIKEY_KEY_SIZE;
		return APIKEY_OK;
	}
	return apikey_base64_decode(token, len, TOKEN_FLAGS, buffer, decoded_len);
}

static ApikeyKeytextStatus
parse_token(const char *token, size_t len, ApikeyKeytext *result)
{
	uint8_t		buffer[DECODED_SIZE];
	size_t		decoded_len;
	ApikeyKeytextStatus status = APIKEY_KEYTEXT_OK;

	trim(&token, &len);
	if (len == 0)
		return APIKEY_KEYTEXT_OK;

	if (decode(token, len, buffer, &decoded_len) != APIKEY_OK)
		status = apikey_keytext_mistake(token, len);
	else if (decoded_len != APIKEY_KEY_SIZE)
	{
		status = APIKEY_KEYTEXT_WRONG_LENGTH;
		result->length = decoded_len;
	}
	else if (result->count == APIKEY_KEYTEXT_MAX_KEYS)
		status = APIKEY_KEYTEXT_TOO_MANY;
	else
		memcpy(result->keys[result->count++], buffer, APIKEY_KEY_SIZE);

	apikey_wipe(buffer, sizeof(buffer));
	return status;
}

/*
 * Parse a line without its newline, though perhaps with the carriage return
 * of a CRLF: tokens separated by commas, then a comment.
 */
static ApikeyKeytextStatus
parse_line(const char *line, size_t len, ApikeyKeytext *result)
{
	const char *end = memchr(line, '#', len);
	ApikeyKeytextStatus status;

	if (end == NULL)
		end = line + len - (len > 0 && line[len - 1] == '\r');

	for (;;)
	{
		const char *comma = memchr(line, ',', (size_t) (end - line));
		const char *token_end = comma != NULL ? comma : end;

		status = parse_token(line, (size_t) (token_end - line), result);
		if (status != APIKEY_KEYTEXT_OK || comma == NULL)
			return status;
		line = comma + 1;
	}
}

ApikeyKeytextStatus
apikey_keytext_parse(const char *text, size_t len, ApikeyKeytext *result)
{
	ApikeyKeytextStatus status = APIKEY_KEYTEXT_OK;

	memset(result, 0, sizeof(*result));
	if (len > APIKEY_KEYTEXT_MAX_SIZE)
		return APIKEY_KEYTEXT_TOO_LONG;

	while (len > 0 && status == APIKEY_KEYTEXT_OK)
	{
		const char *newline = memchr(text, '\n', len);
		size_t		line_len = newline != NULL ? (size_t) (newline - text) : len;
		size_t		step = newline != NULL ? line_len + 1 : line_len;

		result->line++;
		status = parse_line(text, line_len, result);
		text += step;
		len -= step;
	}

	if (status == APIKEY_KEYTEXT_OK)
	{
		result->line = 0;
		return result->count > 0 ? APIKEY_KEYTEXT_OK : APIKEY_KEYTEXT_EMPTY;
	}
	result->count = 0;
	apikey_wipe(result->keys, sizeof(result->keys));
	return status;
}
