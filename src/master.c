/*-------------------------------------------------------------------------
 *
 * master.c
 *		The master keys of this backend.
 *
 * What is kept are the derived keys, in structs that the core allocates and
 * wipes; the raw bytes live on the stack of load() and are wiped before it
 * returns.  They are dropped before every new reading, so that a source that
 * fails after a reload leaves no keys: better no service than an old key.
 *
 * Each backend reads for itself.  The postmaster never does: a command that
 * hangs must not keep the server from starting.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "errors.h"
#include "guc.h"
#include "master.h"

static ApikeyMasterKeys current;
static bool is_loaded = false;
static TimestampTz loaded_for;	/* PgReloadTime when they were read */
static uint64 last_generation = 0;

/* Wipe and free the keys, if there are any. */
static void
drop(void)
{
	for (int i = 0; i < current.count; i++)
		apikey_master_key_free(current.keys[i]);
	memset(&current, 0, sizeof(current));
	current.generation = ++last_generation;
	is_loaded = false;
}

const ApikeyMasterKey *
apikey_master_find(const ApikeyMasterKeys *keys, const uint8_t *id)
{
	for (int i = 0; i < keys->count; i++)
	{
		if (memcmp(keys->keys[i]->id, id, APIKEY_MASTER_ID_SIZE) == 0)
			return keys->keys[i];
	}
	return NULL;
}

/* Derive the keys of a text, leaving out those that it repeats. */
static bool
derive(const ApikeyKeytext *raw)
{
	for (int i = 0; i < raw->count; i++)
	{
		ApikeyMasterKey *key = apikey_master_key_new(raw->keys[i]);

		if (key == NULL)
			return false;
		if (apikey_master_find(&current, key->id) != NULL)
			apikey_master_key_free(key);
		else
			current.keys[current.count++] = key;
	}
	return true;
}

/* Read the source anew; on failure there are no keys. */
static bool
load(ApikeySourceError *error)
{
	ApikeyKeytext raw;
	bool		ok;

	drop();
	if (apikey_guc_master_key_source[0] == '\0')
		return apikey_source_fail(error,
								  "apikey.master_key_source is not set.",
								  "Set it to \"env:NAME\", \"file:/path\" or \"command:/path argument ...\" and reload the configuration.",
								  "%s", "");

	ok = apikey_source_read(apikey_guc_master_key_source, &raw, error);
	if (ok && !derive(&raw))
	{
		drop();
		ok = apikey_source_fail(error, "libcrypto failed.",
								"The server may be out of memory, or its OpenSSL may refuse AES-256-GCM.",
								"%s", "");
	}
	explicit_bzero(&raw, sizeof(raw));
	return ok;
}

/*
 * A reload is seen by the time of it, which PostgreSQL keeps.  A session takes
 * one in between two of its statements, so within a statement the keys stay.
 */
const ApikeyMasterKeys *
apikey_master_try(ApikeySourceError *error)
{
	Assert(IsUnderPostmaster || !IsPostmasterEnvironment);

	if (is_loaded && loaded_for == PgReloadTime)
		return &current;
	if (!load(error))
		return NULL;
	loaded_for = PgReloadTime;
	is_loaded = true;
	return &current;
}

const ApikeyMasterKeys *
apikey_master_keys(void)
{
	ApikeySourceError error;
	const ApikeyMasterKeys *keys = apikey_master_try(&error);

	if (keys == NULL)
		apikey_master_raise(&error);
	return keys;
}

void
apikey_master_id_text(const uint8_t *id, char *text)
{
	uint64		len = hex_encode((const char *) id, APIKEY_MASTER_ID_SIZE, text);

	text[len] = '\0';
}

/*
 * The client gets the summary; the server log the detail besides, which names
 * the path or variable.
 */
void
apikey_master_raise(const ApikeySourceError *error)
{
	/* If a cancel or a termination stopped the command, that is the error. */
	CHECK_FOR_INTERRUPTS();

	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_NO_MASTER_KEY),
			 errmsg("no master key is available"),
			 errdetail("%s", error->summary),
			 errdetail_log("%s%s%s", error->summary,
						   error->detail[0] ? "  " : "", error->detail),
			 error->hint[0] ? errhint("%s", error->hint) : 0,
			 apikey_errquiet()));
}
