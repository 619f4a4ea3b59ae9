/*-------------------------------------------------------------------------
 *
 * data_key_cache.c
 *		The data keys of this backend: rows and unwrapped keys; see
 *		data_key_cache.h.
 *
 * There may be thousands of data keys, of which a session that reveals keys needs
 * few: a row is read when its data key is first looked up, and all of them when
 * something concerns all.  A key is unwrapped when it is first needed.  Unwrapped keys
 * are malloc'ed by the core.  They are wiped and freed as soon as a call here finds
 * that the rows have changed or cannot be read, or that the master keys have been
 * read again.
 *
 * A change of a row invalidates all; see exec/table_watch.h and doc/design.md,
 * Caches.  Then the memory of the rows becomes a child of TopTransactionContext,
 * since a caller may still use them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "compat.h"
#include "base/counter.h"
#include "base/errors.h"
#include "exec/table_cache.h"
#include "exec/table_watch.h"
#include "keys/data_key_cache.h"
#include "keys/master_key.h"

/* Data keys of one state of the table. */
typedef struct DataKeys
{
	MemoryContext context;		/* of all of this */
	uint64		changes;		/* those of watch before the first row was
								 * read */
	HTAB	   *by_id;
	ApikeyDataKeyEntry *unwrapped;	/* those with a key */
	uint64		master_generation;	/* of what unwrapped them; 0: none */
	bool		source_read;	/* has the source been read again for them? */
	bool		all_read;		/* is list filled? */
	ApikeyDataKeyList list;
} DataKeys;

static ApikeyTableWatch watch;
static DataKeys *current;		/* NULL: none */

static void
wipe_unwrapped(DataKeys *keys)
{
	while (keys->unwrapped != NULL)
	{
		ApikeyDataKeyEntry *entry = keys->unwrapped;

		keys->unwrapped = entry->next_unwrapped;
		apikey_data_key_free(entry->key);
		entry->key = NULL;
	}
}

/* Nothing here fails. */
static void
drop_keys(void)
{
	DataKeys   *keys = current;

	if (keys == NULL)
		return;
	current = NULL;
	wipe_unwrapped(keys);
	MemoryContextSetParent(keys->context, TopTransactionContext);
}

/*
 * The OID of the table is looked up each time, since DROP and CREATE EXTENSION give
 * it another.
 */
static void
start_keys(void)
{
	MemoryContext context;
	DataKeys   *keys;
	HASHCTL		control = {
		.keysize = APIKEY_DATA_KEY_ID_SIZE,
		.entrysize = sizeof(ApikeyDataKeyEntry)
	};

	watch.oids[0] = apikey_table_oid("data_keys");
	apikey_table_watch_start(&watch);
	context = AllocSetContextCreate(CurrentMemoryContext, "apikey data keys",
									ALLOCSET_SMALL_SIZES);
	keys = MemoryContextAllocZero(context, sizeof(DataKeys));
	control.hcxt = keys->context = context;
	keys->changes = watch.changes;
	keys->by_id = hash_create("apikey data keys", 16, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	MemoryContextSetParent(context, CacheMemoryContext);
	current = keys;
}

static bool
is_current(void)
{
	return current != NULL && current->changes == watch.changes;
}

static void
refresh_keys(void)
{
	if (is_current())
		return;
	drop_keys();
	start_keys();
}

static ApikeyDataKeyEntry *
add_row(DataKeys *keys, const ApikeyDataKeyRow *row)
{
	ApikeyDataKeyEntry *entry = hash_search(keys->by_id, row->id, HASH_ENTER, NULL);

	entry->row = *row;
	entry->master_id = row->wrapped == NULL ? NULL :
		apikey_wrap_master_id((uint8_t *) VARDATA(row->wrapped),
							  VARSIZE(row->wrapped) - VARHDRSZ);
	entry->read_at = apikey_master_keys_moment();
	entry->key = NULL;
	entry->next_unwrapped = NULL;
	return entry;
}

/* Read a row that is not there.  A list that lacks a live one is too old. */
static ApikeyDataKeyEntry *
read_one(DataKeys *keys, const uint8_t *id)
{
	ApikeyDataKeyRow row;

	if (!apikey_data_key_row_read(id, &row))
		return NULL;
	if (row.wrapped != NULL)
		keys->all_read = false;
	return add_row(keys, &row);
}

static void
read_all(DataKeys *keys)
{
	ApikeyDataKeyRow *rows;
	int			count = apikey_data_key_row_read_all(&rows);

	keys->list.entries = palloc(Max(count, 1) * sizeof(ApikeyDataKeyEntry *));
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		keys->list.entries[i] = add_row(keys, &rows[i]);
	}
	keys->list.count = count;
	keys->all_read = true;
	pfree(rows);
}

