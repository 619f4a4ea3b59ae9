/*-------------------------------------------------------------------------
 *
 * pattern_scan.c
 *		Division of a regular expression into its tokens.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "validate/pattern_scan.h"

/* The end of the escape at p; "\cX" is a control character, for any X. */
static const char *
skip_escape(const char *p)
{
	int			len = p[1] == 'c' ? 3 : 2;

	return p + strnlen(p, len);
}

/* The end of the bracket expression at p. */
static const char *
skip_brackets(const char *p)
{
	/* A "]" at the beginning is literal. */
	p += p[1] == '^' ? 2 : 1;
	if (*p == ']')
		p++;
	while (*p != '\0' && *p != ']')
	{
		if (*p == '\\')
			p = skip_escape(p);
		else if (*p == '[' && p[1] != '\0' && strchr(":.=", p[1]) != NULL)
		{
			const char	closing[] = {p[1], ']', '\0'};
			const char *end = strstr(p + 2, closing);

			p = end != NULL ? end + 2 : p + strlen(p);
		}
		else
			p++;
	}
	return *p != '\0' ? p + 1 : p;
}

const char *
apikey_pattern_next(const char *p)
{
	const char *end;

	if (*p == '\\')
		return skip_escape(p);
	if (*p == '[')
		return skip_brackets(p);
	if (strncmp(p, "(?#", 3) != 0)
		return p + 1;
	end = strchr(p, ')');
	return end != NULL ? end + 1 : p + strlen(p);
}
