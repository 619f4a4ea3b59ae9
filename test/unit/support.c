/*-------------------------------------------------------------------------
 *
 * support.c
 *		What the unit tests share.
 *
 *-------------------------------------------------------------------------
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static int	count = 0;
static int	failed = 0;

bool
ok(bool passed, const char *format,...)
{
	va_list		args;

	count++;
	failed += !passed;
	printf("%s %d - ", passed ? "ok" : "not ok", count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	return passed;
}

void
note(const char *format,...)
{
	va_list		args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

int
done(void)
{
	printf("1..%d\n", count);
	return failed == 0 ? 0 : 1;
}

void *
need(size_t size)
{
	void	   *result = malloc(size > 0 ? size : 1);

	if (result == NULL)
	{
		printf("Bail out!  out of memory\n");
		exit(1);
	}
	return result;
}

uint8_t *
pattern(size_t len, unsigned int seed)
{
	uint8_t    *result = need(len);
	uint32_t	state = seed * 2654435761U + 1;

	for (size_t i = 0; i < len; i++)
	{
		state = state * 1664525U + 1013904223U;
		result[i] = (uint8_t) (state >> 24);
	}
	return result;
}

bool
all_zero(const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
	{
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

ApikeySpan
span(const char *text)
{
	ApikeySpan	result = {text, strlen(text)};

	return result;
}

/* Parse text between double quotes. */
static void
take_text(Field *field, const char *value)
{
	field->len = strlen(value) - 2;
	memcpy(field->data, value + 1, field->len);
}

/* Parse hexadecimal digits; any other text produces no bytes. */
static void
take_hex(Field *field, const char *value)
{
	size_t		len = strlen(value) / 2;

	field->len = 0;
	if (strspn(value, "0123456789abcdefABCDEF") != 2 * len ||
		strlen(value) != 2 * len)
		return;
	for (size_t i = 0; i < len; i++)
	{
		char		pair[3] = {value[2 * i], value[2 * i + 1], '\0'};

		field->data[i] = (uint8_t) strtoul(pair, NULL, 16);
	}
	field->len = len;
}

bool
next_field(FILE *file, char *name, Field *field)
{
	static char line[65536];
	char	   *value;

	memset(field, 0, sizeof(*field));
	if (fgets(line, sizeof(line), file) == NULL)
		return false;
	line[strcspn(line, "\r\n")] = '\0';

	value = strstr(line, " =");
	if (value != NULL)
		*value = '\0';
	snprintf(name, NAME_SIZE, "%.63s", line);
	if (value == NULL)
		return true;
	/* Some files align their equals signs. */
	while (name[0] != '\0' && name[strlen(name) - 1] == ' ')
		name[strlen(name) - 1] = '\0';

	value += 2 + strspn(value + 2, " ");
	field->data = need(strlen(value));
	if (*value == '"')
		take_text(field, value);
	else
		take_hex(field, value);
	return true;
}

void
free_field(Field *field)
{
	free(field->data);
	memset(field, 0, sizeof(*field));
}

FILE *
open_file(const char *path)
{
	FILE	   *file = fopen(path, "r");

	if (file == NULL)
	{
		printf("Bail out!  cannot read %s\n", path);
		exit(1);
	}
	return file;
}

ApikeyMasterKey *
sample_master_key(unsigned int seed)
{
	uint8_t    *raw = pattern(APIKEY_KEY_SIZE, seed);
	ApikeyMasterKey *key = apikey_master_key_new(raw);

	free(raw);
	if (key == NULL)
	{
		printf("Bail out!  no master key\n");
		exit(1);
	}
	return key;
}

ApikeyDataKey *
sample_data_key(unsigned int seed)
{
	uint8_t    *raw = pattern(APIKEY_KEY_SIZE, seed);
	uint8_t    *id = pattern(APIKEY_DATA_KEY_ID_SIZE, seed + 1000);
	ApikeyDataKey *key = apikey_data_key_new(id, raw);

	free(raw);
	free(id);
	if (key == NULL)
	{
		printf("Bail out!  no data key\n");
		exit(1);
	}
	return key;
}
