/*-------------------------------------------------------------------------
 *
 * run_command.c
 *		Run a program and read what it prints; see run_command.h.
 *
 * The program runs in a session of its own in "/", and inherits only the
 * server's environment: standard input and standard error are /dev/null, all
 * signals have their default handlers, and every other descriptor is closed.
 *
 * Whatever it does, it is over within the time limit: on timeout, too much
 * output, cancel or termination, its whole process group is killed and the
 * child is reaped.  A process that the program left in the background counts
 * as the program for as long as it holds standard output open.
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
#include "utils/wait_event.h"

#include "keys/run_command.h"

#define POLL_SLICE		100		/* ms between two checks for a cancel */
#define KILL_PATIENCE	1000	/* ms to wait for a child that was killed */
#define MAX_NAP			20000	/* us between two calls of waitpid() */
#define HIGHEST_FD		65536	/* where close_range() is missing */

/* A running command, as the server sees it. */
typedef struct CommandRun
{
	pid_t		pid;
	int			output;			/* its standard output */
	int			report;			/* errno, if it cannot be executed */
	int			status;			/* from waitpid(), once it has ended */
	instr_time	start;
} CommandRun;

/*----
 * In the child.  Between fork() and exec(), only functions that are
 * async-signal-safe may be called.
 *----
 */

/* Close the server's descriptors, from first on. */
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

/* Restore the default handlers, then unblock what was blocked for fork(). */
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
exec_command(char *const *argv, int output, int report)
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
		execv(argv[0], argv);
	}
	failure = errno;
	_exit(write(report, &failure, sizeof(failure)) > 0 ? 127 : 126);
}

/*----
 * In the server.
 *----
 */

/* A pipe that is closed on exec() and read without blocking. */
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

static bool
make_pipes(int *output, int *report)
{
	if (!make_pipe(output))
		return false;
	if (make_pipe(report))
		return true;
	close(output[0]);
	close(output[1]);
	return false;
}

/*
 * Fork with all signals blocked, so that no handler of the server runs in the
 * child.
 */
static pid_t
fork_command(char *const *argv, int output, int report)
{
	sigset_t	all;
	sigset_t	before;
	pid_t		pid;

	sigfillset(&all);
	(void) sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		exec_command(argv, output, report);
	(void) sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* On failure (errno), no descriptor is left open. */
static bool
start_command(char *const *argv, CommandRun *run)
{
	int			output[2];
	int			report[2];

	if (!make_pipes(output, report))
		return false;
	run->status = 0;
	INSTR_TIME_SET_CURRENT(run->start);
	run->pid = fork_command(argv, output[1], report[1]);
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
remaining(const CommandRun *run, int timeout)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, run->start);
	return Max(0, timeout - (int) INSTR_TIME_GET_MILLISEC(now));
}

/*
 * Must the command stop now?  InterruptPending would be too much: some
 * interrupts do not end the statement, which would then fail for lack of a key.
 */
static bool
is_interrupted(void)
{
	return QueryCancelPending || ProcDiePending;
}

/*
 * Read until the end of standard output, or until *text is full, which is one
 * byte more than a source may yield.  A signal wakes poll(), but not one that
 * arrives just before the call: hence the slices.
 */
static ApikeyCommandOutcome
read_output(CommandRun *run, int timeout, ApikeyKeySourceText *text)
{
	for (;;)
	{
		struct pollfd waiting = {.fd = run->output,.events = POLLIN};
		int			left = remaining(run, timeout);
		ssize_t		got;

		if (is_interrupted())
			return APIKEY_COMMAND_INTERRUPTED;
		if (left == 0)
			return APIKEY_COMMAND_TIMED_OUT;
		if (poll(&waiting, 1, Min(left, POLL_SLICE)) < 0 && errno != EINTR)
			return APIKEY_COMMAND_LOST;
		got = read(run->output, text->data + text->len,
				   sizeof(text->data) - text->len);
		if (got == 0)
			return APIKEY_COMMAND_ENDED;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return APIKEY_COMMAND_LOST;
		if (got > 0)
			text->len += got;
		if (text->len == sizeof(text->data))
			return APIKEY_COMMAND_TOO_LONG;
	}
}

/*
 * Wait for the child, which may end later than its output.  A backend has no
 * handler for SIGCHLD that would wake it, so it sleeps between two calls of
 * waitpid(), from 0.2 up to 20 ms.
 */
static ApikeyCommandOutcome
reap(CommandRun *run, int timeout, bool interruptible)
{
	for (long nap = 200;; nap = Min(2 * nap, MAX_NAP))
	{
		pid_t		ended = waitpid(run->pid, &run->status, WNOHANG);

		if (ended == run->pid)
			return APIKEY_COMMAND_ENDED;
		if (ended < 0 && errno != EINTR)
			return APIKEY_COMMAND_LOST;
		if (interruptible && is_interrupted())
			return APIKEY_COMMAND_INTERRUPTED;
		if (remaining(run, timeout) == 0)
			return APIKEY_COMMAND_TIMED_OUT;
		pg_usleep(nap);
	}
}

/* Could the program not be executed?  Then errno says why. */
static bool
was_not_executed(const CommandRun *run)
{
	int			failure;

	if (read(run->report, &failure, sizeof(failure)) != sizeof(failure))
		return false;
	errno = failure;
	return true;
}

/*
 * Kill the command and all that it started.  The wait is bounded because the
 * server cannot kill a program that has changed its user.
 */
static void
kill_command(CommandRun *run)
{
	(void) kill(-run->pid, SIGKILL);
	(void) kill(run->pid, SIGKILL); /* it may not have a group yet */
	INSTR_TIME_SET_CURRENT(run->start);
	(void) reap(run, KILL_PATIENCE, false);
}

ApikeyCommandOutcome
apikey_run_command(char *const *argv, int timeout, ApikeyKeySourceText *output,
				   int *status)
{
	ApikeyCommandOutcome outcome;
	int			save_errno;
	CommandRun	run;

	*status = 0;
	if (!start_command(argv, &run))
		return APIKEY_COMMAND_NOT_STARTED;
	pgstat_report_wait_start(PG_WAIT_EXTENSION);
	outcome = read_output(&run, timeout, output);
	if (outcome == APIKEY_COMMAND_ENDED)
		outcome = reap(&run, timeout, true);
	save_errno = errno;
	if (outcome != APIKEY_COMMAND_ENDED)
		kill_command(&run);
	errno = save_errno;
	if (outcome == APIKEY_COMMAND_ENDED && was_not_executed(&run))
		outcome = APIKEY_COMMAND_NOT_EXECUTED;
	*status = run.status;
	save_errno = errno;
	pgstat_report_wait_end();
	close(run.output);
	close(run.report);
	errno = save_errno;
	return outcome;
}
