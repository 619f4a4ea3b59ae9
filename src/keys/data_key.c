/*-------------------------------------------------------------------------
 *
 * data_key.c
 *		Finding and choosing data keys; see data_key.h.
 *
 * data_key_cache.c has their rows and unwraps them; data_key_create.c makes new
 * ones.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/uuid.h"

#include "compat.h"
#include "base/errors.h"
#include "keys/data_key.h"
#include "keys/data_key_cache.h"
#include "keys/key_source.h"
#include "keys/master_key.h"

static ApikeyDataKeyState
lookup(const uint8_t *id, const char *purpose, const ApikeyDataKey **key,
	   ApikeyKeySourceError *error)
{
	ApikeyDataKeyEntry *entry = apikey_data_keys_find(id, purpose);
	ApikeyDataKeyState state;

	*key = NULL;
	if (entry == NULL)
		return APIKEY_DATA_KEY_ABSENT;
	state = apikey_data_keys_unwrap(entry, error);
	if (state == APIKEY_DATA_KEY_OPEN)
		*key = entry->key;
	return state;
}

ApikeyDataKeyState
apikey_data_key_lookup(const uint8_t *id, const char *purpose,
					   const ApikeyDataKey **key)
{
	ApikeyKeySourceError error;

	return lookup(id, purpose, key, &error);
}

static char *
data_key_id_text(const uint8_t *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, PointerGetDatum(id)));
}

/* The id of the master key that a data key is wrapped with, as text. */
static char *
master_id_of(const uint8_t *id)
{
	ApikeyDataKeyEntry *entry = apikey_data_keys_find(id, NULL);
	char	   *text = palloc0(APIKEY_MASTER_ID_TEXT);

	if (entry != NULL && entry->master_id != NULL)
		apikey_master_key_id_text(entry->master_id, text);
	return text;
}

char *
apikey_data_key_problem(ApikeyDataKeyState state, const uint8_t *id)
{
	const char *key = data_key_id_text(id);

	switch (state)
	{
		case APIKEY_DATA_KEY_OPEN:
			return NULL;
		case APIKEY_DATA_KEY_ABSENT:
			return psprintf("There is no data key %s.", key);
		case APIKEY_DATA_KEY_DESTROYED:
			return psprintf("Data key %s has been destroyed.", key);
		case APIKEY_DATA_KEY_FOREIGN:
			return psprintf("Data key %s requires the master key with fingerprint %s.",
							key, master_id_of(id));
		case APIKEY_DATA_KEY_LOST:
			return psprintf("Data key %s is lost: no available master key can unwrap it.", key);
		case APIKEY_DATA_KEY_DAMAGED:
			return psprintf("The wrapped data key %s is damaged.", key);
		case APIKEY_DATA_KEY_NO_MASTER:
			return pstrdup("No master key is available.");
	}
	return NULL;
}

pg_noreturn static void
raise_wrong_master(const uint8_t *id)
{
	const char *needed = master_id_of(id);
	const char *detail = psprintf("Data key %s is wrapped with it; the available master keys have the fingerprints %s.",
								  data_key_id_text(id),
								  apikey_master_key_id_list(apikey_master_keys()));

	/* As for KA001, only the log is told where the keys come from. */
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_WRONG_MASTER_KEY),
			 errmsg("wrong master key: the key with fingerprint %s is required", needed),
			 errdetail("%s", detail),
			 errdetail_log("%s  The source is \"%.*s\".", detail,
						   apikey_key_source_shown(apikey_master_key_source()),
						   apikey_master_key_source()),
			 errhint("An administrator adds that master key to apikey.master_key_source and reloads the configuration.  If it is lost for good, SELECT apikey.abandon_lost_data_keys() makes it possible to store new values."),
			 apikey_err_hide_statement()));
}

static const char *
hint_for_state(ApikeyDataKeyState state)
{
	if (state == APIKEY_DATA_KEY_DAMAGED)
		return "Restore its row of apikey.data_keys from a backup.  If there is none, run SELECT apikey.abandon_lost_data_keys(), and store the values again.";
	if (state == APIKEY_DATA_KEY_LOST)
		return "Store the value again with apikey.update_key() or apikey.set_key().";
	return "Store another value in its place, or restore the row of apikey.data_keys from a backup.";
}

