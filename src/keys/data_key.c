/*-------------------------------------------------------------------------
 *
 * data_key.c
 *		The data keys, unwrapped: a cache of this backend; see data_key.h.
 *
 * All rows of apikey.data_keys are read at once, under the latest snapshot:
 * the cache outlives the transaction, so it must not hold an old state that a
 * REPEATABLE READ transaction still sees.  A key is unwrapped when it is
 * first asked for.
 *
 * The cache is dropped, and its keys wiped, when data_keys changes (see
 * table_cache.c; a rollback of our own insert counts) and when the master keys
 * are read anew.  A relcache message only marks it: keys are freed at the
 * next call, so that one in use stays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "base/errors.h"
#include "base/random.h"
#include "exec/statement.h"
#include "exec/table_cache.h"
#include "keys/data_key.h"
#include "keys/key_source.h"
#include "keys/master_key.h"

typedef struct Entry
{
	uint8_t		id[APIKEY_DATA_KEY_ID_SIZE];
	char	   *purpose;
	bool		active;
	ApikeyDataKeyState state;	/* as last found out */
	uint8_t		master_id[APIKEY_MASTER_ID_SIZE];
	bytea	   *wrapped;		/* NULL once destroyed */
	ApikeyDataKey *key;			/* NULL until unwrapped */
} Entry;

static MemoryContext cache = NULL;
static Entry *entries = NULL;	/* newest first */
static int	entry_count = 0;
static bool loaded = false;
static uint64 changes_loaded = 0;	/* of the table, when it was read */
static bool reread = false;		/* has the source been read again for them? */
static uint64 master_generation = 0;	/* of the master keys used; 0: none */
static ApikeyKeySourceError master_error;	/* why there were none last time */

static ApikeyStatement select_all = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT id, purpose,"
	" deactivated_at IS NULL AND destroyed_at IS NULL, wrapped_key"
	" FROM apikey.data_keys ORDER BY created_at DESC, id",
	.snapshot = APIKEY_SNAPSHOT_LATEST
};

static ApikeyStatement insert_one = {
	.role = APIKEY_AS_OWNER,
	.sql = "INSERT INTO apikey.data_keys (id, purpose, wrapped_key)"
	" VALUES ($1, $2, $3)",
	.arg_count = 3,
	.arg_types = {UUIDOID, TEXTOID, BYTEAOID}
};

static bool
is_stale(void)
{
	return changes_loaded != apikey_table_changes(APIKEY_DATA_KEYS);
}

static void
drop(void)
{
	int			i;

	for (i = 0; i < entry_count; i++)
		apikey_data_key_free(entries[i].key);
	entries = NULL;
	entry_count = 0;
	loaded = false;
	if (cache != NULL)
		MemoryContextReset(cache);
}

/* Fill one entry from a row of select_all. */
static void
read_entry(Entry *entry, const ApikeyRows *rows, uint64 row)
{
	const uint8_t *master_id;
	bool		is_null;
	Datum		wrapped;

	memcpy(entry->id,
		   DatumGetUUIDP(apikey_rows_get(rows, row, 1, &is_null))->data,
		   APIKEY_DATA_KEY_ID_SIZE);
	entry->purpose = TextDatumGetCString(apikey_rows_get(rows, row, 2, &is_null));
	entry->active = DatumGetBool(apikey_rows_get(rows, row, 3, &is_null));
	wrapped = apikey_rows_get(rows, row, 4, &is_null);
	if (is_null)
	{
		entry->state = APIKEY_DATA_KEY_DESTROYED;
		return;
	}
	entry->wrapped = DatumGetByteaPCopy(wrapped);
	entry->state = APIKEY_DATA_KEY_DAMAGED;
	master_id = apikey_wrap_master_id((uint8_t *) VARDATA(entry->wrapped),
									  VARSIZE(entry->wrapped) - VARHDRSZ);
	if (master_id != NULL)
	{
		memcpy(entry->master_id, master_id, APIKEY_MASTER_ID_SIZE);
		entry->state = APIKEY_DATA_KEY_FOREIGN;
	}
}

