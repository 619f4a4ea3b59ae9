/*-------------------------------------------------------------------------
 *
 * key_search.h
 *		Search for API keys in a text, such as a name or metadata.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_SEARCH_H
#define APIKEY_KEY_SEARCH_H

/*
 * Does any word of the text look like a key of a known provider: one of a
 * type's prefixes, and a match for its pattern?
 */
extern bool apikey_looks_like_key(const char *text, size_t len);

#endif							/* APIKEY_KEY_SEARCH_H */