/* for_value: is the caller decrypting a value? */
pg_noreturn static void
raise_state(ApikeyDataKeyState state, const uint8_t *id, bool for_value,
			const ApikeyKeySourceError *error)
{
	if (state == APIKEY_DATA_KEY_NO_MASTER)
		apikey_master_keys_raise(error);
	if (state == APIKEY_DATA_KEY_FOREIGN)
		raise_wrong_master(id);
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_UNOPENED),
			 for_value ? errmsg("could not decrypt value") :
			 errmsg("could not unwrap data key"),
			 errdetail("%s", apikey_data_key_problem(state, id)),
			 errhint("%s", hint_for_state(state)),
			 apikey_err_hide_statement()));
}

static const ApikeyDataKey *
lookup_or_raise(const uint8_t *id, const char *purpose, bool for_value)
{
	const ApikeyDataKey *key;
	ApikeyKeySourceError error;
	ApikeyDataKeyState state = lookup(id, purpose, &key, &error);

	if (state != APIKEY_DATA_KEY_OPEN)
		raise_state(state, id, for_value, &error);
	return key;
}

const ApikeyDataKey *
apikey_data_key_get(const uint8_t *id, const char *purpose)
{
	return lookup_or_raise(id, purpose, true);
}

const ApikeyDataKey *
apikey_data_key_require(const uint8_t *id, const char *purpose)
{
	return lookup_or_raise(id, purpose, false);
}

/* Unwrap an entry, or raise an error. */
static const ApikeyDataKey *
unwrap_or_raise(ApikeyDataKeyEntry *entry)
{
	ApikeyKeySourceError error;
	ApikeyDataKeyState state = apikey_data_keys_unwrap(entry, &error);

	if (state != APIKEY_DATA_KEY_OPEN)
		raise_state(state, entry->id, false, &error);
	return entry->key;
}

const ApikeyDataKey *
apikey_data_key_active(const char *purpose)
{
	const ApikeyDataKeyList *all = apikey_data_keys();

	for (int i = 0; i < all->count; i++)
	{
		ApikeyDataKeyEntry *entry = all->entries[i];

		CHECK_FOR_INTERRUPTS();
		if (entry->row.active && strcmp(entry->row.purpose, purpose) == 0)
			return unwrap_or_raise(entry);
	}
	return NULL;
}

bool
apikey_data_key_is_lost(const uint8_t *id)
{
	ApikeyDataKeyEntry *entry = apikey_data_keys_find(id, NULL);

	return entry == NULL || entry->row.wrapped == NULL || entry->row.lost;
}

void
apikey_data_key_reload(void)
{
	apikey_data_keys_forget();
}

/* A change is received with a new lock, which may not be needed here. */
uint64
apikey_data_key_version(void)
{
	AcceptInvalidationMessages();
	return apikey_data_keys_version();
}

/*
 * No row needs a data key that is destroyed, and none that is encrypted with a
 * lost one can be found.  An incomplete search leaves out what has no master key,
 * but not what a lack of memory hides.
 */
static const ApikeyDataKey *
key_for_search(ApikeyDataKeyEntry *entry, bool complete)
{
	ApikeyKeySourceError error;
	ApikeyDataKeyState state = apikey_data_keys_unwrap(entry, &error);

	if (state == APIKEY_DATA_KEY_OPEN)
		return entry->key;
	if (complete ? state != APIKEY_DATA_KEY_DESTROYED && state != APIKEY_DATA_KEY_LOST :
		state == APIKEY_DATA_KEY_NO_MASTER && error.sqlstate != ERRCODE_APIKEY_NO_MASTER_KEY)
		raise_state(state, entry->id, false, &error);
	return NULL;
}

int
apikey_data_key_all_fingerprints(const void *value, size_t len, bool complete,
								 uint8_t **fingerprints)
{
	const ApikeyDataKeyList *all;
	int			count = 0;

	AcceptInvalidationMessages();	/* as in apikey_data_key_version() */
	all = apikey_data_keys();
	*fingerprints = palloc(Max(all->count, 1) * APIKEY_FINGERPRINT_SIZE);
	for (int i = 0; i < all->count; i++)
	{
		ApikeyDataKeyEntry *entry = all->entries[i];
		const ApikeyDataKey *key;

		CHECK_FOR_INTERRUPTS();
		if (strcmp(entry->row.purpose, APIKEY_PURPOSE_VALUE) != 0)
			continue;
		key = key_for_search(entry, complete);
		if (key == NULL)
			continue;
		if (apikey_data_key_fingerprint(key, value, len,
										*fingerprints + count * APIKEY_FINGERPRINT_SIZE) != APIKEY_OK)
			apikey_raise_libcrypto();
		count++;
	}
	return count;
}
