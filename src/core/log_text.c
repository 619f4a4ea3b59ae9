/*-------------------------------------------------------------------------
 *
 * log_text.c
 *		Texts of log messages that may quote a secret; see log_text.h.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "hidden_text.h"
#include "log_text.h"
#include "sql_literal.h"
#include "wipe.h"

#define AUDIT		"AUDIT: "
#define STATEMENT	7			/* the field of an audit message, from 0 */

/* A value, and what precedes it in its constant. */
#define MAX_BYTES	(8192 + 8)

static bool
is_digit_at(const char *text, size_t len, size_t pos)
{
	return pos < len && text[pos] >= '0' && text[pos] <= '9';
}

/* The start of the next " = '" behind "$" and digits; len if there is none. */
static size_t
find_parameter(const char *text, size_t len, size_t pos)
{
	static const char assigned[] = " = '";
	size_t		size = sizeof(assigned) - 1;

	for (; pos < len; pos++)
	{
		size_t		end = pos + 1;

		if (text[pos] != '$' || !is_digit_at(text, len, end))
			continue;
		while (is_digit_at(text, len, end))
			end++;
		if (len - end > size && memcmp(text + end, assigned, size) == 0)
			return end + size - 1;
	}
	return len;
}

void
apikey_log_hide_parameters(char *text, size_t len)
{
	ApikeySqlLiteral literal = {0};

	for (size_t pos = find_parameter(text, len, 0); pos < len;
		 pos = find_parameter(text, len, literal.next))
	{
		if (!apikey_sql_quoted(text, len, pos, 1, false, &literal))
		{
			literal.begin = pos + 1;
			literal.end = literal.next = len;
		}
		apikey_hide(text, literal.begin, literal.end);
	}
}

/* The end of a field, which is a comma or the end of the text. */
static size_t
field_end(const char *text, size_t len, size_t pos)
{
	bool		is_quoted = false;

	for (; pos < len && (is_quoted || text[pos] != ','); pos++)
		if (text[pos] == '"')
			is_quoted = !is_quoted;
	return pos;
}

void
apikey_log_hide_audit(char *text, size_t len)
{
	size_t		end;

	if (len < strlen(AUDIT) || memcmp(text, AUDIT, strlen(AUDIT)) != 0)
		return;
	end = field_end(text, len, strlen(AUDIT));
	for (int field = 0; field < STATEMENT && end < len; field++)
		end = field_end(text, len, end + 1);
	if (end + 1 < len && text[end + 1] != '<')
		apikey_hide(text, end + 1, len);
}

/*
 * A quotation mark within what is quoted is not escaped, so everything from the
 * first to the last one is hidden; and if one is left over, up to the end.
 */
void
apikey_log_hide_quoted(char *text, size_t len)
{
	size_t		count = 0;
	size_t		begin = len;
	size_t		end = len;

	for (size_t pos = 0; pos < len; pos++)
		if (text[pos] == '"')
		{
			if (count++ == 0)
				begin = pos + 1;
			end = pos;
		}
	apikey_hide(text, begin, count % 2 == 0 ? end : len);
}

bool
apikey_log_is_node_dump(const char *text, size_t len)
{
	size_t		pos = 0;

	while (pos < len && strchr(" \n(", text[pos]) != NULL && text[pos] != '\0')
		pos++;
	return len - pos > 2 && text[pos] == '{' && text[pos + 1] >= 'A' && text[pos + 1] <= 'Z';
}

/*
 * Read a list of numbers, up to the closing bracket or as many as there is room
 * for; *end is where it ends.  They are signed or not, as char is on the server.
 */
static size_t
read_bytes(const char *text, size_t len, size_t pos, char *bytes, size_t *end)
{
	size_t		count = 0;

	while (pos < len && text[pos] != ']')
	{
		bool		is_negative = text[pos] == '-';
		int			number = 0;

		pos += is_negative;
		if (!is_digit_at(text, len, pos) && !is_negative)
			pos++;
		else if (count == MAX_BYTES)
			break;
		else
		{
			for (; is_digit_at(text, len, pos); pos++)
				number = (number * 10 + (text[pos] - '0')) % 1000;
			bytes[count++] = (char) (is_negative ? -number : number);
		}
	}
	*end = pos;
	return count;
}

bool
apikey_log_hide_constants(char *text, size_t len, bool (*hide) (char *bytes, size_t count))
{
	char		bytes[MAX_BYTES];
	char	   *bracket = memchr(text, '[', len);
	bool		found = false;

	while (bracket != NULL)
	{
		size_t		begin = bracket + 1 - text;
		size_t		end;
		size_t		count = read_bytes(text, len, begin, bytes, &end);

		if (hide(bytes, count))
		{
			apikey_hide(text, begin, end);
			found = true;
		}
		bracket = memchr(text + end, '[', len - end);
	}
	apikey_wipe(bytes, sizeof(bytes));
	return found;
}
