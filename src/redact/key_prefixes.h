/*-------------------------------------------------------------------------
 *
 * key_prefixes.h
 *		The prefixes of all key types, by which keys are recognized in any text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_PREFIXES_H
#define APIKEY_KEY_PREFIXES_H

/* Is there anything in the text that looks like a provider's key?  Raises nothing. */
extern bool apikey_key_prefixes_are_in(const char *text, size_t len);

/*
 * Hide (core/hidden_text.h) what looks like a provider's key; returns whether there
 * was one.  Raises nothing.
 */
extern bool apikey_key_prefixes_hide(char *text, size_t len);

/*
 * Learn further prefixes, those of the types in this database; they are copied,
 * and take the place of those learned before.  Those of the built-in types are
 * known to every process.
 */
extern void apikey_key_prefixes_learn(const char *const *prefixes, int count);

/* Called once, by _PG_init. */
extern void apikey_key_prefixes_init(void);

#endif							/* APIKEY_KEY_PREFIXES_H */
