/*-------------------------------------------------------------------------
 *
 * has_identity.h
 *		The setting apikey.empty_without_identity.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_HAS_IDENTITY_H
#define APIKEY_HAS_IDENTITY_H

/* Called once, by _PG_init. */
extern void apikey_has_identity_init(void);

#endif							/* APIKEY_HAS_IDENTITY_H */
