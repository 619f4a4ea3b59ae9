/*-------------------------------------------------------------------------
 *
 * fuzz.c
 *		What the targets of libFuzzer share; see fuzz.h.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

void
demand(bool true_or_crash)
{
	if (!true_or_crash)
		abort();
}

void *
room(size_t size)
{
	void	   *result = malloc(size > 0 ? size : 1);

	demand(result != NULL);
	return result;
}

uint8_t
take_byte(Input *input)
{
	if (input->len == 0)
		return 0;
	input->len--;
	return *input->data++;
}

char *
take_text(Input *input, size_t max, size_t *len)
{
	size_t		limit = input->len < max ? input->len : max;
	char	   *text;

	*len = 0;
	while (*len < limit && input->data[*len] != '\0')
		(*len)++;
	text = room(*len + 1);
	if (*len > 0)
		memcpy(text, input->data, *len);
	text[*len] = '\0';
	input->data += *len;
	input->len -= *len;
	if (input->len > 0 && *input->data == '\0')
		take_byte(input);
	return text;
}

bool
contains(const char *text, size_t len, const char *what, size_t what_len)
{
	for (size_t pos = 0; pos + what_len <= len; pos++)
		if (memcmp(text + pos, what, what_len) == 0)
			return true;
	return false;
}

void
add(Builder *builder, const char *text, size_t len)
{
	size_t		needed = builder->len + len + 1;

	if (builder->size < needed)
	{
		builder->size = 2 * needed;
		builder->data = realloc(builder->data, builder->size);
		demand(builder->data != NULL);
	}
	if (len > 0)
		memcpy(builder->data + builder->len, text, len);
	builder->len += len;
	builder->data[builder->len] = '\0';
}

void
add_string(Builder *builder, const char *string)
{
	add(builder, string, strlen(string));
}

void
add_doubled(Builder *builder, const char *text, size_t len, const char *characters)
{
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] != '\0' && strchr(characters, text[i]) != NULL)
			add(builder, text + i, 1);
		add(builder, text + i, 1);
	}
}

char *
finish(Builder *builder)
{
	char	   *text = room(builder->len);

	if (builder->len > 0)
		memcpy(text, builder->data, builder->len);
	free(builder->data);
	builder->data = NULL;
	return text;
}
