/*-------------------------------------------------------------------------
 *
 * key_hint.h
 *		The hint of a key: the part of its value that lists show.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_HINT_H
#define APIKEY_KEY_HINT_H

/*
 * The hint of a value of that type (len bytes, in the database's encoding):
 * the prefix defined by a built-in type, "..." and the last four characters; or
 * only "..." for a value that is too short for that, or of a type that allows white
 * space.  For a Google service account, the beginning of its address and "...".
 */
extern text *apikey_key_hint_make(const char *key_type, const char *value, size_t len);

/*
 * Is a value nothing but that hint, as a form shows it and sends it
 * back?  In any case: with the "..." replaced by other mask characters, by
 * something short or by nothing, in quotes or with other text around it; or only
 * its beginning, its end or mask characters.
 */
extern bool apikey_key_hint_is_shown_by(const char *hint, const char *value, size_t len);

#endif							/* APIKEY_KEY_HINT_H */
