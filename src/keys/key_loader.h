/*-------------------------------------------------------------------------
 *
 * key_loader.h
 *		Keys that a source yields: read on first need, and again after each
 *		reload of the configuration.
 *
 * What master keys and Fernet keys share.  A failure is not kept: the next
 * call tries again.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_LOADER_H
#define APIKEY_KEY_LOADER_H

#include "utils/timestamp.h"

#include "compat.h"
#include "keys/key_source.h"

/* A kind of keys; a static variable of whoever owns them. */
typedef struct ApikeyKeyLoader
{
	const char *setting;		/* "apikey.master_key_source" */
	char	  **source;			/* its value */
	const char *missing;		/* the error's message */

	/* Take a raw key over, or leave one out that is there; false: failed. */
	bool		(*add) (const uint8_t *raw);

	/* Wipe and free all that were taken over. */
	void		(*drop) (void);

	bool		is_loaded;
	TimestampTz loaded_for;		/* PgReloadTime when they were read */
} ApikeyKeyLoader;

/* Have the keys at hand, or fill *error and have none.  Never raises. */
extern bool apikey_key_loader_load(ApikeyKeyLoader *load, ApikeyKeySourceError *error);

/*
 * Read the source again and add the keys that are not at hand yet; those that
 * are stay, also when that fails.  Never raises.
 */
extern void apikey_key_loader_extend(ApikeyKeyLoader *load);

/* Raise KA001 for a failure (the source's detail goes to the log alone). */
pg_attribute_noreturn() extern void
			apikey_key_loader_raise(const ApikeyKeyLoader *load,
									const ApikeyKeySourceError *error);

#endif							/* APIKEY_KEY_LOADER_H */
