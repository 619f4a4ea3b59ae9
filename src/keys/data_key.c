/*-------------------------------------------------------------------------
 *
 * data_key.c
 *		Finding, choosing and making data keys; see data_key.h.
 *
 * data_key_cache.c has their rows and unwraps them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/uuid.h"

#include "compat.h"
#include "base/errors.h"
#include "base/random.h"
#include "exec/statement.h"
#include "keys/data_key.h"
#include "keys/data_key_cache.h"
#include "keys/key_source.h"
#include "keys/master_key.h"

static ApikeyStatement insert_data_key = {
	.role = APIKEY_AS_OWNER,
	.sql = "INSERT INTO apikey.data_keys (id, purpose, wrapped_key)"
	" VALUES ($1, $2, $3)",
	.arg_count = 3,
	.arg_types = {UUIDOID, TEXTOID, BYTEAOID}
};

/*
 * A row that is visible may be encrypted with a data key that is newer than the
 * cache: the invalidation message of that key is sent after its commit, and is
 * received with a new lock, which a transaction that has read before does not
 * need.
 */
static ApikeyDataKeyState
lookup(const uint8_t *id, const char *purpose, const ApikeyDataKey **key,
	   ApikeyKeySourceError *error)
{
	ApikeyDataKeys *all = apikey_data_keys();
	ApikeyDataKeyEntry *entry = apikey_data_keys_find(all, id, purpose);
	ApikeyDataKeyState state;

	*key = NULL;
	if (entry == NULL)
	{
		all = apikey_data_keys_reread();
		entry = apikey_data_keys_find(all, id, purpose);
	}
	if (entry == NULL)
		return APIKEY_DATA_KEY_ABSENT;
	state = apikey_data_keys_unwrap(all, entry, error);
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
	ApikeyDataKeyEntry *entry = apikey_data_keys_find(apikey_data_keys(), id, NULL);
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
			 errhint("An administrator adds that master key to apikey.master_key_source and reloads the configuration.  If it is lost for good, replace or purge what is encrypted with the data key, and call apikey.retire_data_key()."),
			 apikey_err_hide_statement()));
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
			 state == APIKEY_DATA_KEY_DAMAGED ?
			 errhint("Restore its row of apikey.data_keys from a backup.  If there is none, call apikey.rotate_data_key(), replace or purge what is encrypted with the data key, and call apikey.retire_data_key().") :
			 errhint("Store another value in its place, or restore the row of apikey.data_keys from a backup."),
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

void
apikey_data_key_require(const uint8_t *id, const char *purpose)
{
	(void) lookup_or_raise(id, purpose, false);
}

/* Unwrap an entry, or raise an error. */
static const ApikeyDataKey *
unwrap_or_raise(ApikeyDataKeys *all, ApikeyDataKeyEntry *entry)
{
	ApikeyKeySourceError error;
	ApikeyDataKeyState state = apikey_data_keys_unwrap(all, entry, &error);

	if (state != APIKEY_DATA_KEY_OPEN)
		raise_state(state, entry->id, false, &error);
	return entry->key;
}

const ApikeyDataKey *
apikey_data_key_active(const char *purpose)
{
	ApikeyDataKeys *all = apikey_data_keys();

	for (int i = 0; i < all->count; i++)
		if (all->entries[i].active &&
			strcmp(all->entries[i].purpose, purpose) == 0)
			return unwrap_or_raise(all, &all->entries[i]);
	return NULL;
}

/*
 * If no data key can be unwrapped, and one needs a master key that is not
 * available, the master key is the wrong one: a new data key wrapped with it
 * would only hide that.  A damaged data key says nothing about the master key.
 */
static void
refuse_wrong_master(void)
{
	ApikeyDataKeys *all;
	ApikeyDataKeyEntry *foreign = NULL;

	(void) apikey_master_keys();
	all = apikey_data_keys();
	for (int i = 0; i < all->count; i++)
	{
		ApikeyKeySourceError error;
		ApikeyDataKeyState state = apikey_data_keys_unwrap(all, &all->entries[i],
														   &error);

		if (state == APIKEY_DATA_KEY_OPEN)
			return;
		if (state == APIKEY_DATA_KEY_FOREIGN || state == APIKEY_DATA_KEY_NO_MASTER)
			foreign = &all->entries[i];
	}
	if (foreign != NULL)
		(void) unwrap_or_raise(all, foreign);
}

/* Wrap a new random key.  Nothing raises while raw is in memory. */
static void
wrap_new(const ApikeyMasterKey *master, const char *purpose, const uint8_t *id,
		 bytea *wrapped)
{
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE];
	uint8_t		raw[APIKEY_KEY_SIZE];
	ApikeyResult result = APIKEY_LIBCRYPTO_FAILED;

	apikey_random(nonce, sizeof(nonce));
	if (pg_strong_random(raw, sizeof(raw)))
		result = apikey_data_key_wrap(master, id, purpose, nonce, raw,
									  (uint8_t *) VARDATA(wrapped));
	explicit_bzero(raw, sizeof(raw));
	if (result != APIKEY_OK)
		apikey_raise_libcrypto();
}

void
apikey_data_key_create(const char *purpose, pg_uuid_t *id)
{
	bytea	   *wrapped = palloc(VARHDRSZ + APIKEY_WRAPPED_SIZE);
	Datum		args[3];

	refuse_wrong_master();
	SET_VARSIZE(wrapped, VARHDRSZ + APIKEY_WRAPPED_SIZE);
	apikey_random_uuid(id->data);
	wrap_new(apikey_master_keys()->keys[0], purpose, id->data, wrapped);
	args[0] = UUIDPGetDatum(id);
	args[1] = CStringGetTextDatum(purpose);
	args[2] = PointerGetDatum(wrapped);
	apikey_statement_run(&insert_data_key, NULL, args, NULL, NULL);
}

const ApikeyDataKey *
apikey_data_key_active_or_new(void)
{
	const ApikeyDataKey *key = apikey_data_key_active(APIKEY_PURPOSE_VALUE);
	pg_uuid_t	id;

	if (key != NULL)
		return key;
	apikey_data_key_create(APIKEY_PURPOSE_VALUE, &id);
	return lookup_or_raise(id.data, APIKEY_PURPOSE_VALUE, false);
}

void
apikey_data_key_reload(void)
{
	(void) apikey_data_keys_reread();
}

int
apikey_data_key_all_fingerprints(const void *value, size_t len,
								 uint8_t **fingerprints)
{
	ApikeyDataKeys *all;
	int			count = 0;

	/* A change is received with a new lock, which may not be needed here. */
	AcceptInvalidationMessages();
	all = apikey_data_keys();
	*fingerprints = palloc(Max(all->count, 1) * APIKEY_FINGERPRINT_SIZE);
	for (int i = 0; i < all->count; i++)
	{
		ApikeyDataKeyEntry *entry = &all->entries[i];
		const ApikeyDataKey *key;

		if (entry->wrapped == NULL ||	/* destroyed: no row needs it */
			strcmp(entry->purpose, APIKEY_PURPOSE_VALUE) != 0)
			continue;
		key = unwrap_or_raise(all, entry);
		if (apikey_data_key_fingerprint(key, value, len,
										*fingerprints + count * APIKEY_FINGERPRINT_SIZE) != APIKEY_OK)
			apikey_raise_libcrypto();
		count++;
	}
	return count;
}
