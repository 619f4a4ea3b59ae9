/*-------------------------------------------------------------------------
 *
 * key_source_file.c
 *		Keys from a file: file:/path.
 *
 * The file must be as private as PostgreSQL requires of ssl_key_file, and must
 * be outside the data directory, or else every base backup would contain the
 * key.  Symbolic links are followed (Kubernetes mounts secrets as links).  The
 * checks are made on the open file, so that no other file can take its place
 * between check and reading.  O_NONBLOCK keeps open() of a FIFO from hanging.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"

#include "keys/key_source.h"

/* A relative path would lead into the data directory. */
static bool
check_file(const char *path, ApikeyKeySourceError *error)
{
	if (!is_absolute_path(path) || strlen(path) >= MAXPGPATH)
		return apikey_key_source_fail(error,
									  "\"file:\" is not followed by an absolute path.",
									  "Write the full path, as in \"file:/etc/apikey/master.key\".",
									  "%s", "");
	return true;
}

/* Open the file; -1, with *error filled, when that fails. */
static int
open_file(const char *path, ApikeyKeySourceError *error)
{
	int			fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	const char *summary = "The key file could not be opened.";
	const char *hint = APIKEY_HINT_SERVER_LOG;

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENOTDIR)
	{
		summary = "The key file does not exist.";
		hint = "Create the file, or correct the setting and reload the configuration.";
	}
	else if (errno == EACCES || errno == EPERM)
	{
		summary = "The server is not permitted to open the key file.";
		hint = "Let the operating-system user that runs the server read the file and search its directories.";
	}
	apikey_key_source_fail(error, summary, hint,
						   "Could not open file \"%s\": %m.", path);
	return -1;
}

/*
 * Is it a secret that a container's runtime has mounted, whose permissions cannot
 * be changed in the container?  Docker mounts secrets in /run/secrets; Kubernetes'
 * files are links through a directory "..data".
 */
static bool
is_mounted_secret(const char *path)
{
	char	   *real = realpath(path, NULL);
	bool		result = strncmp(path, "/run/secrets/", strlen("/run/secrets/")) == 0 ||
	strncmp(path, "/var/run/secrets/", strlen("/var/run/secrets/")) == 0 ||
	(real != NULL && strstr(real, "/..") != NULL);

	free(real);
	return result;
}

/*
 * Is it accessible only to the server and root?  The rules are those of
 * ssl_key_file: a file owned by the server's user has no permissions for group
 * and others; one owned by root may be readable by a group, by which the server
 * reads it.
 */
static bool
check_access(const struct stat *st, const char *path, ApikeyKeySourceError *error)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return apikey_key_source_fail(error,
									  "The key file belongs to another user.",
									  "Change its owner to the operating-system user that runs the server, or to root.",
									  "File \"%s\" must be owned by the user that runs the server, or by root.",
									  path);
	if ((st->st_uid == geteuid() && (st->st_mode & (S_IRWXG | S_IRWXO))) ||
		(st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO))))
		return apikey_key_source_fail(error,
									  "The key file is accessible to other users.",
									  is_mounted_secret(path) ?
									  "Mount the secret with mode 0400 (Docker Swarm: uid and mode), or 0440 for the server's group (Kubernetes: defaultMode and fsGroup), or use \"command:/bin/cat\" with its path." :
									  "Run chmod 0600 on the file, or chmod 0640 if root owns it and the server reads it as a member of its group.",
									  "File \"%s\" has permissions %04o.",
									  path, (unsigned int) st->st_mode & 07777);
	return true;
}

/*
 * Is it outside the data directory?  Both paths are resolved first, since
 * either may be reached through a symbolic link.
 */
static bool
check_place(const char *path, ApikeyKeySourceError *error)
{
	char	   *real = realpath(path, NULL);
	char	   *data = real != NULL ? realpath(DataDir, NULL) : NULL;	/* keeps errno */
	size_t		len = data ? strlen(data) : 0;
	bool		ok = real != NULL && data != NULL;

	if (!ok)
		apikey_key_source_fail(error, "The real path of the key file could not be determined.",
							   APIKEY_HINT_SERVER_LOG,
							   "Could not resolve \"%s\": %m.", path);
	else if (strncmp(real, data, len) == 0 && real[len] == '/')
		ok = apikey_key_source_fail(error,
									"The key file is in the data directory.",
									"Move the file elsewhere and change the setting; otherwise every base backup contains the key.",
									"File \"%s\" is in the data directory.",
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
										  APIKEY_HINT_SERVER_LOG,
										  "Could not read file \"%s\": %m.", path);
		if (got == 0)
			break;
		text->len += got;
	}
	return true;
}

/*
 * All checks are made on the descriptor, except for that of the place, which
 * only a path has.  That one protects against a mistake, not against someone
 * who can change the path.
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
									APIKEY_HINT_SERVER_LOG,
									"Could not stat file \"%s\": %m.", path);
	else if (!S_ISREG(st.st_mode))
		ok = apikey_key_source_fail(error, "The key file is not a regular file.",
									"Use the path of a file that contains the key, not of a directory, pipe or device.",
									"\"%s\" is not a regular file.", path);
	else
		ok = check_access(&st, path, error) &&
			check_place(path, error) &&
			read_all(fd, path, text, error);
	close(fd);
	return ok;
}

const ApikeyKeySourceRoutine apikey_key_source_file = {
	.scheme = "file",
	.check = check_file,
	.read = read_file
};
