/*-------------------------------------------------------------------------
 *
 * key_source_command.c
 *		Keys that a command prints: command:/path argument ...
 *
 * The argument is split at blanks; there is no shell and no quoting.
 * run_command.c says how the command is run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/wait.h>

#include "utils/guc.h"

#include "keys/key_source.h"
#include "keys/run_command.h"

#define MAX_WORDS		32		/* including the path */

/*
 * apikey.command_timeout
 *
 * The time, in milliseconds, after which a key command is killed.  The
 * statement that needs the key waits as long.  Any role may read the setting,
 * because the error of a command that took too long names it.
 */
static int	command_timeout = 10 * 1000;

/* A command, split; not to be copied: argv points into text. */
typedef struct Command
{
	char		text[APIKEY_COMMAND_SIZE];
	char	   *argv[MAX_WORDS + 1];
} Command;

/* Split into words at blanks; false when there are none, or too many. */
static bool
split(const char *argument, Command *command)
{
	char	   *rest = NULL;
	int			count = 0;

	if (strlcpy(command->text, argument, APIKEY_COMMAND_SIZE) >= APIKEY_COMMAND_SIZE)
		return false;
	for (char *word = strtok_r(command->text, " \t", &rest); word != NULL;
		 word = strtok_r(NULL, " \t", &rest))
	{
		if (count == MAX_WORDS)
			return false;
		command->argv[count++] = word;
	}
	command->argv[count] = NULL;
	return count > 0;
}

static bool
check_command(const char *argument, ApikeyKeySourceError *error)
{
	Command		command;

	if (!is_absolute_path(argument))
		return apikey_key_source_fail(error,
									  "\"command:\" is not followed by an absolute path.",
									  "Write the full path, as in \"command:/usr/local/bin/master-key\".",
									  "%s", "");
	if (!split(argument, &command) || strlen(command.argv[0]) >= MAXPGPATH)
		return apikey_key_source_fail(error, "The key command is too long.",
									  "Put the command into a script, and use the path of that script.",
									  "%s", "");
	return true;
}

/* Fail with a summary that is a format; the detail is the command's path. */
static bool fail_command(ApikeyKeySourceError *error, const char *path,
						 const char *hint, const char *summary,...)
			pg_attribute_printf(4, 5);

static bool
fail_command(ApikeyKeySourceError *error, const char *path, const char *hint,
			 const char *summary,...)
{
	char		text[sizeof(error->summary)];
	va_list		args;

	va_start(args, summary);
	vsnprintf(text, sizeof(text), summary, args);
	va_end(args);
	return apikey_key_source_fail(error, text, hint,
								  "The command is \"%s\".", path);
}

/* true for exit status 0 */
static bool
check_status(int status, const char *path, ApikeyKeySourceError *error)
{
	const char *hint = "Run the command by hand, as the operating-system user that runs the server, to see its messages.";

	if (!WIFEXITED(status))
		return fail_command(error, path, hint,
							"The key command was terminated by signal %d.",
							WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return fail_command(error, path, hint,
							"The key command failed with exit status %d.",
							WEXITSTATUS(status));
	return true;
}

/* Turn an outcome into the answer; errno is as apikey_run_command() left it. */
static bool
check_outcome(ApikeyCommandOutcome outcome, int status, const char *path,
			  ApikeyKeySourceError *error)
{
	switch (outcome)
	{
		case APIKEY_COMMAND_ENDED:
			return check_status(status, path, error);
		case APIKEY_COMMAND_NOT_STARTED:
			return apikey_key_source_fail(error, "The key command could not be started.",
										  APIKEY_HINT_SERVER_LOG,
										  "Could not start command \"%s\": %m.", path);
		case APIKEY_COMMAND_NOT_EXECUTED:
			return apikey_key_source_fail(error, "The key command could not be executed.",
										  "Correct the path, and let the operating-system user that runs the server execute the command.",
										  "Could not execute \"%s\": %m.", path);
		case APIKEY_COMMAND_TIMED_OUT:
			return fail_command(error, path,
								"Make the command finish sooner and leave no process in the background, or raise apikey.command_timeout.",
								"The key command did not end within %d ms.",
								command_timeout);
		case APIKEY_COMMAND_INTERRUPTED:
			fail_command(error, path, "", "The key command was interrupted.");
			error->interrupted = true;
			return false;
		case APIKEY_COMMAND_TOO_LONG:
			return fail_command(error, path,
								"Change the command so that it prints only keys.",
								"The key command printed more than %d bytes.",
								APIKEY_KEYTEXT_MAX_SIZE);
		case APIKEY_COMMAND_LOST:
			return apikey_key_source_fail(error, "The key command could not be monitored.",
										  APIKEY_HINT_SERVER_LOG,
										  "Could not monitor command \"%s\": %m.", path);
	}
	return false;
}

/* The argument passed check_command(), so it can be split. */
static bool
read_command(const char *argument, ApikeyKeySourceText *text,
			 ApikeyKeySourceError *error)
{
	Command		command;
	ApikeyCommandOutcome outcome;
	int			status;

	(void) split(argument, &command);
	outcome = apikey_run_command(command.argv, command_timeout, text, &status);
	return check_outcome(outcome, status, command.argv[0], error);
}

const ApikeyKeySourceRoutine apikey_key_source_command = {
	.scheme = "command",
	.check = check_command,
	.read = read_command
};

void
apikey_key_source_command_init(void)
{
	DefineCustomIntVariable("apikey.command_timeout",
							"Sets the maximum time that a key command may take.",
							"A command that takes longer is killed, and the statement that needs the key fails.  Until then, the statement waits.",
							&command_timeout,
							10 * 1000,
							100,
							10 * 60 * 1000,
							PGC_SIGHUP,
							GUC_UNIT_MS,
							NULL,
							NULL,
							NULL);
}
