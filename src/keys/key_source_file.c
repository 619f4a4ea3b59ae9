/*-------------------------------------------------------------------------
 *
 * key_source_file.c
 *		Keys from a file: file:/path.
 *
 * The file must be as private as PostgreSQL wants ssl_key_file to be, and
 * outside the data directory, else every base backup would carry the key.
 * Symbolic links are followed (Kubernetes mounts secrets as links): what is
 * judged is the open file, so that nothing can be put in its place between
 * the look and the reading.  O_NONBLOCK keeps a FIFO from hanging open().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"

#include "keys/key_source.h"

/* A relative path would mean one inside the data directory. */
static bool
check_file(const char *path, ApikeyKeySourceError *error)
{
	if (!is_absolute_path(path) || strlen(path) >= MAXPGPATH)
		return apikey_key_source_fail(error,
									  "\"file:\" is not followed by an absolute path.",
									  "Write the path from the root on: \"file:/etc/apikey/master.key\".",
									  "%s", "");
	return true;
}

/* Open the file; -1, with *error filled, when that fails. */
static int
open_file(const char *path, ApikeyKeySourceError *error)
{
	int			fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	const char *summary = "The key file could not be opened.";
	const char *hint = "The server log tells the reason.";

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENOTDIR)
	{
		summary = "The key file does not exist.";
		hint = "Make it, or correct the setting and reload the configuration.";
	}
	else if (errno == EACCES || errno == EPERM)
	{
		summary = "The server is not permitted to open the key file.";
		hint = "Give the file, and passage through its directories, to the operating-system user that the server runs as.";
	}
	apikey_key_source_fail(error, summary, hint,
						   "Could not open file \"%s\": %m.", path);
	return -1;
}

/*
 * May anybody read it but the server and root?  As for ssl_key_file: a file
 * of the server's own user gives nothing to group and others; one of root's
 * may give reading to a group, through which the server then reads it.
 */
static bool
judge_access(const struct stat *st, const char *path, ApikeyKeySourceError *error)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return apikey_key_source_fail(error,
									  "The key file belongs to another user.",
									  "Change its owner to the user that the server runs as, or to root.",
									  "File \"%s\" must be owned by the user that the server runs as, or by root.",
									  path);
	if ((st->st_uid == geteuid() && (st->st_mode & (S_IRWXG | S_IRWXO))) ||
		(st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO))))
		return apikey_key_source_fail(error,
									  "The key file is accessible to other users.",
									  "Run chmod 0600 on it, or 0640 where root owns it and the server reads it by its group.",
									  "File \"%s\" has permissions %04o.",
									  path, (unsigned int) st->st_mode & 07777);
	return true;
}

/*
 * Does it lie outside the data directory?  Both paths are resolved first: the
 * file may be reached through a link, and so may the directory.
 */
static bool
judge_place(const char *path, ApikeyKeySourceError *error)
{
	char	   *real = realpath(path, NULL);
	char	   *data = realpath(DataDir, NULL);
	size_t		len = data ? strlen(data) : 0;
	bool		ok = real != NULL && data != NULL;

	if (!ok)
		apikey_key_source_fail(error, "The key file's place could not be found.",
							   "The server log tells the reason.",
							   "Could not resolve \"%s\": %m.", path);
	else if (strncmp(real, data, len) == 0 && real[len] == '/')
		ok = apikey_key_source_fail(error,
									"The key file lies in the data directory.",
									"Move it elsewhere: whoever gets a base backup would get the key with it.",
									"File \"%s\" lies in the data directory.",
									path);
	free(real);
	free(data);
	return ok;
}

/* Read up to one byte more than a source may yield. */
static bool
read_all(int fd, const char *path, ApikeyKeySourceText *text,
		 ApikeyKeySourceError *error)
{
	while (text->len < sizeof(text->data))
	{
		ssize_t		got = read(fd, text->data + text->len,
							   sizeof(text->data) - text->len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return apikey_key_source_fail(error, "The key file could not be read.",
										  "The server log tells the reason.",
										  "Could not read file \"%s\": %m.", path);
		if (got == 0)
			break;
		text->len += got;
	}
	return true;
}

/*
 * All judgement is of the descriptor, but for the place, which only a path
 * has; it protects from a mistake, not from who can change the path.
 */
static bool
read_file(const char *path, ApikeyKeySourceText *text, ApikeyKeySourceError *error)
{
	struct stat st;
	bool		ok;
	int			fd = open_file(path, error);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0)
		ok = apikey_key_source_fail(error, "The key file could not be examined.",
									"The server log tells the reason.",
									"Could not stat file \"%s\": %m.", path);
	else if (!S_ISREG(st.st_mode))
		ok = apikey_key_source_fail(error, "The key file is not a regular file.",
									"Name a file that holds the key, not a directory, pipe or device.",
									"\"%s\" is not a regular file.", path);
	else
		ok = judge_access(&st, path, error) &&
			judge_place(path, error) &&
			read_all(fd, path, text, error);
	close(fd);
	return ok;
}

const ApikeyKeySourceRoutine apikey_key_source_file = {
	.scheme = "file",
	.check = check_file,
	.read = read_file
};
