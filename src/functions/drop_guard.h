/*-------------------------------------------------------------------------
 *
 * drop_guard.h
 *		The event trigger that protects the extension from being dropped.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_DROP_GUARD_H
#define APIKEY_DROP_GUARD_H

/* Define apikey.allow_drop; called once, by _PG_init. */
extern void apikey_drop_guard_init(void);

#endif							/* APIKEY_DROP_GUARD_H */
