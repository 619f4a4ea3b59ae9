/*-------------------------------------------------------------------------
 *
 * key_source_env.c
 *		Keys from an environment variable: env:NAME.
 *
 * A variable stays readable in /proc/PID/environ for the life of a process,
 * and every program that the server starts inherits it.  Therefore, when the
 * library is preloaded, the postmaster moves the value to memory that child
 * processes inherit and core dumps leave out, and wipes the original.  Without
 * preloading, the value stays where it is and is read with getenv().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/protect.h"
#include "keys/key_source.h"

#define NAME_SIZE	256			/* with its terminating zero */
#define SCHEME		"env"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

/* A variable that was moved, in a mapping of its own that is never freed. */
typedef struct KeptVariable
{
	struct KeptVariable *next;
	char		name[NAME_SIZE];
	ApikeyKeySourceText text;
} KeptVariable;

static KeptVariable *kept_variables = NULL;

/* Is it a name by POSIX, with no "=" and no shell syntax? */
static bool
check_env(const char *name, ApikeyKeySourceError *error)
{
	size_t		len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							 "abcdefghijklmnopqrstuvwxyz_0123456789");

	if (len == 0 || name[len] != '\0' || len >= NAME_SIZE ||
		(name[0] >= '0' && name[0] <= '9'))
		return apikey_key_source_fail(error,
									  "\"env:\" is not followed by the name of an environment variable.",
									  "Use letters, digits and underscores, not beginning with a digit, as in \"env:APIKEY_MASTER_KEY\".",
									  "%s", "");
	return true;
}

/* Copy a value, up to the length that is too long. */
static void
copy_value(ApikeyKeySourceText *text, const char *value)
{
	text->len = strnlen(value, sizeof(text->data));
	memcpy(text->data, value, text->len);
}

/* The copy of a variable that was moved, or NULL. */
static const KeptVariable *
find_kept(const char *name)
{
	const KeptVariable *kept = kept_variables;

	while (kept != NULL && strcmp(kept->name, name) != 0)
		kept = kept->next;
	return kept;
}

static bool
read_env(const char *name, ApikeyKeySourceText *text, ApikeyKeySourceError *error)
{
	const char *hint = "Set the variable in the environment that the server is started in, and restart the server.";
	const KeptVariable *kept = find_kept(name);
	const char *value;

	if (kept != NULL)
	{
		text->len = kept->text.len;
		memcpy(text->data, kept->text.data, text->len);
		return true;
	}

	value = getenv(name);
	if (value == NULL)
		return apikey_key_source_fail(error,
									  "The environment variable of the key source is not set.",
									  hint,
									  "The server's environment has no variable \"%s\".",
									  name);
	if (value[0] == '\0')
		return apikey_key_source_fail(error,
									  "The environment variable of the key source is empty.",
									  hint,
									  "The variable \"%s\" is empty in the server's environment.",
									  name);
	copy_value(text, value);
	return true;
}

/*
 * Copy a variable to memory that is left out of core dumps, and locked where that
 * is permitted.
 */
static bool
keep_variable(const char *name, const char *value)
{
	KeptVariable *kept = mmap(NULL, sizeof(KeptVariable),
							  PROT_READ | PROT_WRITE,
							  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (kept == MAP_FAILED)
		return false;
	(void) apikey_protect_memory(kept, sizeof(KeptVariable));
	strlcpy(kept->name, name, sizeof(kept->name));
	copy_value(&kept->text, value);
	kept->next = kept_variables;
	kept_variables = kept;
	return true;
}

/*
 * Find where the kernel put the environment that this process was started with
 * (PostgreSQL has copied it since): fields 50 and 51 of /proc/self/stat.
 */
static bool
find_initial_environment(char **start, char **end)
{
	char		stat[2048];
	char	   *field;
	unsigned long from;
	unsigned long to;
	ssize_t		len;
	int			fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	len = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	if (len <= 0)
		return false;
	stat[len] = '\0';

	/* Field 2 may contain blanks, and ends at the last parenthesis. */
	field = strrchr(stat, ')');
	for (int i = 2; i < 50 && field != NULL; i++)
		field = strchr(field + 1, ' ');
	if (field == NULL || sscanf(field, "%lu %lu", &from, &to) != 2)
		return false;
	*start = (char *) from;
	*end = (char *) to;
	return from != 0 && from < to;
}

/* Wipe the value of a variable in the environment that exec() passed on. */
static void
wipe_initial_environment(const char *name)
{
	size_t		name_len = strlen(name);
	char	   *entry;
	char	   *end;

	if (!find_initial_environment(&entry, &end))
		return;
	while (entry < end)
	{
		size_t		len = strnlen(entry, end - entry);

		if (len > name_len && entry[name_len] == '=' &&
			memcmp(entry, name, name_len) == 0)
			explicit_bzero(entry + name_len + 1, len - name_len - 1);
		entry += len + 1;
	}
}

/*
 * The value is in three places: the environment that exec() passed on, the copy
 * of it that PostgreSQL makes to have room for process titles and that getenv()
 * reads, and our own copy.  Only the last one is left.
 *
 * The order matters: nothing is wiped unless a copy was kept, and the name is
 * removed last.  A failure leaves the value readable, but the server starts.
 */
void
apikey_key_source_env_scrub(const char *source)
{
	const char *name = source + strlen(SCHEME ":");
	ApikeyKeySourceError error;
	char	   *value;

	if (strncmp(source, SCHEME ":", strlen(SCHEME ":")) != 0 ||
		!check_env(name, &error))
		return;
	value = getenv(name);
	if (value == NULL || value[0] == '\0')
		return;
	if (!keep_variable(name, value))
	{
		ereport(WARNING,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not remove a key from the server's environment"),
				 errdetail("The key can be read in the environment of the server's processes."),
				 errhint("Restart the server when more memory is available, or use a key source of another kind.")));
		return;
	}
	wipe_initial_environment(name);
	explicit_bzero(value, strlen(value));
	unsetenv(name);
}

const ApikeyKeySourceRoutine apikey_key_source_env = {
	.scheme = SCHEME,
	.check = check_env,
	.read = read_env
};
