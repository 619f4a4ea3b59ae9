/*-------------------------------------------------------------------------
 *
 * guc.h
 *		The settings of the extension.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_GUC_H
#define APIKEY_GUC_H

#include "utils/guc_tables.h"

extern char *apikey_guc_master_key_source;	/* "env:...", "file:...", ... */
extern char *apikey_guc_fernet_key_source;	/* of the same forms */
extern int	apikey_guc_command_timeout; /* milliseconds */
extern int	apikey_guc_identity;	/* an ApikeyIdentityMode */
extern char *apikey_guc_user_id;
extern bool apikey_guc_strict_checks;
extern bool apikey_guc_allow_drop;

/* Define them all and reserve the prefix; called once, by _PG_init. */
extern void apikey_guc_init(void);

/*
 * The server's record of a setting, NULL when there is none of that name.
 * Valid until the setting is defined anew: not to be kept.
 */
extern struct config_generic *apikey_guc_find(const char *name);

#endif							/* APIKEY_GUC_H */
