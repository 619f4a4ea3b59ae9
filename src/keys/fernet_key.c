/*-------------------------------------------------------------------------
 *
 * fernet_key.c
 *		The Fernet keys of this backend.
 *
 * Fernet uses its keys as they are, so the raw keys are kept, in structs that
 * the core allocates and wipes.  key_loader.c reads them, and decides when.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "keys/fernet_key.h"
#include "keys/key_loader.h"

static ApikeyFernetKeys current;

/* Wipe and free the keys, if there are any. */
static void
drop_fernet_keys(void)
{
	for (int i = 0; i < current.count; i++)
		apikey_fernet_key_free(current.keys[i]);
	memset(&current, 0, sizeof(current));
}

static bool
is_there(const uint8_t *id)
{
	for (int i = 0; i < current.count; i++)
	{
		if (memcmp(current.keys[i]->id, id, APIKEY_FERNET_ID_SIZE) == 0)
			return true;
	}
	return false;
}

/* Keep a key, unless it is there already. */
static bool
add_fernet_key(const uint8_t *raw)
{
	ApikeyFernetKey *key = apikey_fernet_key_new(raw);

	if (key == NULL)
		return false;
	if (is_there(key->id))
		apikey_fernet_key_free(key);
	else
		current.keys[current.count++] = key;
	return true;
}

/*
 * apikey.fernet_key_source
 *
 * Where the Fernet keys are read from.  Only superusers and members of
 * pg_read_all_settings see it, and only a reload changes it.  The default is
 * empty: there are no Fernet keys, and the functions that need them fail.
 */
static ApikeyKeyLoader loader = {
	.setting = "apikey.fernet_key_source",
	.missing = "no Fernet key is available",
	.count = &current.count,
	.add = add_fernet_key,
	.drop = drop_fernet_keys,
	.cached.kind = APIKEY_KEY_FERNET
};

const ApikeyFernetKeys *
apikey_fernet_keys_try(ApikeyKeySourceError *error)
{
	return apikey_key_loader_load(&loader, error) ? &current : NULL;
}

const ApikeyFernetKeys *
apikey_fernet_keys(void)
{
	ApikeyKeySourceError error;
	const ApikeyFernetKeys *keys = apikey_fernet_keys_try(&error);

	if (keys == NULL)
		apikey_key_loader_raise(&loader, &error);
	return keys;
}

bool
apikey_fernet_keys_are_stale(ApikeyKeySourceError *error, TimestampTz *until)
{
	return apikey_key_loader_is_stale(&loader, error, until);
}

char *
apikey_fernet_key_id_list(const ApikeyFernetKeys *keys)
{
	StringInfoData list;
	char		id[2 * APIKEY_FERNET_ID_SIZE];

	initStringInfo(&list);
	for (int i = 0; i < keys->count; i++)
	{
		hex_encode((const char *) keys->keys[i]->id, APIKEY_FERNET_ID_SIZE, id);
		appendStringInfo(&list, "%s%.*s", (i > 0) ? ", " : "",
						 (int) sizeof(id), id);
	}
	return list.data;
}

const char *
apikey_fernet_key_source(void)
{
	return loader.source;
}

static bool
check_fernet_key_source(char **newval, void **extra, GucSource source)
{
	return apikey_key_loader_check(&loader, *newval);
}

void
apikey_fernet_key_init(void)
{
	apikey_key_loader_init(&loader,
						   "Sets where the Fernet keys are read from.",
						   "Has the same forms as apikey.master_key_source.  Only fernet_encrypt(), fernet_decrypt() and fernet_rotate() use these keys.",
						   check_fernet_key_source);
}