static void
load(void)
{
	MemoryContext old;
	ApikeyRows	rows;
	uint64		i;

	apikey_watch_table(APIKEY_DATA_KEYS);
	changes_loaded = apikey_table_changes(APIKEY_DATA_KEYS);
	apikey_statement_run(&select_all, NULL, NULL, NULL, &rows);
	if (cache == NULL)
		cache = AllocSetContextCreate(TopMemoryContext, "apikey data keys",
									  ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(cache);
	entries = palloc0(Max(rows.count, 1) * sizeof(Entry));
	for (i = 0; i < rows.count; i++)
		read_entry(&entries[i], &rows, i);
	MemoryContextSwitchTo(old);
	entry_count = (int) rows.count;
	loaded = true;
}

/*
 * Make the cache fit to use.  Reading the rows can itself bring word of a
 * change, as it locks the table: then they are read once more.  What comes
 * even later, the next call takes in.
 */
static void
refresh(void)
{
	int			tries;

	if (is_stale())
		reread = false;
	for (tries = 0; tries < 2 && (!loaded || is_stale()); tries++)
	{
		drop();
		load();
	}
}

/* Unwrapped keys go with the master keys that opened them. */
static void
follow_master(const ApikeyMasterKeys *masters)
{
	uint64		generation = masters != NULL ? masters->generation : 0;
	int			i;

	if (generation == master_generation)
		return;
	for (i = 0; i < entry_count; i++)
	{
		apikey_data_key_free(entries[i].key);
		entries[i].key = NULL;
	}
	master_generation = generation;
}

static Entry *
find(const uint8_t *id, const char *purpose)
{
	int			i;

	for (i = 0; i < entry_count; i++)
		if (memcmp(entries[i].id, id, APIKEY_DATA_KEY_ID_SIZE) == 0 &&
			strcmp(entries[i].purpose, purpose) == 0)
			return &entries[i];
	return NULL;
}

/*
 * A row that is visible may be under a key that is newer than the cache: word
 * of that key comes only after its commit, and is taken in with a new lock,
 * which a transaction that has read before does not need.
 */
static Entry *
find_or_reload(const uint8_t *id, const char *purpose)
{
	Entry	   *entry;

	refresh();
	entry = find(id, purpose);
	if (entry == NULL)
	{
		drop();
		refresh();
		entry = find(id, purpose);
		if (entry != NULL)
			reread = false;
	}
	return entry;
}

/* Unwrap an entry's key, if it is not yet; sets its state. */
static ApikeyDataKeyState
unwrap(Entry *entry, const ApikeyMasterKeys *masters)
{
	const ApikeyMasterKey *master;
	uint8_t		raw[APIKEY_KEY_SIZE];
	ApikeyResult result;

	if (entry->key != NULL)
		return APIKEY_DATA_KEY_OPEN;
	if (apikey_wrap_master_id((uint8_t *) VARDATA(entry->wrapped),
							  VARSIZE(entry->wrapped) - VARHDRSZ) == NULL)
		return entry->state = APIKEY_DATA_KEY_DAMAGED;
	master = apikey_master_keys_find(masters, entry->master_id);
	if (master == NULL)
		return entry->state = APIKEY_DATA_KEY_FOREIGN;
	result = apikey_data_key_unwrap(master, entry->id, entry->purpose,
									(uint8_t *) VARDATA(entry->wrapped),
									VARSIZE(entry->wrapped) - VARHDRSZ, raw);
	if (result == APIKEY_OK)
		entry->key = apikey_data_key_new(entry->id, raw);
	explicit_bzero(raw, sizeof(raw));
	if (result == APIKEY_LIBCRYPTO_FAILED ||
		(result == APIKEY_OK && entry->key == NULL))
		apikey_raise_libcrypto();
	return entry->state = result == APIKEY_OK ? APIKEY_DATA_KEY_OPEN : APIKEY_DATA_KEY_DAMAGED;
}

/* Unwrap an entry with the master keys at hand. */
static ApikeyDataKeyState
open_entry(Entry *entry)
{
	const ApikeyMasterKeys *masters;

	if (entry->wrapped == NULL)
		return APIKEY_DATA_KEY_DESTROYED;
	masters = apikey_master_keys_try(&master_error);
	follow_master(masters);
	if (masters == NULL)
		return entry->state = APIKEY_DATA_KEY_NO_MASTER;
	if (unwrap(entry, masters) == APIKEY_DATA_KEY_FOREIGN && !reread)
	{
		/*
		 * The rows may tell of a new master key before the word of the reload
		 * has reached this session: look at the source, once for these rows.
		 */
		reread = true;
		apikey_master_keys_extend();
		(void) unwrap(entry, masters);
	}
	return entry->state;
}

ApikeyDataKeyState
apikey_data_key_lookup(const uint8_t *id, const char *purpose,
					   const ApikeyDataKey **key)
{
	ApikeyDataKeyState state;
	Entry	   *entry;

	*key = NULL;
	entry = find_or_reload(id, purpose);
	if (entry == NULL)
		return APIKEY_DATA_KEY_ABSENT;
	state = open_entry(entry);
	if (state == APIKEY_DATA_KEY_OPEN)
		*key = entry->key;
	return state;
}

static char *
data_key_id_text(const uint8_t *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, PointerGetDatum(id)));
}

