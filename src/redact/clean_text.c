/*-------------------------------------------------------------------------
 *
 * clean_text.c
 *		Text without secrets; see clean_text.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/prepare.h"
#include "parser/parser.h"

#include "compat.h"
#include "core/hidden_text.h"
#include "core/log_text.h"
#include "core/sql_call.h"
#include "core/sql_redact.h"
#include "redact/clean_text.h"
#include "redact/in_flight.h"
#include "redact/key_prefixes.h"
#include "redact/known_clean.h"

/* The search for a call, beside those of each kind of text. */
#define SEARCH_CALL		128

/* Has the current search looked at a prepared statement, which may change? */
static bool looked_at_prepared = false;

/* Does a prepared statement call a function that is given a secret? */
static bool
executes_call(const char *name, size_t len)
{
	char		key[NAMEDATALEN];
	PreparedStatement *prepared;

	looked_at_prepared = true;
	if (len >= NAMEDATALEN)
		return false;
	memcpy(key, name, len);
	key[len] = '\0';
	prepared = FetchPreparedStatement(key, false);
	return prepared != NULL &&
		apikey_sql_has_call(prepared->plansource->query_string,
							strlen(prepared->plansource->query_string), NULL);
}

static ApikeySqlDialect
dialect(void)
{
	ApikeySqlDialect result = {!standard_conforming_strings, executes_call};

	return result;
}

/* A search has found nothing: it need not be made again. */
static void
note_clean(const char *text, size_t len, int search)
{
	if (!looked_at_prepared)
		apikey_known_clean_add(text, len, search);
}

bool
apikey_text_has_call(const char *text)
{
	size_t		len = text != NULL ? strlen(text) : 0;

	if (len == 0 || !apikey_sql_may_have_call(text, len) ||
		apikey_is_known_clean(text, len, SEARCH_CALL))
		return false;
	looked_at_prepared = false;
	if (apikey_sql_has_call(text, len, executes_call))
		return true;
	note_clean(text, len, SEARCH_CALL);
	return false;
}

bool
apikey_text_is_node_dump(const char *text)
{
	return apikey_log_is_node_dump(text, strlen(text));
}

/* A text with a value may have been searched before the value was known. */
static bool
hide_known(char *text, size_t len)
{
	bool		found = apikey_in_flight_hide(text, len);

	if (found)
		apikey_known_clean_forget();
	return apikey_key_prefixes_hide(text, len) || found;
}

/* What applies to some kinds of text only. */
static void
hide_by_kind(char *text, size_t len, int kind)
{
	ApikeySqlDialect spoken = dialect();

	if (kind & APIKEY_TEXT_ALL_SECRET)
		apikey_hide(text, 0, len);
	if (kind & APIKEY_TEXT_AUDIT)
		apikey_log_hide_audit(text, len);
	if (kind & APIKEY_TEXT_PARAMETERS)
		apikey_log_hide_parameters(text, len);
	if (kind & APIKEY_TEXT_QUOTES)
		apikey_log_hide_quoted(text, len);
	if (kind & APIKEY_TEXT_LITERALS)
		apikey_sql_hide_literals(text, len, &spoken);
}

static void
hide_secrets(char *text, size_t len, int kind)
{
	ApikeySqlDialect spoken = dialect();

	looked_at_prepared = false;
	apikey_sql_redact(text, len, &spoken);
	hide_by_kind(text, len, kind);
	hide_known(text, len);
	if (apikey_log_is_node_dump(text, len))
		apikey_log_hide_constants(text, len, hide_known);
}

/*
 * Most texts have nothing to hide.  This cheap test avoids copying and keeping them.
 */
static bool
is_plain(const char *text, size_t len, int kind)
{
	return kind == APIKEY_TEXT_PLAIN && apikey_in_flight_is_empty() &&
		!apikey_sql_may_have_call(text, len) && !apikey_log_is_node_dump(text, len) &&
		!apikey_key_prefixes_are_in(text, len);
}

/* The values of the statement are searched for in any case, if there are any. */
static bool
is_known_clean(const char *text, size_t len, int kind)
{
	return apikey_in_flight_is_empty() && apikey_is_known_clean(text, len, kind);
}

/* copy has secrets hidden: write it as it is to be read. */
static void
write_clean(ApikeyCleanText *clean, const char *copy, size_t len)
{
	size_t		size = apikey_hidden_size(copy, len);

	clean->is_changed = true;
	clean->text = APIKEY_HIDDEN;
	clean->copy = malloc(size + 1);
	if (clean->copy == NULL)
		return;
	apikey_hidden_write(copy, len, clean->copy);
	clean->copy[size] = '\0';
	clean->text = clean->copy;
}

void
apikey_clean_text(ApikeyCleanText *clean, const char *text, int kind)
{
	size_t		len = text != NULL ? strlen(text) : 0;
	char	   *copy;

	clean->text = text;
	clean->copy = NULL;
	clean->is_changed = false;
	if (len == 0 || is_plain(text, len, kind) || is_known_clean(text, len, kind))
		return;
	copy = malloc(len + 1);
	if (copy == NULL)
	{
		clean->text = APIKEY_HIDDEN;
		clean->is_changed = true;
		return;
	}
	memcpy(copy, text, len + 1);
	hide_secrets(copy, len, kind);
	if (memchr(copy, '\0', len) != NULL)
	{
		write_clean(clean, copy, len);
		explicit_bzero(copy, len);
	}
	else
		note_clean(text, len, kind);
	free(copy);
}

bool
apikey_clean_statement(char *text, size_t len)
{
	hide_secrets(text, len, APIKEY_TEXT_PLAIN);
	if (memchr(text, '\0', len) != NULL)
	{
		apikey_hidden_fill(text, len);
		return true;
	}
	note_clean(text, len, APIKEY_TEXT_PLAIN);
	return false;
}

bool
apikey_statement_is_known_clean(const char *text, size_t len)
{
	return is_known_clean(text, len, APIKEY_TEXT_PLAIN);
}

void
apikey_clean_text_free(ApikeyCleanText *clean)
{
	free(clean->copy);
	clean->copy = NULL;
}
