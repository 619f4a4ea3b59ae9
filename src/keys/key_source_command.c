/*-------------------------------------------------------------------------
 *
 * key_source_command.c
 *		Keys that a command prints: command:/path argument ...
 *
 * The words are split at blanks; there is no shell and no quoting.  The
 * command runs as a session of its own in "/", with nothing of the server's
 * but its environment: standard input and error are /dev/null, all signals
 * are at their defaults, every other descriptor is closed.
 *
 * However it ends, it ends within apikey.command_timeout: on time-out, too
 * much output, cancel or termination its whole process group is killed and
 * the child reaped.  A process that the command left in the background
 * counts as the command for as long as it holds standard output.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/guc.h"
#include "utils/wait_event.h"

#include "keys/key_source.h"

#define COMMAND_SIZE	2048	/* bytes, with the terminating zero */
#define MAX_WORDS		32		/* the path among them */
#define SLICE			100		/* ms between two looks for a cancel */
#define KILL_PATIENCE	1000	/* ms that a killed child is waited for */
#define HIGHEST_FD		65536	/* where close_range() is missing */

/*
 * apikey.command_timeout
 *
 * How long a command may take, in milliseconds; then it is killed.  The
 * statement that needs the key waits as long.  Not hidden from ordinary roles,
 * since the error of a command that took too long names it.
 */
static int	command_timeout = 10 * 1000;

/* A command, split; not to be copied: argv points into text. */
typedef struct Command
{
	char		text[COMMAND_SIZE];
	char	   *argv[MAX_WORDS + 1];
} Command;

/* A running command, seen from the server. */
typedef struct Run
{
	pid_t		pid;
	int			output;			/* its standard output */
	int			report;			/* errno, if it cannot be executed */
	int			status;			/* from waitpid(), once it has ended */
	instr_time	start;
} Run;

typedef enum Outcome
{
	ENDED,						/* status tells how */
	TIMED_OUT,
	INTERRUPTED,
	TOO_MUCH,
	LOST						/* a system call failed: errno */
} Outcome;

/* Split into words at blanks; false when there are none, or too many. */
static bool
split(const char *argument, Command *command)
{
	char	   *rest = NULL;
	char	   *word;
	int			count = 0;

	if (strlcpy(command->text, argument, COMMAND_SIZE) >= COMMAND_SIZE)
		return false;
	for (word = strtok_r(command->text, " \t", &rest); word != NULL;
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
									  "Write the path from the root on: \"command:/usr/local/bin/master-key\".",
									  "%s", "");
	if (!split(argument, &command) || strlen(command.argv[0]) >= MAXPGPATH)
		return apikey_key_source_fail(error, "The key command is too long.",
									  "Write a script that runs it, and name that.",
									  "%s", "");
	return true;
}

/*----
 * In the child.  Between fork() and exec() only what is safe in a signal
 * handler may be called.
 *----
 */

/* Close what the server has open, from first on. */
static void
close_from(int first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
#endif
	for (int fd = first; fd < HIGHEST_FD; fd++)
		close(fd);
}

/* Back to default handlers, then let through what was blocked for fork(). */
static void
reset_signals(void)
{
	struct sigaction action;
	sigset_t	none;

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_DFL;
	sigemptyset(&action.sa_mask);
	for (int number = 1; number < NSIG; number++)
		(void) sigaction(number, &action, NULL);
	sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Become the command, or report errno and exit; does not return. */
static void
execute(Command *command, int output, int report)
{
	const int	report_fd = STDERR_FILENO + 1;
	int			failure;
	int			null;

	(void) setsid();
	reset_signals();
	null = open("/dev/null", O_RDWR);
	if (null >= 0 && chdir("/") == 0 &&
		dup2(null, STDIN_FILENO) >= 0 &&
		dup2(output, STDOUT_FILENO) >= 0 &&
		dup2(null, STDERR_FILENO) >= 0 &&
		dup2(report, report_fd) >= 0 &&
		fcntl(report_fd, F_SETFD, FD_CLOEXEC) == 0)
	{
		report = report_fd;
		close_from(report_fd + 1);
		execv(command->argv[0], command->argv);
	}
	failure = errno;
	_exit(write(report, &failure, sizeof(failure)) > 0 ? 127 : 126);
}

/*----
 * In the server.
 *----
 */

/* A pipe that no other program inherits, read without waiting. */
static bool
make_pipe(int *ends)
{
	if (pipe(ends) != 0)
		return false;
	if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 &&
		fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0 &&
		fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
		return true;
	close(ends[0]);
	close(ends[1]);
	return false;
}

/* Fork; on failure (errno) nothing is left. */
static bool
start(Command *command, Run *run)
{
	int			output[2];
	int			report[2];
	sigset_t	all;
	sigset_t	before;

	if (!make_pipe(output))
		return false;
	if (!make_pipe(report))
	{
		close(output[0]);
		close(output[1]);
		return false;
	}

	/* Blocked, lest a handler of the server run in the child. */
	sigfillset(&all);
	(void) sigprocmask(SIG_SETMASK, &all, &before);
	INSTR_TIME_SET_CURRENT(run->start);
	run->pid = fork();
	if (run->pid == 0)
		execute(command, output[1], report[1]);
	(void) sigprocmask(SIG_SETMASK, &before, NULL);

	run->output = output[0];
	run->report = report[0];
	close(output[1]);
	close(report[1]);
	if (run->pid > 0)
		return true;
	close(output[0]);
	close(report[0]);
	return false;
}

/* Milliseconds until the deadline; 0 when it has passed. */
static int
remaining(const Run *run, int timeout)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, run->start);
	return Max(0, timeout - (int) INSTR_TIME_GET_MILLISEC(now));
}

