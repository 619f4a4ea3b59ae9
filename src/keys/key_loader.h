/*-------------------------------------------------------------------------
 *
 * key_loader.h
 *		Loading the keys of a key source: on first use, and again after each
 *		reload of the configuration.
 *
 * This is what master keys and Fernet keys have in common.  A failure is not
 * remembered: the next call tries again.  The exception is the failure of a
 * command, which may take long: it is remembered for a few seconds, or until the
 * next reload.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_LOADER_H
#define APIKEY_KEY_LOADER_H

#include "utils/guc.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "keys/key_cache_request.h"
#include "keys/key_source.h"

/* A kind of keys; a static variable of the module that owns them. */
typedef struct ApikeyKeyLoader
{
	const char *setting;		/* "apikey.master_key_source" */
	char	   *source;			/* its value; never NULL once defined */
	const char *missing;		/* message when there are no keys */
	const int  *count;			/* how many keys were taken over */

	/*
	 * Take over a raw key of APIKEY_KEY_SIZE bytes, unless it is there
	 * already; false if libcrypto fails.  Called only while there are fewer
	 * than APIKEY_KEYTEXT_MAX_KEYS.
	 */
	bool		(*add) (const uint8_t *raw);

	/* Wipe and free all keys that were taken over. */
	void		(*drop) (void);

	bool		is_loaded;
	TimestampTz loaded_for;		/* PgReloadTime when they were read */
	TimestampTz loaded_in;		/* the start of the statement that did */

	/* For a command that is read through the cache; sets kind here, too. */
	ApikeyKeyCacheRequest cached;

	/* For a command that this session reads itself. */
	TimestampTz failed_at;		/* 0: the last attempt succeeded */
	TimestampTz failed_for;		/* PgReloadTime when it failed */
	ApikeyKeySourceError failure;
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
 * *error filled, and no keys, if that fails.  Keys do not change within a
 * statement, unless it processes a reload.  Raises an error only if the wait for
 * another session that runs the command is cancelled.
 */
extern bool apikey_key_loader_load(ApikeyKeyLoader *loader, ApikeyKeySourceError *error);

/*
 * Have the next call of apikey_key_loader_load() read the source, or fail: for
 * callers that must not work with older keys.
 */
extern void apikey_key_loader_reread(ApikeyKeyLoader *loader);

/* Marks this moment, for apikey_key_loader_extend(). */
extern uint64 apikey_key_loader_moment(const ApikeyKeyLoader *loader);

/*
 * Read the source again, unless that has happened since a moment, and add the
 * keys that are not loaded yet.  The loaded keys stay, also if that fails.
 * Returns false if it was put off, since a command ran a few seconds ago.  Raises
 * as apikey_key_loader_load() does.
 */
extern bool apikey_key_loader_extend(ApikeyKeyLoader *loader, uint64 since);

/*
 * Are the loaded keys in use though the source could not be read?  Then *error
 * says why, and *until until when at most.
 */
extern bool apikey_key_loader_is_stale(const ApikeyKeyLoader *loader,
									   ApikeyKeySourceError *error,
									   TimestampTz *until);

/* Raise KA001 for a failure; error->detail goes only to the server log. */
pg_noreturn extern void apikey_key_loader_raise(const ApikeyKeyLoader *loader,
												const ApikeyKeySourceError *error);

#endif							/* APIKEY_KEY_LOADER_H */
