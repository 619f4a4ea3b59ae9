/*-------------------------------------------------------------------------
 *
 * run_command.h
 *		Run a program and read what it prints, within a time limit.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_RUN_COMMAND_H
#define APIKEY_RUN_COMMAND_H

#include "keys/key_source.h"

typedef enum ApikeyCommandOutcome
{
	APIKEY_COMMAND_ENDED,		/* by itself: *status says how */
	APIKEY_COMMAND_NOT_STARTED, /* there is no child process: errno */
	APIKEY_COMMAND_NOT_EXECUTED,	/* the program cannot be executed: errno */
	APIKEY_COMMAND_TIMED_OUT,
	APIKEY_COMMAND_INTERRUPTED, /* by a cancel or a termination, still pending */
	APIKEY_COMMAND_TOO_LONG,	/* it printed too much */
	APIKEY_COMMAND_LOST			/* a system call failed: errno */
} ApikeyCommandOutcome;

/*
 * Run argv[0], an absolute path, with the arguments argv, which end with NULL.
 * What it prints is appended to *output, which the caller wipes whatever the
 * outcome.  timeout is in milliseconds.  *status is what waitpid() gives, of
 * meaning only if the command ended.  Never raises, and leaves no process and no
 * descriptor behind (but see kill_command() in run_command.c).
 */
extern ApikeyCommandOutcome apikey_run_command(char *const *argv, int timeout,
											   ApikeyKeySourceText *output,
											   int *status);

#endif							/* APIKEY_RUN_COMMAND_H */
