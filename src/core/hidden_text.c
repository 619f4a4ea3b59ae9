/*-------------------------------------------------------------------------
 *
 * hidden_text.c
 *		Text in which secrets have been hidden; see hidden_text.h.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "hidden_text.h"
#include "wipe.h"

void
apikey_hide(char *text, size_t begin, size_t end)
{
	if (end > begin)
		apikey_wipe(text + begin, end - begin);
}

/* Is this the first byte of a hidden part? */
static int
begins_hidden(const char *text, size_t i)
{
	return text[i] == '\0' && (i == 0 || text[i - 1] != '\0');
}

size_t
apikey_hidden_size(const char *text, size_t len)
{
	size_t		size = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\0')
			size++;
		else if (begins_hidden(text, i))
			size += strlen(APIKEY_HIDDEN);
	return size;
}

void
apikey_hidden_write(const char *text, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\0')
			*out++ = text[i];
		else if (begins_hidden(text, i))
		{
			memcpy(out, APIKEY_HIDDEN, strlen(APIKEY_HIDDEN));
			out += strlen(APIKEY_HIDDEN);
		}
}

void
apikey_hidden_fill(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = ' ';
}
