/*-------------------------------------------------------------------------
 *
 * drop_guard.h
 *		Event trigger that refuses to drop the extension while keys are stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_DROP_GUARD_H
#define APIKEY_DROP_GUARD_H

/* Define apikey.allow_drop; called once, by _PG_init. */
extern void apikey_drop_guard_init(void);

#endif							/* APIKEY_DROP_GUARD_H */