/*
 * Read the row with an id and add it, or read all (NULL), in the place of what is
 * there.  Reading can itself bring the message of a change, as it locks the table:
 * then it is read once more.  What comes even later is for the next call.  If
 * reading fails, nothing is known of the rows.
 */
static ApikeyDataKeyEntry *
read_rows(const uint8_t *id)
{
	MemoryContext caller = CurrentMemoryContext;
	ApikeyDataKeyEntry *volatile entry = NULL;	/* set within PG_TRY */

	PG_TRY();
	{
		for (int tries = 0; tries == 0 || (tries < 2 && !is_current()); tries++)
		{
			if (id == NULL)
				drop_keys();
			refresh_keys();
			apikey_count(APIKEY_COUNT_LOADS_DATA_KEYS);
			MemoryContextSwitchTo(current->context);
			if (id == NULL)
				read_all(current);
			else
				entry = read_one(current, id);
			MemoryContextSwitchTo(caller);
		}
	}
	PG_CATCH();
	{
		drop_keys();
		PG_RE_THROW();
	}
	PG_END_TRY();
	return entry;
}

const ApikeyDataKeyList *
apikey_data_keys(void)
{
	refresh_keys();
	if (!current->all_read)
		(void) read_rows(NULL);
	return &current->list;
}

/*
 * A row that is visible may be encrypted with a data key that is newer than what was
 * read: the message of its creation is sent after the commit, and is received with
 * a new lock, which a transaction that has read before does not need.  So one that is
 * not there is always looked for.
 */
ApikeyDataKeyEntry *
apikey_data_keys_find(const uint8_t *id, const char *purpose)
{
	ApikeyDataKeyEntry *entry;

	refresh_keys();
	entry = hash_search(current->by_id, id, HASH_FIND, NULL);
	if (entry == NULL)
		entry = read_rows(id);
	if (entry == NULL || (purpose != NULL && strcmp(entry->row.purpose, purpose) != 0))
		return NULL;
	return entry;
}

void
apikey_data_keys_forget(void)
{
	drop_keys();
}

uint64
apikey_data_keys_version(void)
{
	refresh_keys();
	return watch.changes;
}

/* Unwrapped keys go with the master keys that unwrapped them. */
static const ApikeyMasterKeys *
current_masters(ApikeyKeySourceError *error)
{
	const ApikeyMasterKeys *masters = apikey_master_keys_try(error);
	uint64		generation = masters != NULL ? masters->generation : 0;

	if (generation != current->master_generation)
		wipe_unwrapped(current);
	current->master_generation = generation;
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
	result = apikey_data_key_unwrap(master, entry->id, entry->row.purpose,
									(uint8_t *) VARDATA(entry->row.wrapped),
									VARSIZE(entry->row.wrapped) - VARHDRSZ, raw);
	if (result == APIKEY_OK)
		entry->key = apikey_data_key_new(entry->id, raw);
	explicit_bzero(raw, sizeof(raw));
	if (result == APIKEY_LIBCRYPTO_FAILED ||
		(result == APIKEY_OK && entry->key == NULL))
		apikey_raise_libcrypto();
	if (result != APIKEY_OK)
		return APIKEY_DATA_KEY_DAMAGED;
	entry->next_unwrapped = current->unwrapped;
	current->unwrapped = entry;
	return APIKEY_DATA_KEY_OPEN;
}

ApikeyDataKeyState
apikey_data_keys_unwrap(ApikeyDataKeyEntry *entry, ApikeyKeySourceError *error)
{
	const ApikeyMasterKeys *masters;
	ApikeyDataKeyState state;

	if (entry->row.wrapped == NULL)
		return APIKEY_DATA_KEY_DESTROYED;
	masters = current_masters(error);
	if (masters == NULL)
		return APIKEY_DATA_KEY_NO_MASTER;
	if (entry->key != NULL)
		return APIKEY_DATA_KEY_OPEN;
	state = unwrap_with(masters, entry);
	if (state == APIKEY_DATA_KEY_FOREIGN && !entry->row.lost && !current->source_read)
	{
		/*
		 * The rows may need a new master key before this session has been
		 * told to reload it: read the source again, once for these rows.
		 */
		current->source_read = apikey_master_keys_extend(entry->read_at);
		state = unwrap_with(masters, entry);
	}
	if (entry->row.lost && state != APIKEY_DATA_KEY_OPEN)
		return APIKEY_DATA_KEY_LOST;
	return state;
}
