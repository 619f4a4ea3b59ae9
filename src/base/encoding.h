/*-------------------------------------------------------------------------
 *
 * encoding.h
 *		Tests on the characters of a text, and conversion from and to UTF-8.
 *
 * "text" is in the database encoding and need not be null-terminated; len is
 * its length in bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ENCODING_H
#define APIKEY_ENCODING_H

#include "mb/pg_wchar.h"

/*
 * Is it a control character (U+0000-1F, U+7F-9F), or one that reorders the text
 * around it (U+202A-2E, U+2066-69)?
 */
extern bool apikey_is_control(pg_wchar c);

/* Is it white space, which includes the invisible U+200B and U+FEFF? */
extern bool apikey_is_space(pg_wchar c);

/* Does the text contain a control character, in the sense of apikey_is_control()? */
extern bool apikey_has_control(const char *text, size_t len);

/* Does the text begin or end with white space (apikey_is_space())? */
extern bool apikey_has_outer_space(const char *text, size_t len);

/*
 * Is the text in Unicode normalization form C?  Always true unless the
 * database encoding is UTF-8.
 */
extern bool apikey_is_nfc(const char *text, size_t len);

/*
 * Convert a text to UTF-8.  Values are sealed and contexts built in UTF-8, so
 * that a dump can be restored into a database with another encoding.
 *
 * Returns the text itself if no conversion is needed, which includes any text
 * in a SQL_ASCII database; otherwise a palloc'ed copy, which the caller must
 * wipe if it is secret.  Raises 22P05 if a character cannot be represented in
 * UTF-8.
 */
extern const char *apikey_to_utf8(const char *text, size_t len,
								  size_t *utf8_len);

/* The same, but returns NULL instead of raising 22P05. */
extern const char *apikey_try_utf8(const char *text, size_t len, size_t *utf8_len);

/* Wipe what apikey_to_utf8() returned for text, if it is a copy. */
extern void apikey_wipe_utf8(const char *utf8, size_t utf8_len, const char *text);

/*
 * Convert a decrypted text, a varlena with a 4-byte header, from UTF-8 to the
 * database encoding: returns the argument itself or a converted copy; in the
 * latter case the argument is wiped.  Raises 22P05, with the argument wiped, if
 * it is malformed or has characters that the database encoding cannot
 * represent.
 */
extern text *apikey_text_from_utf8(text *value);

#endif							/* APIKEY_ENCODING_H */