static char *
master_id_of(const uint8_t *data_key_id)
{
	char	   *text = palloc0(APIKEY_MASTER_ID_TEXT);
	int			i;

	for (i = 0; i < entry_count; i++)
		if (memcmp(entries[i].id, data_key_id, APIKEY_DATA_KEY_ID_SIZE) == 0)
			apikey_master_key_id_text(entries[i].master_id, text);
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
			return psprintf("Data key %s needs the master key with fingerprint %s.",
							key, master_id_of(id));
		case APIKEY_DATA_KEY_DAMAGED:
			return psprintf("The wrapped data key %s is damaged.", key);
		case APIKEY_DATA_KEY_NO_MASTER:
			return pstrdup("There is no master key.");
	}
	return NULL;
}

pg_attribute_noreturn()
static void
raise_wrong_master(const uint8_t *id)
{
	const char *needed = master_id_of(id);
	const char *detail = psprintf("Data key %s is wrapped under it; the master keys at hand have the fingerprints %s.",
								  data_key_id_text(id),
								  apikey_master_key_id_list(apikey_master_keys()));

	/* As for KA001, the log alone is told where the keys come from. */
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_WRONG_MASTER_KEY),
			 errmsg("the master key is not the one needed: fingerprint %s",
					needed),
			 errdetail("%s", detail),
			 errdetail_log("%s  The source is \"%.*s\".", detail,
						   apikey_key_source_shown(apikey_master_key_source()),
						   apikey_master_key_source()),
			 errhint("An administrator adds that master key to apikey.master_key_source and reloads the configuration.  If it is lost for good: replace or purge what is under the data key, and apikey.retire_data_key()."),
			 apikey_err_hide_statement()));
}

/* subject is what the caller was after, such as "the value". */
pg_attribute_noreturn()
static void
raise_state(ApikeyDataKeyState state, const uint8_t *id, const char *subject)
{
	if (state == APIKEY_DATA_KEY_NO_MASTER)
		apikey_master_keys_raise(&master_error);
	if (state == APIKEY_DATA_KEY_FOREIGN)
		raise_wrong_master(id);
	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_UNOPENED),
			 errmsg("%s cannot be opened", subject),
			 errdetail("%s", apikey_data_key_problem(state, id)),
			 state == APIKEY_DATA_KEY_DAMAGED ?
			 errhint("Restore its row of apikey.data_keys from a backup.  If there is none: apikey.rotate_data_key(), replace or purge what is under it, and apikey.retire_data_key().") :
			 errhint("Store another value in its place, or restore the row of apikey.data_keys from a backup."),
			 apikey_err_hide_statement()));
}

