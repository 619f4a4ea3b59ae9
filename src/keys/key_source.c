/*-------------------------------------------------------------------------
 *
 * key_source.c
 *		Where key text comes from: the schemes, and reading through them.
 *
 * Nothing here raises, so that a caller can wipe what it holds.  The text of
 * a source exists only on the stack of apikey_key_source_read(), which wipes it
 * before it returns.  The caller wipes the parsed keys.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "portability/instr_time.h"

#include "base/counter.h"
#include "base/errors.h"
#include "keys/key_source.h"

#define HINT_SCHEMES \
	"Use \"env:NAME\", \"file:/path\" or \"command:/path argument ...\"."
#define HINT_EXPOSED \
	"  If the value is or contains a key, consider that key exposed, and generate another one."
#define HINT_MAKE_KEY \
	"The key source must yield a key of 32 bytes, as base64 or as 64 hexadecimal digits; run \"openssl rand -base64 32\" to generate one."
#define HINT_FORMS \
	"Put each key on a line of its own, or separate keys by commas.  A key is 32 bytes, as base64, base64url or 64 hexadecimal digits."

static const ApikeyKeySourceRoutine *const routines[] = {
	&apikey_key_source_env,
	&apikey_key_source_file,
	&apikey_key_source_command
};

/* The routine for scheme:argument, or NULL. */
static const ApikeyKeySourceRoutine *
find_routine(const char *source, const char **argument)
{
	for (size_t i = 0; i < lengthof(routines); i++)
	{
		size_t		len = strlen(routines[i]->scheme);

		if (strncmp(source, routines[i]->scheme, len) == 0 &&
			source[len] == ':')
		{
			*argument = source + len + 1;
			return routines[i];
		}
	}
	return NULL;
}

/*
 * The format functions of port.h support %m, which needs errno as the caller
 * left it.
 */
bool
apikey_key_source_fail(ApikeyKeySourceError *error, const char *summary,
					   const char *hint, const char *detail,...)
{
	int			save_errno = errno;
	va_list		args;

	strlcpy(error->summary, summary, sizeof(error->summary));
	strlcpy(error->hint, hint, sizeof(error->hint));
	errno = save_errno;			/* for %m in the detail */
	va_start(args, detail);
	vsnprintf(error->detail, sizeof(error->detail), detail, args);
	va_end(args);
	error->interrupted = false;
	error->sqlstate = save_errno == ENOMEM && strstr(detail, "%m") != NULL ?
		ERRCODE_OUT_OF_MEMORY : ERRCODE_APIKEY_NO_MASTER_KEY;
	return false;
}

/*
 * Say what is wrong with a setting that has no known scheme.  It may be a key by
 * mistake, so it is not repeated.
 */
static void
fail_form(const char *source, ApikeyKeySourceError *error)
{
	const char *summary = "The key source has an unrecognized form.";

	switch (apikey_keytext_mistake(source, strlen(source)))
	{
		case APIKEY_KEYTEXT_MARKED:
			summary = "The key source begins with a byte order mark.";
			break;
		case APIKEY_KEYTEXT_QUOTED:
			summary = "The key source is enclosed in quotation marks of its own.";
			break;
		case APIKEY_KEYTEXT_NAMED:
			summary = "The key source has the form NAME=value.";
			break;
		default:
			break;
	}
	apikey_key_source_fail(error, summary, HINT_SCHEMES, "%s", "");
}

/* Find the routine of a source and have it check its argument. */
static const ApikeyKeySourceRoutine *
resolve(const char *source, const char **argument, ApikeyKeySourceError *error)
{
	const ApikeyKeySourceRoutine *routine = find_routine(source, argument);

	if (routine == NULL)
	{
		fail_form(source, error);
		return NULL;
	}
	return routine->check(*argument, error) ? routine : NULL;
}

/* May the text contain a key?  32 bytes are 43 characters of base64. */
static bool
may_contain_key(const char *text)
{
	while (*text != '\0')
	{
		size_t		len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_");

		if (len >= 43)
			return true;
		text += Max(len, 1);
	}
	return false;
}

bool
apikey_key_source_is_valid(const char *source, ApikeyKeySourceError *error)
{
	const char *argument;

	if (source[0] == '\0' || resolve(source, &argument, error) != NULL)
		return true;
	if (may_contain_key(source))
		strlcat(error->hint, HINT_EXPOSED, sizeof(error->hint));
	return false;
}

