/*-------------------------------------------------------------------------
 *
 * encoding.h
 *		Questions about the characters of a text, in the server's encoding.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ENCODING_H
#define APIKEY_ENCODING_H

/*
 * Is any of it a control character (U+0000-1F, U+7F, in UTF-8 U+80-9F), or
 * one that reorders the text around it (U+202A-2E, U+2066-69)?
 */
extern bool apikey_has_control(const char *text, size_t len);

/* Does it begin or end with white space? */
extern bool apikey_has_outer_space(const char *text, size_t len);

/*
 * The text in UTF-8, in which values are sealed and contexts built, so that a
 * dump can be restored into a database of another encoding.  The text itself
 * where it is the same there; else a palloc'ed copy, which the caller wipes
 * if it is secret.  A database of encoding SQL_ASCII has no other form.
 * Raises 22P05 where UTF-8 lacks a character.
 */
extern const char *apikey_to_utf8(const char *text, size_t len,
								  size_t *utf8_len);

/*
 * The reverse, of what was opened: NULL when this database's encoding has no
 * such characters or they are malformed.
 */
extern const char *apikey_from_utf8(const char *utf8, size_t len,
									size_t *text_len);

/*
 * A decrypted text, as a whole varlena with a 4-byte header, in this
 * database's encoding: the argument itself, or a converted copy, and then the
 * argument is wiped.  22P05 when the encoding lacks a character of it.
 */
extern text *apikey_text_from_utf8(text *value);

#endif							/* APIKEY_ENCODING_H */
