/*-------------------------------------------------------------------------
 *
 * key_usage.h
 *		When keys were last used, and about how often.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_USAGE_H
#define APIKEY_KEY_USAGE_H

#include "store/key_row.h"

/*
 * Note that the values of these keys are being revealed.  Never waits; raises no
 * error unless the query is cancelled.
 */
extern void apikey_key_usage_note(const ApikeyKeyRow *const *keys, int count);

/* apikey.usage_interval, in seconds; -1: uses are not recorded. */
extern int	apikey_key_usage_interval(void);

/* Define the setting; called once, by _PG_init. */
extern void apikey_key_usage_init(void);

#endif							/* APIKEY_KEY_USAGE_H */
