/*-------------------------------------------------------------------------
 *
 * setting_guard.h
 *		Keep statements that set parameters of the extension out of the log when
 *		they fail.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_SETTING_GUARD_H
#define APIKEY_SETTING_GUARD_H

/* Install the hook; called once, by _PG_init. */
extern void apikey_setting_guard_init(void);

#endif							/* APIKEY_SETTING_GUARD_H */
