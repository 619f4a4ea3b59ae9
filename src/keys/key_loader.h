/*-------------------------------------------------------------------------
 *
 * key_loader.h
 *		Loading the keys of a key source: on first use, and again after each
 *		reload of the configuration.
 *
 * This is what master keys and Fernet keys have in common.  A failure is not
 * remembered: the next call tries again.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_LOADER_H
#define APIKEY_KEY_LOADER_H

#include "utils/guc.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "keys/key_source.h"

/* A kind of keys; a static variable of the module that owns them. */
typedef struct ApikeyKeyLoader
{
	const char *setting;		/* "apikey.master_key_source" */
	char	   *source;			/* its value; never NULL once defined */
	const char *missing;		/* message when there are no keys */

	/*
	 * Take over a raw key of APIKEY_KEY_SIZE bytes, unless it is there
	 * already; false if libcrypto fails.
	 */
	bool		(*add) (const uint8_t *raw);

	/* Wipe and free all keys that were taken over. */
	void		(*drop) (void);

	bool		is_loaded;
	TimestampTz loaded_for;		/* PgReloadTime when they were read */
} ApikeyKeyLoader;

/*
 * Define the setting; called once for each kind, by _PG_init.  check is its
 * check hook, which calls apikey_key_loader_check().  When the postmaster
 * preloads the library, the variable of an env: source is also removed from its
 * environment, so that nothing (/proc, COPY FROM PROGRAM 'env') shows the key.
 */
extern void apikey_key_loader_init(ApikeyKeyLoader *loader,
								   const char *short_desc,
								   const char *long_desc,
								   GucStringCheckHook check);

/*
 * Is the new value of the setting well-formed?  If not, the GUC_check_* fields
 * say why, without repeating the value.
 */
extern bool apikey_key_loader_check(const ApikeyKeyLoader *loader,
									const char *source);

/*
 * Load the keys, unless they have been loaded since the last reload; false with
 * *error filled, and no keys, if that fails.  Never raises.
 */
extern bool apikey_key_loader_load(ApikeyKeyLoader *loader, ApikeyKeySourceError *error);

/*
 * Read the source again and add the keys that are not loaded yet.  The loaded
 * keys stay, also if that fails.  Never raises.
 */
extern void apikey_key_loader_extend(ApikeyKeyLoader *loader);

/* Raise KA001 for a failure; error->detail goes only to the server log. */
pg_noreturn extern void apikey_key_loader_raise(const ApikeyKeyLoader *loader,
												const ApikeyKeySourceError *error);

#endif							/* APIKEY_KEY_LOADER_H */
