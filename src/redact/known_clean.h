/*-------------------------------------------------------------------------
 *
 * known_clean.h
 *		Texts in which a search has found nothing.
 *
 * An application sends the same few statements again and again, with bound
 * parameters.  Each is searched once.
 *
 * Nothing here raises an error or allocates: it is used while an error is being
 * reported.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KNOWN_CLEAN_H
#define APIKEY_KNOWN_CLEAN_H

/* Has this search, which is a number below 256, found nothing in this text? */
extern bool apikey_is_known_clean(const char *text, size_t len, int search);

/* It has; and it will find nothing until apikey_known_clean_forget(). */
extern void apikey_known_clean_add(const char *text, size_t len, int search);

/* The searches look for something new. */
extern void apikey_known_clean_forget(void);

#endif							/* APIKEY_KNOWN_CLEAN_H */
