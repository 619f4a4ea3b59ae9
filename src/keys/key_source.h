/*-------------------------------------------------------------------------
 *
 * key_source.h
 *		Where key text comes from: env:NAME, file:/path, command:/path arg ...
 *
 * There is one file for each scheme, and a table of their routines.  A source
 * never raises: it returns true, or false and the reason.  Either way it leaves
 * no descriptor, child process or unwiped byte behind.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_SOURCE_H
#define APIKEY_KEY_SOURCE_H

#include "core/keytext.h"

/* Bytes that the argument of command: may have, with a terminating zero. */
#define APIKEY_COMMAND_SIZE		2048

/* The text of a source, which the caller of the reader wipes. */
typedef struct ApikeyKeySourceText
{
	size_t		len;
	char		data[APIKEY_KEYTEXT_MAX_SIZE + 1];	/* full: too long */
} ApikeyKeySourceText;

/*
 * Why there is no key.  The summary is safe for any client: it has no path and
 * no name.  The detail names the path, variable or command, for the server log
 * and for roles that may read all settings.  Neither contains a byte of a key.
 */
typedef struct ApikeyKeySourceError
{
	char		summary[160];	/* as in "The key file does not exist." */
	char		detail[1200];	/* a sentence with the source; may be empty */
	char		hint[240];		/* what to do, a sentence; may be empty */
	bool		interrupted;	/* by a cancel or a termination, still
								 * pending: the source has not failed */
	int			sqlstate;		/* KA001, or another if nothing is known of
								 * the source, as without memory */
} ApikeyKeySourceError;

typedef struct ApikeyKeySourceRoutine
{
	const char *scheme;			/* "file" */

	/* Is the argument well-formed?  Reads no file, variable or the like. */
	bool		(*check) (const char *argument, ApikeyKeySourceError *error);

	/* Read into *text, whose len is 0.  The argument passed the check. */
	bool		(*read) (const char *argument, ApikeyKeySourceText *text,
						 ApikeyKeySourceError *error);
} ApikeyKeySourceRoutine;

extern const ApikeyKeySourceRoutine apikey_key_source_env;
extern const ApikeyKeySourceRoutine apikey_key_source_file;
extern const ApikeyKeySourceRoutine apikey_key_source_command;

/* The hint where detail has the operating system's reason. */
#define APIKEY_HINT_SERVER_LOG	"See the server log for the reason."

/*
 * For the routines: fill *error and return false.  detail is a format, in
 * which %m stands for errno; if it says so and there was no memory, that is the
 * error.  Texts that are too long are cut off.
 */
extern bool apikey_key_source_fail(ApikeyKeySourceError *error, const char *summary,
								   const char *hint, const char *detail,...)
			pg_attribute_printf(4, 5);

/*
 * Is it "" or scheme:argument, with a known scheme and a well-formed argument?
 * If not, *error says why, and its hint if the value may have been a key.  For
 * check hooks: nothing is read.
 */
extern bool apikey_key_source_is_valid(const char *source,
									   ApikeyKeySourceError *error);

/*
 * Read and parse a source; false with *error filled if that fails.  The caller
 * wipes *keys either way.
 */
extern bool apikey_key_source_read(const char *source, ApikeyKeytext *keys,
								   ApikeyKeySourceError *error);

/*
 * Only the scheme, such as "file", for roles that may not see the rest; ""
 * for a source that is empty or has no known scheme.
 */
extern const char *apikey_key_source_scheme(const char *source);

/*
 * How many bytes of a source the server log may show: all but the arguments
 * of a command, which may contain credentials.
 */
extern int	apikey_key_source_shown(const char *source);

/* Define apikey.command_timeout; called once, by _PG_init. */
extern void apikey_key_source_command_init(void);

/*
 * Remove the variable of an env: source from this process's environment and
 * from /proc/PID/environ, and keep a private copy.  Nothing is done for other
 * sources.  Called while the postmaster preloads the library; raises no more
 * than a WARNING.
 */
extern void apikey_key_source_env_scrub(const char *source);

#endif							/* APIKEY_KEY_SOURCE_H */
