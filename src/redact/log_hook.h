/*-------------------------------------------------------------------------
 *
 * log_hook.h
 *		Secrets in the messages of the server log.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_LOG_HOOK_H
#define APIKEY_LOG_HOOK_H

/* The setting apikey.redact_logs. */
extern bool apikey_log_hook_is_on(void);

/* Define the setting and install the hook; called once, by _PG_init. */
extern void apikey_log_hook_init(void);

#endif							/* APIKEY_LOG_HOOK_H */
