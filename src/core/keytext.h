/*-------------------------------------------------------------------------
 *
 * keytext.h
 *		The text form of the keys that a key source yields.
 *
 * One or more keys, the newest first, one per line or separated by commas;
 * each is base64 or base64url of 32 bytes (padding optional), or 64
 * hexadecimal digits.  Blank lines, and what follows a '#' on a line, are
 * skipped.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEYTEXT_H
#define APIKEY_KEYTEXT_H

#include "keys.h"

#define APIKEY_KEYTEXT_MAX_KEYS		32
#define APIKEY_KEYTEXT_MAX_SIZE		8192	/* bytes that a source may yield */

typedef enum ApikeyKeytextStatus
{
	APIKEY_KEYTEXT_OK,
	APIKEY_KEYTEXT_EMPTY,		/* no key in it */
	APIKEY_KEYTEXT_TOO_LONG,	/* over APIKEY_KEYTEXT_MAX_SIZE */
	APIKEY_KEYTEXT_TOO_MANY,	/* over APIKEY_KEYTEXT_MAX_KEYS */
	APIKEY_KEYTEXT_MALFORMED,	/* neither base64, base64url nor hex */
	APIKEY_KEYTEXT_MARKED,		/* malformed: begins with a byte order mark */
	APIKEY_KEYTEXT_QUOTED,		/* malformed: begins with a quotation mark */
	APIKEY_KEYTEXT_NAMED,		/* malformed: NAME=value */
	APIKEY_KEYTEXT_WRONG_LENGTH /* well-formed, but not 32 bytes */
} ApikeyKeytextStatus;

/* The caller wipes it. */
typedef struct ApikeyKeytext
{
	int			count;
	uint8_t		keys[APIKEY_KEYTEXT_MAX_KEYS][APIKEY_KEY_SIZE];
	int			line;			/* of the error, from 1 */
	size_t		length;			/* bytes of a key of the wrong length */
} ApikeyKeytext;

/*
 * Parse len bytes of text.  On any status but OK, *result holds no key; line
 * (and length) then describe the error, without any character of the text.
 */
extern ApikeyKeytextStatus apikey_keytext_parse(const char *text, size_t len,
												ApikeyKeytext *result);

/*
 * What is wrong with a text that is not what it should be: APIKEY_KEYTEXT_MARKED,
 * _QUOTED or _NAMED if it begins like that, else APIKEY_KEYTEXT_MALFORMED.
 */
extern ApikeyKeytextStatus apikey_keytext_mistake(const char *text, size_t len);

#endif							/* APIKEY_KEYTEXT_H */
