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

#include "utils/guc.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "keys/key_source.h"

/* A kind of keys; a static variable of whoever owns them. */
typedef struct ApikeyKeyLoader
{
	const char *setting;		/* "apikey.master_key_source" */
	char	   *source;			/* its value; never NULL once it is defined */
	const char *missing;		/* the error's message */

	/* Take a raw key over, or leave one out that is there; false: failed. */
	bool		(*add) (const uint8_t *raw);

	/* Wipe and free all that were taken over. */
	void		(*drop) (void);

	bool		is_loaded;
	TimestampTz loaded_for;		/* PgReloadTime when they were read */
} ApikeyKeyLoader;

/*
 * Define the setting; called once for each kind, by _PG_init.  check is its
 * check hook, which calls apikey_key_loader_check().  When the postmaster
 * preloads the library, an env: source is also taken out of its environment,
 * so that no later look at it (/proc, COPY FROM PROGRAM 'env') shows the key.
 */
extern void apikey_key_loader_init(ApikeyKeyLoader *loader,
								   const char *short_desc,
								   const char *long_desc,
								   GucStringCheckHook check);

/* Is the new value of a key source's setting of a known form? */
extern bool apikey_key_loader_check(const ApikeyKeyLoader *loader,
									const char *source);

/* Have the keys at hand, or fill *error and have none.  Never raises. */
extern bool apikey_key_loader_load(ApikeyKeyLoader *loader, ApikeyKeySourceError *error);

/*
 * Read the source again and add the keys that are not at hand yet; those that
 * are stay, also when that fails.  Never raises.
 */
extern void apikey_key_loader_extend(ApikeyKeyLoader *loader);

/* Raise KA001 for a failure (the source's detail goes to the log alone). */
pg_attribute_noreturn() extern void
			apikey_key_loader_raise(const ApikeyKeyLoader *loader,
									const ApikeyKeySourceError *error);

#endif							/* APIKEY_KEY_LOADER_H */
