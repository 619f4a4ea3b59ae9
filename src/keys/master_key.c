/*-------------------------------------------------------------------------
 *
 * master_key.c
 *		The master keys of this backend.
 *
 * Only the derived keys are kept, in structs that the core allocates and wipes.
 * key_loader.c reads the raw keys, and decides when.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "keys/key_loader.h"
#include "keys/master_key.h"

static ApikeyMasterKeys current;
static uint64 last_generation = 0;

/* Wipe and free the keys, if there are any. */
static void
drop_master_keys(void)
{
	for (int i = 0; i < current.count; i++)
		apikey_master_key_free(current.keys[i]);
	memset(&current, 0, sizeof(current));
	current.generation = ++last_generation;
}

/* Derive a key, unless it is there already. */
static bool
add_master_key(const uint8_t *raw)
{
	ApikeyMasterKey *key = apikey_master_key_new(raw);

	if (key == NULL)
		return false;
	if (apikey_master_keys_find(&current, key->id) != NULL)
		apikey_master_key_free(key);
	else
		current.keys[current.count++] = key;
	return true;
}

/*
 * apikey.master_key_source
 *
 * Where the master keys are read from.  Only superusers and members of
 * pg_read_all_settings see it, and only a reload changes it.  The default is
 * empty: there are no master keys, and no value can be stored or decrypted.
 */
static ApikeyKeyLoader loader = {
	.setting = "apikey.master_key_source",
	.missing = "no master key is available",
	.count = &current.count,
	.add = add_master_key,
	.drop = drop_master_keys,
	.cached.kind = APIKEY_KEY_MASTER
};

const ApikeyMasterKey *
apikey_master_keys_find(const ApikeyMasterKeys *keys, const uint8_t *id)
{
	for (int i = 0; i < keys->count; i++)
	{
		if (memcmp(keys->keys[i]->id, id, APIKEY_MASTER_ID_SIZE) == 0)
			return keys->keys[i];
	}
	return NULL;
}

const ApikeyMasterKeys *
apikey_master_keys_try(ApikeyKeySourceError *error)
{
	return apikey_key_loader_load(&loader, error) ? &current : NULL;
}

void
apikey_master_keys_reread(void)
{
	apikey_key_loader_reread(&loader);
}

uint64
apikey_master_keys_moment(void)
{
	return apikey_key_loader_moment(&loader);
}

bool
apikey_master_keys_extend(uint64 since)
{
	return apikey_key_loader_extend(&loader, since);
}

bool
apikey_master_keys_are_stale(ApikeyKeySourceError *error, TimestampTz *until)
{
	return apikey_key_loader_is_stale(&loader, error, until);
}

const ApikeyMasterKeys *
apikey_master_keys(void)
{
	ApikeyKeySourceError error;
	const ApikeyMasterKeys *keys = apikey_master_keys_try(&error);

	if (keys == NULL)
		apikey_master_keys_raise(&error);
	return keys;
}

void
apikey_master_key_id_text(const uint8_t *id, char *text)
{
	uint64		len = hex_encode((const char *) id, APIKEY_MASTER_ID_SIZE, text);

	text[len] = '\0';
}

char *
apikey_master_key_id_list(const ApikeyMasterKeys *keys)
{
	char		text[APIKEY_MASTER_ID_TEXT];
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < keys->count; i++)
	{
		apikey_master_key_id_text(keys->keys[i]->id, text);
		appendStringInfo(&list, "%s%s", (i > 0) ? ", " : "", text);
	}
	return list.data;
}

void
apikey_master_keys_raise(const ApikeyKeySourceError *error)
{
	apikey_key_loader_raise(&loader, error);
}

const char *
apikey_master_key_source(void)
{
	return loader.source;
}

static bool
check_master_key_source(char **newval, void **extra, GucSource source)
{
	return apikey_key_loader_check(&loader, *newval);
}

void
apikey_master_key_init(void)
{
	apikey_key_loader_init(&loader,
						   "Sets where the master keys are read from.",
						   "One of \"env:NAME\", \"file:/path\" and \"command:/path argument ...\", which yields the keys, the newest first.  Anyone who can read both this source and the database can read every stored value.",
						   check_master_key_source);
}
