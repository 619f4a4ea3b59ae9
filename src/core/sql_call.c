/*-------------------------------------------------------------------------
 *
 * sql_call.c
 *		Calls, in SQL text, of functions that are given a secret value; see
 *		sql_call.h.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "sql_call.h"
#include "sql_literal.h"

#define lengthof(array)	(sizeof(array) / sizeof((array)[0]))

/* Shorter names are too much like others to be recognized when misspelled. */
#define MIN_MISSPELLED	8

/* Functions with a secret argument, and how many arguments before it are none. */
static const struct
{
	const char *name;
	int			names;
}			secret_functions[] = {
	{"create_key", 2},
	{"set_key", 2},
	{"update_key", 1},
	{"create_key_for", 3},
	{"store_key", 2},
	{"check_key", 1},
	{"detect_key_type", 0},
	{"find_keys", 0},
	{"encrypt", 0},
	{"fernet_encrypt", 0}
};

/* Functions and relations of schema "apikey" that are given no secret. */
static const char *const harmless[] = {
	"set_user_id", "current_user_id", "reveal_key", "reveal_env", "disable_key",
	"enable_key", "delete_key", "restore_key", "purge_key", "purge_own_keys",
	"disable_key_for", "enable_key_for", "delete_key_for", "restore_key_for",
	"purge_key_for", "purge_deleted", "purge_user", "move_keys", "rotate_data_key",
	"reencrypt_keys", "rewrap_data_keys", "retire_data_key", "verify_keys",
	"reload_master_key", "abandon_lost_data_keys", "link_users", "unlink_users",
	"create_model_view", "decrypt", "fernet_decrypt", "fernet_rotate", "status",
	"custom_key_types", "builtin_key_types", "api_keys", "keys", "encrypted"
};

static const char *const name_arguments[] = {
	"name", "key_type", "id", "user_id", "env_var", "new_name", "new_env_var"
};

static const char *const write_verbs[] = {"insert", "update", "copy"};

static bool
is_one_of(const char *text, size_t begin, size_t end, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (apikey_sql_is_word(text, begin, end, words[i]))
			return true;
	return false;
}