const char *
apikey_key_source_scheme(const char *source)
{
	const char *argument;
	const ApikeyKeySourceRoutine *routine = find_routine(source, &argument);

	return routine ? routine->scheme : "";
}

int
apikey_key_source_shown(const char *source)
{
	if (strcmp(apikey_key_source_scheme(source), "command") == 0)
		return (int) strcspn(source, " \t");
	return (int) strlen(source);
}

/*
 * Say what is wrong with the text of a source; see keytext.h.  The message
 * shows only a line number and a length of it.
 */
static bool
fail_keytext(const char *source, ApikeyKeytextStatus status,
			 const ApikeyKeytext *keys, ApikeyKeySourceError *error)
{
	char		summary[sizeof(error->summary)];
	const char *hint = HINT_FORMS;

	switch (status)
	{
		case APIKEY_KEYTEXT_TOO_LONG:
			snprintf(summary, sizeof(summary),
					 "The key source yields more than %d bytes.",
					 APIKEY_KEYTEXT_MAX_SIZE);
			break;
		case APIKEY_KEYTEXT_TOO_MANY:
			snprintf(summary, sizeof(summary),
					 "The key source yields more than %d keys.",
					 APIKEY_KEYTEXT_MAX_KEYS);
			hint = "Remove the oldest keys that are no longer needed.";
			break;
		case APIKEY_KEYTEXT_MALFORMED:
			snprintf(summary, sizeof(summary),
					 "Line %d of the key source is not a key.", keys->line);
			break;
		case APIKEY_KEYTEXT_MARKED:
			snprintf(summary, sizeof(summary),
					 "Line %d of the key source begins with a byte order mark.",
					 keys->line);
			hint = "Save the keys as plain ASCII text, without a byte order mark.";
			break;
		case APIKEY_KEYTEXT_QUOTED:
			snprintf(summary, sizeof(summary),
					 "Line %d of the key source is enclosed in quotation marks.",
					 keys->line);
			hint = "Remove the quotation marks.";
			break;
		case APIKEY_KEYTEXT_NAMED:
			snprintf(summary, sizeof(summary),
					 "Line %d of the key source has the form NAME=value.",
					 keys->line);
			hint = "Write only the value, which is the key.";
			break;
		case APIKEY_KEYTEXT_WRONG_LENGTH:
			snprintf(summary, sizeof(summary),
					 "The key on line %d of the key source has %zu bytes instead of %d.",
					 keys->line, keys->length, APIKEY_KEY_SIZE);
			hint = HINT_MAKE_KEY;
			break;
		default:
			strlcpy(summary, "The key source yields no key.", sizeof(summary));
			hint = HINT_MAKE_KEY;
			break;
	}

	return apikey_key_source_fail(error, summary, hint, "The source is \"%.*s\".",
								  apikey_key_source_shown(source), source);
}

/*
 * The only place where the text of keys exists.  It is wiped on failure too,
 * since a routine that fails may have read a part of it.
 */
static bool
read_source(const char *source, ApikeyKeytext *keys, ApikeyKeySourceError *error)
{
	const char *argument;
	const ApikeyKeySourceRoutine *routine = resolve(source, &argument, error);
	ApikeyKeySourceText text;
	ApikeyKeytextStatus status;
	bool		ok;

	if (routine == NULL)
		return false;

	text.len = 0;
	ok = routine->read(argument, &text, error);
	if (ok)
	{
		status = apikey_keytext_parse(text.data, text.len, keys);
		if (status != APIKEY_KEYTEXT_OK)
			ok = fail_keytext(source, status, keys, error);
	}
	explicit_bzero(&text, sizeof(text));
	return ok;
}

bool
apikey_key_source_read(const char *source, ApikeyKeytext *keys,
					   ApikeyKeySourceError *error)
{
	instr_time	start;
	instr_time	duration;
	bool		ok;

	INSTR_TIME_SET_CURRENT(start);
	ok = read_source(source, keys, error);
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, start);
	apikey_count(APIKEY_COUNT_SOURCE_READS);
	apikey_count_add(APIKEY_COUNT_SOURCE_TIME, INSTR_TIME_GET_MICROSEC(duration));
	if (!ok && !error->interrupted)
		apikey_count(APIKEY_COUNT_SOURCE_FAILURES);
	return ok;
}