static const ApikeyDataKey *
get(const uint8_t *id, const char *purpose, const char *subject)
{
	const ApikeyDataKey *key;
	ApikeyDataKeyState state = apikey_data_key_lookup(id, purpose, &key);

	if (state != APIKEY_DATA_KEY_OPEN)
		raise_state(state, id, subject);
	return key;
}

const ApikeyDataKey *
apikey_data_key_get(const uint8_t *id, const char *purpose)
{
	return get(id, purpose, "the value");
}

void
apikey_data_key_require(const uint8_t *id, const char *purpose)
{
	(void) get(id, purpose, "a data key");
}

const ApikeyDataKey *
apikey_data_key_active(const char *purpose)
{
	uint8_t		id[APIKEY_DATA_KEY_ID_SIZE];
	int			i;

	refresh();
	for (i = 0; i < entry_count; i++)
		if (entries[i].active && strcmp(entries[i].purpose, purpose) == 0)
		{
			/* a copy: the entries may be read anew meanwhile */
			memcpy(id, entries[i].id, sizeof(id));
			return get(id, purpose, "a data key");
		}
	return NULL;
}

/*
 * If no data key opens, and one is under a master key that is not at hand,
 * the master key is the wrong one: a new data key under it would only hide
 * that.  One that is damaged says nothing against the master key.
 */
static void
refuse_foreign_master(void)
{
	Entry	   *foreign = NULL;
	int			i;

	(void) apikey_master_keys();
	refresh();
	for (i = 0; i < entry_count; i++)
	{
		ApikeyDataKeyState state = open_entry(&entries[i]);

		if (state == APIKEY_DATA_KEY_OPEN)
			return;
		if (state == APIKEY_DATA_KEY_FOREIGN || state == APIKEY_DATA_KEY_NO_MASTER)
			foreign = &entries[i];
	}
	if (foreign != NULL)
		raise_state(foreign->state, foreign->id, "a data key");
}

/*
 * Make a data key under the primary master key.  Nothing raises while raw is
 * in memory.
 */
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

	refuse_foreign_master();
	SET_VARSIZE(wrapped, VARHDRSZ + APIKEY_WRAPPED_SIZE);
	apikey_random_uuid(id->data);
	wrap_new(apikey_master_keys()->keys[0], purpose, id->data, wrapped);
	args[0] = UUIDPGetDatum(id);
	args[1] = CStringGetTextDatum(purpose);
	args[2] = PointerGetDatum(wrapped);
	apikey_statement_run(&insert_one, NULL, args, NULL, NULL);
}

const ApikeyDataKey *
apikey_data_key_active_or_new(void)
{
	const ApikeyDataKey *key = apikey_data_key_active(APIKEY_PURPOSE_VALUE);
	pg_uuid_t	id;

	if (key != NULL)
		return key;
	apikey_data_key_create(APIKEY_PURPOSE_VALUE, &id);
	return apikey_data_key_get(id.data, APIKEY_PURPOSE_VALUE);
}

void
apikey_data_key_reload(void)
{
	drop();
}

int
apikey_data_key_all_fingerprints(const void *value, size_t len,
								 uint8_t **fingerprints)
{
	int			count = 0;
	int			i;

	/* Word of a change comes with a new lock, which may not be needed here. */
	AcceptInvalidationMessages();
	refresh();
	*fingerprints = palloc(Max(entry_count, 1) * APIKEY_FINGERPRINT_SIZE);
	for (i = 0; i < entry_count; i++)
	{
		ApikeyDataKeyState state;

		if (strcmp(entries[i].purpose, APIKEY_PURPOSE_VALUE) != 0)
			continue;
		state = open_entry(&entries[i]);
		if (state == APIKEY_DATA_KEY_DESTROYED)
			continue;			/* no row is under it */
		if (state != APIKEY_DATA_KEY_OPEN)
			raise_state(state, entries[i].id, "a data key");
		if (apikey_data_key_fingerprint(entries[i].key, value, len,
										*fingerprints + count * APIKEY_FINGERPRINT_SIZE) != APIKEY_OK)
			apikey_raise_libcrypto();
		count++;
	}
	return count;
}
