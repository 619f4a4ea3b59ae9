/*-------------------------------------------------------------------------
 *
 * data_key_cache.c
 *		The data keys of this backend: rows and unwrapped keys; see
 *		data_key_cache.h.
 *
 * A key is unwrapped when it is first needed.  Unwrapped keys are malloc'ed by
 * the core.  They are wiped and freed as soon as a call here finds that the
 * rows have changed or cannot be read, or that the master keys have been read
 * again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "compat.h"
#include "base/errors.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "keys/data_key_cache.h"
#include "keys/master_key.h"

static uint64 versions = 0;		/* of the rows, in this session */

static ApikeyStatement select_data_keys = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT id, purpose,"
	" deactivated_at IS NULL AND destroyed_at IS NULL, wrapped_key,"
	" lost_at IS NOT NULL"
	" FROM apikey.data_keys ORDER BY created_at DESC, id",
	.snapshot = APIKEY_SNAPSHOT_LATEST
};

/* Fill one entry from a row of select_data_keys. */
static void
data_key_read(const ApikeyRows *rows, uint64 row, ApikeyDataKeyEntry *entry)
{
	bool		is_null;
	Datum		wrapped;

	memcpy(entry->id,
		   DatumGetUUIDP(apikey_rows_get(rows, row, 1, &is_null))->data,
		   APIKEY_DATA_KEY_ID_SIZE);
	entry->purpose = TextDatumGetCString(apikey_rows_get(rows, row, 2, &is_null));
	entry->active = DatumGetBool(apikey_rows_get(rows, row, 3, &is_null));
	entry->lost = DatumGetBool(apikey_rows_get(rows, row, 5, &is_null));
	wrapped = apikey_rows_get(rows, row, 4, &is_null);
	if (is_null)
		return;
	entry->wrapped = DatumGetByteaPCopy(wrapped);
	entry->master_id = apikey_wrap_master_id((uint8_t *) VARDATA(entry->wrapped),
											 VARSIZE(entry->wrapped) - VARHDRSZ);
}

static void *
data_keys_build(const ApikeyRows *rows)
{
	ApikeyDataKeys *all = palloc0(offsetof(ApikeyDataKeys, entries) +
								  rows->count * sizeof(ApikeyDataKeyEntry));

	all->version = ++versions;
	all->read_at = apikey_master_keys_moment();
	all->count = (int) rows->count;
	for (uint64 i = 0; i < rows->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		data_key_read(rows, i, &all->entries[i]);
	}
	return all;
}

static void
data_keys_wipe(void *object)
{
	ApikeyDataKeys *all = object;

	for (int i = 0; i < all->count; i++)
	{
		apikey_data_key_free(all->entries[i].key);
		all->entries[i].key = NULL;
	}
}

static ApikeyTableCache data_keys_cache = {
	.tables = {"data_keys"},
	.statement = &select_data_keys,
	.build = data_keys_build,
	.release = data_keys_wipe,
	.counter = APIKEY_COUNT_LOADS_DATA_KEYS
};

ApikeyDataKeys *
apikey_data_keys(void)
{
	return apikey_table_cache_get(&data_keys_cache);
}

ApikeyDataKeys *
apikey_data_keys_reread(void)
{
	apikey_table_cache_invalidate(&data_keys_cache);
	return apikey_data_keys();
}

ApikeyDataKeyEntry *
apikey_data_keys_find(ApikeyDataKeys *all, const uint8_t *id,
					  const char *purpose)
{
	for (int i = 0; i < all->count; i++)
	{
		ApikeyDataKeyEntry *entry = &all->entries[i];

		CHECK_FOR_INTERRUPTS();
		if (memcmp(entry->id, id, APIKEY_DATA_KEY_ID_SIZE) == 0 &&
			(purpose == NULL || strcmp(entry->purpose, purpose) == 0))
			return entry;
	}
	return NULL;
}

/* Unwrapped keys go with the master keys that unwrapped them. */
static const ApikeyMasterKeys *
current_masters(ApikeyDataKeys *all, ApikeyKeySourceError *error)
{
	const ApikeyMasterKeys *masters = apikey_master_keys_try(error);
	uint64		generation = masters != NULL ? masters->generation : 0;

	if (generation != all->master_generation)
		data_keys_wipe(all);
	all->master_generation = generation;
	return masters;
}

/* Unwrap an entry with that one of the master keys that it names. */
static ApikeyDataKeyState
unwrap_with(const ApikeyMasterKeys *masters, ApikeyDataKeyEntry *entry)
{
	const ApikeyMasterKey *master;
	uint8_t		raw[APIKEY_KEY_SIZE];
	ApikeyResult result;

	if (entry->master_id == NULL)
		return APIKEY_DATA_KEY_DAMAGED;
	master = apikey_master_keys_find(masters, entry->master_id);
	if (master == NULL)
		return APIKEY_DATA_KEY_FOREIGN;
	result = apikey_data_key_unwrap(master, entry->id, entry->purpose,
									(uint8_t *) VARDATA(entry->wrapped),
									VARSIZE(entry->wrapped) - VARHDRSZ, raw);
	if (result == APIKEY_OK)
		entry->key = apikey_data_key_new(entry->id, raw);
	explicit_bzero(raw, sizeof(raw));
	if (result == APIKEY_LIBCRYPTO_FAILED ||
		(result == APIKEY_OK && entry->key == NULL))
		apikey_raise_libcrypto();
	return result == APIKEY_OK ? APIKEY_DATA_KEY_OPEN : APIKEY_DATA_KEY_DAMAGED;
}

ApikeyDataKeyState
apikey_data_keys_unwrap(ApikeyDataKeys *all, ApikeyDataKeyEntry *entry,
						ApikeyKeySourceError *error)
{
	const ApikeyMasterKeys *masters;
	ApikeyDataKeyState state;

	if (entry->wrapped == NULL)
		return APIKEY_DATA_KEY_DESTROYED;
	masters = current_masters(all, error);
	if (masters == NULL)
		return APIKEY_DATA_KEY_NO_MASTER;
	if (entry->key != NULL)
		return APIKEY_DATA_KEY_OPEN;
	state = unwrap_with(masters, entry);
	if (state == APIKEY_DATA_KEY_FOREIGN && !entry->lost && !all->source_read)
	{
		/*
		 * The rows may need a new master key before this session has been
		 * told to reload it: read the source again, once for these rows.
		 */
		all->source_read = apikey_master_keys_extend(all->read_at);
		state = unwrap_with(masters, entry);
	}
	if (entry->lost && state != APIKEY_DATA_KEY_OPEN)
		return APIKEY_DATA_KEY_LOST;
	return state;
}
