/*-------------------------------------------------------------------------
 *
 * key_source.h
 *		Where key text comes from: env:NAME, file:/path, command:/path arg ...
 *
 * One table of routines, one file for each scheme.  A source never raises:
 * it answers true, or false with the reason, and leaves no descriptor, child
 * or unwiped byte behind either way.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_SOURCE_H
#define APIKEY_KEY_SOURCE_H

#include "core/keytext.h"

/* What a source yielded.  The reader's caller wipes it. */
typedef struct ApikeyKeySourceText
{
	size_t		len;
	char		data[APIKEY_KEYTEXT_MAX_SIZE + 1];	/* one over: too long */
} ApikeyKeySourceText;

/*
 * Why there is no key.  summary is safe for any client (no path, no name);
 * detail names path, variable or command, for the server log and for those
 * who may read all settings.  Neither ever holds a byte of the key.
 */
typedef struct ApikeyKeySourceError
{
	char		summary[160];	/* a sentence: "The key file does not exist." */
	char		detail[1200];	/* a sentence, naming the source; may be empty */
	char		hint[240];		/* a sentence: what to do */
} ApikeyKeySourceError;

typedef struct ApikeyKeySourceRoutine
{
	const char *scheme;			/* "file" */

	/* Is the argument well-formed?  Looks at nothing outside it. */
	bool		(*check) (const char *argument, ApikeyKeySourceError *error);

	/* Read into *text, whose len is 0; the argument passed the check. */
	bool		(*read) (const char *argument, ApikeyKeySourceText *text,
						 ApikeyKeySourceError *error);
} ApikeyKeySourceRoutine;

extern const ApikeyKeySourceRoutine apikey_key_source_env;
extern const ApikeyKeySourceRoutine apikey_key_source_file;
extern const ApikeyKeySourceRoutine apikey_key_source_command;

/*
 * For the routines: fill *error and answer false.  detail is a format, in
 * which %m tells of errno.
 */
extern bool apikey_key_source_fail(ApikeyKeySourceError *error, const char *summary,
								   const char *hint, const char *detail,...)
			pg_attribute_printf(4, 5);

/* Is it "" or scheme:argument with a known scheme?  For the GUC's check. */
extern bool apikey_key_source_is_valid(const char *source,
									   ApikeyKeySourceError *error);

/* Read and parse a source; *keys is wiped by the caller. */
extern bool apikey_key_source_read(const char *source, ApikeyKeytext *keys,
								   ApikeyKeySourceError *error);

/* The scheme alone ("file"), for those who may not see the rest. */
extern const char *apikey_key_source_scheme(const char *source);

/*
 * How many bytes of a source the server log may show: all but the arguments
 * of a command, which may hold credentials of their own.
 */
extern int	apikey_key_source_shown(const char *source);

/* Define apikey.command_timeout; called once, by _PG_init. */
extern void apikey_key_source_command_init(void);

/*
 * Take the variable of an env: source out of this process's environment and
 * /proc/PID/environ, keeping a private copy.  Called while the postmaster
 * preloads the library.
 */
extern void apikey_key_source_env_scrub(const char *source);

#endif							/* APIKEY_KEY_SOURCE_H */
