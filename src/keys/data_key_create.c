/*-------------------------------------------------------------------------
 *
 * data_key_create.c
 *		Making data keys; see data_key.h.
 *
 * A server that must not make any says so with a setting: one whose sessions would
 * encrypt with a data key that no other server has.
 *
 * A new key is wrapped before anything else sees it; the raw bytes exist only
 * on the stack of wrap_new().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/uuid.h"

#include "base/errors.h"
#include "base/random.h"
#include "exec/statement.h"
#include "keys/data_key.h"
#include "keys/data_key_cache.h"
#include "keys/master_key.h"

/*
 * apikey.create_data_keys
 *
 * Whether data keys may be made in this database.  Off on a server that has only a
 * part of the keys of another one and no data keys, such as a worker of Citus, or
 * that receives its data keys, such as a subscriber of logical replication: there
 * the first value that somebody stores would have a data key of its own, which the
 * others do not know.  A server cannot tell that by itself.  Only superusers may
 * set it.
 */
static bool create_data_keys = true;

static ApikeyStatement insert_data_key = {
	.role = APIKEY_AS_OWNER,
	.sql = "INSERT INTO apikey.data_keys (id, purpose, wrapped_key)"
	" VALUES ($1, $2, $3)",
	.arg_count = 3,
	.arg_types = {UUIDOID, TEXTOID, BYTEAOID}
};

/*
 * If no data key can be unwrapped, and one needs a master key that is not
 * available, the master key is the wrong one: a new data key wrapped with it
 * would only hide that.  A damaged data key says nothing about the master key,
 * and a lost one has been given up.
 */
static void
refuse_wrong_master(void)
{
	const ApikeyDataKeyList *all;
	ApikeyDataKeyEntry *foreign = NULL;

	(void) apikey_master_keys();
	all = apikey_data_keys();
	for (int i = 0; i < all->count; i++)
	{
		ApikeyKeySourceError error;
		ApikeyDataKeyState state;

		CHECK_FOR_INTERRUPTS();
		state = apikey_data_keys_unwrap(all->entries[i], &error);
		if (state == APIKEY_DATA_KEY_OPEN)
			return;
		if (state == APIKEY_DATA_KEY_FOREIGN || state == APIKEY_DATA_KEY_NO_MASTER)
			foreign = all->entries[i];
	}
	if (foreign != NULL)
		(void) apikey_data_key_require(foreign->id, foreign->row.purpose);
}

/* Wrap a new random key.  Nothing raises while raw is in memory. */
static void
wrap_new(const ApikeyMasterKey *master, const char *purpose, const uint8_t *id,
		 bytea *wrapped)
{
	uint8_t		random[APIKEY_XAES_NONCE_SIZE];
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE];
	uint8_t		raw[APIKEY_KEY_SIZE];
	ApikeyResult result = APIKEY_LIBCRYPTO_FAILED;

	apikey_random(random, sizeof(random));
	if (pg_strong_random(raw, sizeof(raw)))
		result = apikey_wrap_nonce(master, id, purpose, random, raw, nonce);
	if (result == APIKEY_OK)
		result = apikey_data_key_wrap(master, id, purpose, nonce, raw,
									  (uint8_t *) VARDATA(wrapped));
	explicit_bzero(raw, sizeof(raw));
	if (result != APIKEY_OK)
		apikey_raise_libcrypto();
}

static void
require_creation(void)
{
	if (!create_data_keys)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no data key can be created on this server"),
				 errdetail("apikey.create_data_keys is off."),
				 errhint("Connect to the server that has the data keys, such as the coordinator.  If it is this one, set apikey.create_data_keys to on."),
				 apikey_err_hide_statement()));
}

bool
apikey_data_key_creation_is_on(void)
{
	return create_data_keys;
}

void
apikey_data_key_create(const char *purpose, pg_uuid_t *id)
{
	bytea	   *wrapped = palloc(VARHDRSZ + APIKEY_WRAPPED_SIZE);
	Datum		args[3];

	require_creation();
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
	return apikey_data_key_require(id.data, APIKEY_PURPOSE_VALUE);
}

void
apikey_data_key_create_init(void)
{
	DefineCustomBoolVariable("apikey.create_data_keys",
							 "Whether data keys may be made in this database.",
							 "Off on a server that has no data keys of its own, such as a worker of a distributed database.",
							 &create_data_keys,
							 true,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}