bool
apikey_sql_is_name_argument(const char *text, size_t begin, size_t end)
{
	return is_one_of(text, begin, end, name_arguments, lengthof(name_arguments));
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/*
 * Does the word differ from the name by one character that is added, missing or
 * another, or by two that are exchanged?
 */
static bool
is_misspelled(const char *word, size_t len, const char *name)
{
	size_t		name_len = strlen(name);

	if (name_len < MIN_MISSPELLED)
		return false;
	for (; len > 0 && name_len > 0 && lower(*word) == *name; len--, name_len--)
	{
		word++;
		name++;
	}
	while (len > 0 && name_len > 0 && lower(word[len - 1]) == name[name_len - 1])
	{
		len--;
		name_len--;
	}
	if (len == 2 && name_len == 2)
		return lower(word[0]) == name[1] && lower(word[1]) == name[0];
	return len <= 1 && name_len <= 1;
}

/* Sets *names if the word is a function with a secret argument. */
static bool
is_secret_function(const char *text, size_t begin, size_t end, bool is_ours, int *names)
{
	*names = 0;
	if (is_one_of(text, begin, end, harmless, lengthof(harmless)))
		return false;
	for (size_t i = 0; i < lengthof(secret_functions); i++)
		if (apikey_sql_is_word(text, begin, end, secret_functions[i].name))
		{
			*names = secret_functions[i].names;
			return true;
		}
	for (size_t i = 0; i < lengthof(secret_functions); i++)
		if (is_misspelled(text + begin, end - begin, secret_functions[i].name))
			return true;
	return is_ours;
}

static bool
is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/*
 * What may stand between a name and what follows it: white space and comments;
 * the marks of a quoted identifier, which are doubled or escaped in quoted text;
 * and white space as JSON escapes it.
 */
static size_t
skip_filler(const char *text, size_t len, size_t pos)
{
	for (;;)
	{
		size_t		comment = pos < len ? apikey_sql_comment_end(text, len, pos) : pos;

		if (comment > pos)
			pos = comment;
		else if (pos + 1 < len && text[pos] == '\\' && is_in(text[pos + 1], "ntr"))
			pos += 2;
		else if (pos < len && is_in(text[pos], " \t\n\r\f\v\"\\"))
			pos++;
		else
			return pos;
	}
}

static bool
is_byte(const char *text, size_t len, size_t pos, char c)
{
	return pos < len && text[pos] == c;
}

bool
apikey_sql_call_at(const char *text, size_t len, size_t pos,
				   ApikeySqlExecutes executes, ApikeySqlCall *call)
{
	size_t		begin = pos;
	size_t		end = apikey_sql_word_end(text, len, pos);
	size_t		next = skip_filler(text, len, end);
	bool		is_ours = false;
	bool		is_executed = false;

	if (is_byte(text, len, next, '.') && apikey_sql_is_word(text, begin, end, "apikey"))
	{
		is_ours = true;
		begin = skip_filler(text, len, next + 1);
	}
	else if (executes != NULL && next < len && apikey_sql_begins_word(text[next]) &&
			 apikey_sql_is_word(text, begin, end, "execute"))
	{
		is_executed = true;
		begin = next;
	}
	end = apikey_sql_word_end(text, len, begin);
	next = skip_filler(text, len, end);
	if (end == begin || !is_byte(text, len, next, '('))
		return false;
	call->arguments = next + 1;
	call->names = 0;
	return is_executed ? executes(text + begin, end - begin) :
		is_secret_function(text, begin, end, is_ours, &call->names);
}

/* Has the text all the words of a statement that writes a key to a model view? */
static bool
has_words_of_write(const char *text, size_t len)
{
	bool		has_verb = false;
	bool		has_type = false;
	bool		has_value = false;

	for (size_t pos = 0; pos < len; pos++)
	{
		size_t		end = apikey_sql_word_end(text, len, pos);

		if (end == pos)
			continue;
		has_verb |= is_one_of(text, pos, end, write_verbs, lengthof(write_verbs));
		has_type |= apikey_sql_is_word(text, pos, end, "key_type");
		has_value |= apikey_sql_is_word(text, pos, end, "value");
		pos = end - 1;
	}
	return has_verb && has_type && has_value;
}

/*
 * A model view may have any name, but not its columns, which INSERT and COPY name,
 * and an UPDATE that writes each of them.  Most texts have no word like key_type.
 */
static bool
may_write_model_view(const char *text, size_t len)
{
	const char *end = text + len;
	const char *bar = memchr(text, '_', len);

	while (bar != NULL)
	{
		if (bar - text >= 3 && end - bar >= 5 && apikey_sql_is_word(bar, 0, 5, "_type"))
			return true;
		bar = memchr(bar + 1, '_', end - bar - 1);
	}
	return false;
}

static bool
may_call_function(const char *text, size_t len)
{
	return memchr(text, '(', len) != NULL;
}

static bool
has_function_call(const char *text, size_t len, ApikeySqlExecutes executes)
{
	ApikeySqlCall call;

	for (size_t pos = 0; pos < len; pos++)
	{
		if (!apikey_sql_begins_word(text[pos]))
			continue;
		if (apikey_sql_call_at(text, len, pos, executes, &call))
			return true;
		pos = apikey_sql_word_end(text, len, pos) - 1;
	}
	return false;
}

bool
apikey_sql_may_have_call(const char *text, size_t len)
{
	return may_call_function(text, len) || may_write_model_view(text, len);
}

bool
apikey_sql_has_call(const char *text, size_t len, ApikeySqlExecutes executes)
{
	return (may_call_function(text, len) && has_function_call(text, len, executes)) ||
		(may_write_model_view(text, len) && has_words_of_write(text, len));
}