/*
 * Must it stop now?  Not for every InterruptPending: some interrupts do not
 * end the statement, and would only make it fail for want of a key.
 */
static bool
interrupted(void)
{
	return QueryCancelPending || ProcDiePending;
}

/*
 * Read until the end of standard output, one byte more than a source may
 * yield at most.  Signals wake poll(), but one that came just before it does
 * not: hence the slices.
 */
static Outcome
collect(Run *run, ApikeyKeySourceText *text)
{
	for (;;)
	{
		struct pollfd waiting = {.fd = run->output,.events = POLLIN};
		int			left = remaining(run, command_timeout);
		ssize_t		got;

		if (interrupted())
			return INTERRUPTED;
		if (left == 0)
			return TIMED_OUT;
		if (poll(&waiting, 1, Min(left, SLICE)) < 0 && errno != EINTR)
			return LOST;
		got = read(run->output, text->data + text->len,
				   sizeof(text->data) - text->len);
		if (got == 0)
			return ENDED;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return LOST;
		if (got > 0)
			text->len += got;
		if (text->len == sizeof(text->data))
			return TOO_MUCH;
	}
}

/*
 * Reap the child when it has ended, which may be later than its output.  A
 * backend has no handler for SIGCHLD that could wake it, so it naps, from
 * 0.2 up to 20 ms.
 */
static Outcome
reap(Run *run, int timeout, bool interruptible)
{
	for (long nap = 200;; nap = Min(2 * nap, 20000L))
	{
		pid_t		ended = waitpid(run->pid, &run->status, WNOHANG);

		if (ended == run->pid)
			return ENDED;
		if (ended < 0 && errno != EINTR)
			return LOST;
		if (interruptible && interrupted())
			return INTERRUPTED;
		if (remaining(run, timeout) == 0)
			return TIMED_OUT;
		pg_usleep(nap);
	}
}

/*
 * Kill the command and all that it started.  The wait is bounded because a
 * program that changed its user cannot be killed by the server.
 */
static void
put_down(Run *run)
{
	(void) kill(-run->pid, SIGKILL);
	(void) kill(run->pid, SIGKILL); /* it may not have a group yet */
	INSTR_TIME_SET_CURRENT(run->start);
	(void) reap(run, KILL_PATIENCE, false);
}

/* Say why a command that ended by itself has given no key. */
static bool
judge_end(const Run *run, const char *path, ApikeyKeySourceError *error)
{
	const char *hint = "Run the command by hand, as the user that the server runs as, to see what it says.";
	char		summary[sizeof(error->summary)];
	int			failure;

	if (read(run->report, &failure, sizeof(failure)) == sizeof(failure))
	{
		errno = failure;
		return apikey_key_source_fail(error, "The key command could not be executed.",
									  "Correct the path, and let the user that the server runs as execute it.",
									  "Could not execute \"%s\": %m.", path);
	}
	if (WIFEXITED(run->status) && WEXITSTATUS(run->status) == 0)
		return true;
	if (WIFEXITED(run->status))
		snprintf(summary, sizeof(summary),
				 "The key command failed with exit status %d.",
				 WEXITSTATUS(run->status));
	else
		snprintf(summary, sizeof(summary),
				 "The key command was ended by signal %d.",
				 WTERMSIG(run->status));
	return apikey_key_source_fail(error, summary, hint,
								  "The command is \"%s\".", path);
}

/* Turn an outcome into the answer; called before errno is lost. */
static bool
judge(Outcome outcome, const Run *run, const char *path,
	  ApikeyKeySourceError *error)
{
	const char *hint = "";
	char		summary[sizeof(error->summary)];

	switch (outcome)
	{
		case ENDED:
			return judge_end(run, path, error);
		case TIMED_OUT:
			snprintf(summary, sizeof(summary),
					 "The key command did not end within %d ms.",
					 command_timeout);
			hint = "Make it answer sooner and leave nothing in the background, or raise apikey.command_timeout.";
			break;
		case INTERRUPTED:
			strlcpy(summary, "The key command was interrupted.",
					sizeof(summary));
			break;
		case TOO_MUCH:
			snprintf(summary, sizeof(summary),
					 "The key command printed more than %d bytes.",
					 APIKEY_KEYTEXT_MAX_SIZE);
			hint = "Have it print keys and nothing else.";
			break;
		case LOST:
			return apikey_key_source_fail(error, "The key command could not be followed.",
										  "The server log tells the reason.",
										  "Could not follow command \"%s\": %m.",
										  path);
	}
	return apikey_key_source_fail(error, summary, hint,
								  "The command is \"%s\".", path);
}

/* The argument passed the check, so that it splits. */
static bool
read_command(const char *argument, ApikeyKeySourceText *text,
			 ApikeyKeySourceError *error)
{
	Command		command;
	Run			run;
	Outcome		outcome;
	bool		ok;

	(void) split(argument, &command);
	if (!start(&command, &run))
		return apikey_key_source_fail(error, "The key command could not be started.",
									  "The server log tells the reason.",
									  "Could not start command \"%s\": %m.",
									  command.argv[0]);
	pgstat_report_wait_start(PG_WAIT_EXTENSION);
	outcome = collect(&run, text);
	if (outcome == ENDED)
		outcome = reap(&run, command_timeout, true);
	ok = judge(outcome, &run, command.argv[0], error);
	if (outcome != ENDED)
		put_down(&run);
	pgstat_report_wait_end();
	close(run.output);
	close(run.report);
	return ok;
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
							"Sets how long a command that yields keys may take.",
							"A command that takes longer is killed, and what needs the key fails.  The statement that needs the key waits as long.",
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
