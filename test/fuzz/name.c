/*-------------------------------------------------------------------------
 *
 * name.c
 *		libFuzzer's entry to the checks of names, reasons and variables.
 *
 * A text is returned as it is, or refused with an error that does not quote it.
 *
 *-------------------------------------------------------------------------
 */
#include "backend.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "key_types.h"
#include "validate/arguments.h"
#include "validate/env_var.h"
#include "validate/shown_text.h"

#define SECRET	"Zq7xSECRETx7qZ"

static char *
take_argument(Input *input)
{
	char	   *text;

	take_matches(input);
	text = psprintf("%s%s", take_byte(input) & 1 ? SECRET : "", take_string(input, 2000));
	return pg_verifymbstr(text, strlen(text), true) ? text : "";
}

static void
read_name(Input *input)
{
	char	   *text = take_argument(input);
	char	   *name = apikey_arg_name(cstring_to_text(text), "name");
	unsigned char uuid[16];

	demand(strcmp(name, text) == 0 && *name != '\0');
	demand(!apikey_arg_is_uuid(name, uuid));
	for (const char *c = name; *c != '\0'; c++)
		demand((unsigned char) *c >= ' ' && *c != 0x7f);
}

static void
read_reason(Input *input)
{
	char	   *text = take_argument(input);

	demand(strcmp(apikey_arg_reason(cstring_to_text(text)), text) == 0);
}

static void
read_variable(Input *input)
{
	char	   *text = take_argument(input);

	apikey_env_var_check(text, "env_var");
	demand(*text >= 'A' && *text <= 'Z' && strpbrk(text, "= \n") == NULL);
	demand(strcmp(text, "PATH") != 0 && strcmp(text, "LD_PRELOAD") != 0);
}

static void
read_shown(Input *input)
{
	char	   *text = take_argument(input);
	const char *shown = apikey_shown_text(text);

	demand(shown == text || strcmp(shown, "(not shown)") == 0);
	demand(strstr(shown, SECRET) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void		(*const readers[]) (Input *) = {read_name, read_reason, read_variable, read_shown};

	for (size_t i = 0; i < lengthof(readers); i++)
	{
		Input		input = {data, size};

		if (!call_backend(readers[i], &input))
			demand(strstr(error_text, SECRET) == NULL);
	}
	return 0;
}
