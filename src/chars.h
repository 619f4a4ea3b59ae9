/*-------------------------------------------------------------------------
 *
 * chars.h
 *		Questions about the characters of a text, in the server's encoding.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_CHARS_H
#define APIKEY_CHARS_H

/* Is any of it a control character (U+0000-1F, U+7F, in UTF-8 U+80-9F)? */
extern bool apikey_has_control(const char *text, size_t len);

/* Does it begin or end with white space? */
extern bool apikey_has_outer_space(const char *text, size_t len);

#endif							/* APIKEY_CHARS_H */
