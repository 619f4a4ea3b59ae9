/*-------------------------------------------------------------------------
 *
 * key_source.c
 *		libFuzzer's entry to key sources: the setting, and what a source yields.
 *
 * The text is read from a file, and from a variable if it can be in one: the keys
 * are the same.  What is shown to any client never has a part of a setting, and no
 * message has a part of the text.
 *
 *-------------------------------------------------------------------------
 */
#include "backend.h"

#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"

#include "keys/key_source.h"

#define SECRET	"Zq7xSECRETx7qZ"

static char path[MAXPGPATH] = "";
static int	file = -1;

static void
remove_file(void)
{
	unlink(path);
}

static void
make_file(void)
{
	const char *dir = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/key_source.XXXXXX", dir != NULL ? dir : "/tmp");
	file = mkstemp(path);
	demand(file >= 0);
	atexit(remove_file);
	DataDir = "/usr";
}

static bool
read_source(const char *source, ApikeyKeytext *keys)
{
	ApikeyKeySourceError error = {0};
	bool		ok = apikey_key_source_read(source, keys, &error);

	demand(ok == (keys->count > 0));
	demand(ok || error.summary[0] != '\0');
	demand(strstr(error.summary, SECRET) == NULL && strstr(error.detail, SECRET) == NULL &&
		   strstr(error.hint, SECRET) == NULL);
	return ok;
}

static void
check_setting(const char *setting)
{
	ApikeyKeySourceError error = {0};
	bool		ok = apikey_key_source_is_valid(setting, &error);
	size_t		shown = apikey_key_source_shown(setting);

	demand(ok || error.summary[0] != '\0');
	demand(strstr(error.summary, SECRET) == NULL && strstr(error.hint, SECRET) == NULL);
	demand(shown <= strlen(setting));
	demand(!ok || *setting == '\0' || *apikey_key_source_scheme(setting) != '\0');
}

static void
check_text(const char *text, size_t len)
{
	ApikeyKeytext from_file = {0};
	ApikeyKeytext from_variable = {0};
	bool		ok;

	demand(ftruncate(file, 0) == 0 && pwrite(file, text, len, 0) == (ssize_t) len);
	ok = read_source(psprintf("file:%s", path), &from_file);
	if (len == 0 || memchr(text, '\0', len) != NULL)
		return;
	setenv("APIKEY_FUZZ", pnstrdup(text, len), 1);
	demand(read_source("env:APIKEY_FUZZ", &from_variable) == ok);
	demand(!ok || memcmp(&from_file, &from_variable, sizeof(from_file)) == 0);
}

static void
read_input(Input *input)
{
	uint8_t		flags = take_byte(input);
	char	   *setting = take_string(input, 3000);

	check_setting(setting);
	check_setting(psprintf("%s" SECRET, setting));
	check_text((const char *) input->data, input->len);
	if (flags & 1)
		setting = psprintf(SECRET "%s", setting);
	check_text(setting, strlen(setting));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};

	if (file < 0)
		make_file();
	demand(call_backend(read_input, &input));
	return 0;
}
