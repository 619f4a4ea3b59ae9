/*-------------------------------------------------------------------------
 *
 * status_keys.c
 *		status: the rows about the master keys, data keys and Fernet keys.
 *
 * The path, variable or command of a key source is shown only to members of
 * pg_read_all_settings, as PostgreSQL does with the setting itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "exec/statement.h"
#include "exec/table_cache.h"
#include "functions/status.h"
#include "keys/data_key.h"
#include "keys/fernet_key.h"
#include "keys/key_source.h"
#include "keys/master_key.h"

static ApikeyStatement select_data_key_states = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT id, deactivated_at IS NULL, lost_at IS NOT NULL FROM apikey.data_keys"
	" WHERE purpose OPERATOR(pg_catalog.=) $1 AND destroyed_at IS NULL"
	" ORDER BY created_at",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 1,
	.arg_types = {TEXTOID}
};

static ApikeyStatement count_wraps = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT pg_catalog.count(*) FROM apikey.data_keys"
	" WHERE destroyed_at IS NULL"
	" AND pg_catalog.substr(wrapped_key, 3, 8) OPERATOR(pg_catalog.=) $1",
	.snapshot = APIKEY_SNAPSHOT_LATEST,
	.arg_count = 1,
	.arg_types = {BYTEAOID}
};

/*
 * How many rows are counted at most, which takes no time: if there are as many, the
 * result is "more than" one less.
 */
#define COUNT_LIMIT 100001

/*
 * The rows, exact below that limit.  A statement of its own, without
 * any catalog, so that it can be run where the table is distributed.
 */
static ApikeyStatement count_stored = {
	.role = APIKEY_AS_MAINTENANCE,
	.sql = "SELECT pg_catalog.count(*),"
	" pg_catalog.count(*) FILTER (WHERE is_active),"
	" pg_catalog.count(*) FILTER (WHERE deleted_at IS NULL AND disabled_at IS NOT NULL),"
	" pg_catalog.count(*) FILTER (WHERE deleted_at IS NOT NULL),"
	" pg_catalog.count(*) FILTER (WHERE deleted_at IS NULL"
	" AND expires_at OPERATOR(pg_catalog.<=) pg_catalog.now())"
	" FROM (SELECT is_active, disabled_at, deleted_at, expires_at"
	" FROM apikey.api_keys LIMIT " CppAsString2(COUNT_LIMIT) ") s",
	.across_users = true
};

static bool
may_see_sources(void)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_SETTINGS);
}

/*
 * The key source; kind is "master key" or "Fernet key".  Before the library is
 * loaded in a session, the setting is not known, and hidden from nobody.
 */
static void
put_source(ReturnSetInfo *result, const char *kind, const char *source)
{
	bool		exposed = !apikey_status_is_preloaded() &&
	apikey_key_source_shown(source) < (int) strlen(source);

	apikey_status_put(result, psprintf("%s source", kind),
					  may_see_sources() ? source : apikey_key_source_scheme(source),
					  exposed ? APIKEY_SEVERITY_WARNING : APIKEY_SEVERITY_OK,
					  exposed ? "Any role can read the arguments of this command with SHOW, in a session that has not loaded the library.  Add apikey to shared_preload_libraries and restart the server, and keep secrets out of the arguments." : NULL);
}

/* Why there are no keys of a kind. */
static void
put_failure(ReturnSetInfo *result, const char *kind,
			const ApikeyKeySourceError *error)
{
	apikey_status_put(result, kind,
					  may_see_sources() && error->detail[0] != '\0' ?
					  psprintf("%s  %s", error->summary, error->detail) : error->summary,
					  APIKEY_SEVERITY_ERROR,
					  error->hint[0] != '\0' ? error->hint : APIKEY_HINT_SERVER_LOG);
}

/*
 * The number of keys of a kind, and their fingerprints.  stale is why their source
 * could not be read again, or NULL.
 */
static void
put_keys(ReturnSetInfo *result, const char *kind, int count,
		 const char *fingerprints, const ApikeyKeySourceError *stale,
		 TimestampTz until)
{
	if (stale == NULL)
		apikey_status_put(result, kind, psprintf("%d available", count), APIKEY_SEVERITY_OK, NULL);
	else
		apikey_status_put(result, kind,
						  psprintf("%d available, until %s at most", count, timestamptz_to_str(until)),
						  APIKEY_SEVERITY_WARNING,
						  psprintf("The source could not be read again.  %s  %s", stale->summary,
								   stale->hint[0] != '\0' ? stale->hint : APIKEY_HINT_SERVER_LOG));
	apikey_status_put(result, psprintf("%s fingerprint", kind), fingerprints,
					  APIKEY_SEVERITY_OK, NULL);
}

/*
 * Source and state of the master keys; returns whether there are any.  The
 * source is read if this session has not read it since the last reload.
 */
static bool
put_master_key(ReturnSetInfo *result)
{
	const char *kind = "master key";
	const ApikeyMasterKeys *masters;
	ApikeyKeySourceError error;
	TimestampTz until;
	bool		stale;

	if (apikey_master_key_source()[0] == '\0')
		apikey_status_put(result, "master key source", "none", APIKEY_SEVERITY_ERROR,
						  "Set apikey.master_key_source to \"env:NAME\", \"file:/path\" or \"command:/path argument ...\", and reload the configuration.");
	else
		put_source(result, kind, apikey_master_key_source());

	masters = apikey_master_keys_try(&error);
	if (masters == NULL)
	{
		put_failure(result, kind, &error);
		return false;
	}
	stale = apikey_master_keys_are_stale(&error, &until);
	put_keys(result, kind, masters->count, apikey_master_key_id_list(masters),
			 stale ? &error : NULL, until);
	return true;
}

/* The same for the Fernet keys, if there is a source for them. */
static void
put_fernet_key(ReturnSetInfo *result)
{
	const char *kind = "Fernet key";
	const ApikeyFernetKeys *keys;
	ApikeyKeySourceError error;
	TimestampTz until;
	bool		stale;

	if (apikey_fernet_key_source()[0] == '\0')
		return;
	put_source(result, kind, apikey_fernet_key_source());
	keys = apikey_fernet_keys_try(&error);
	if (keys == NULL)
	{
		put_failure(result, kind, &error);
		return;
	}
	stale = apikey_fernet_keys_are_stale(&error, &until);
	put_keys(result, kind, keys->count, apikey_fernet_key_id_list(keys),
			 stale ? &error : NULL, until);
}

/* What select_data_key_states returns for a purpose. */
typedef struct DataKeyCounts
{
	int			active;
	int			inactive;
	int			lost;
	int			available;		/* can be unwrapped */
	char	   *advice;			/* on the first that cannot; NULL: none */
} DataKeyCounts;

/* What to do about a data key that cannot be unwrapped. */
static char *
data_key_advice(ApikeyDataKeyState state, const pg_uuid_t *id, const char *purpose)
{
	const char *problem = apikey_data_key_problem(state, id->data);

	switch (state)
	{
		case APIKEY_DATA_KEY_OPEN:
			return NULL;
		case APIKEY_DATA_KEY_FOREIGN:
			return psprintf("%s  Add that key to the source of the master key and reload the configuration.  If it is lost for good, run SELECT apikey.abandon_lost_data_keys(), so that new values can be stored.",
							problem);
		case APIKEY_DATA_KEY_LOST:
			return psprintf("%s  Have the values that are encrypted with it stored again, or remove them.  Then run SELECT apikey.retire_data_key('%s'%s).",
							problem,
							DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id))),
							strcmp(purpose, APIKEY_PURPOSE_COLUMN) == 0 ? ", force => true" : "");
		case APIKEY_DATA_KEY_DAMAGED:
			return psprintf("%s  Restore its row of apikey.data_keys from a backup.  If there is none, run SELECT apikey.abandon_lost_data_keys().",
							problem);
		case APIKEY_DATA_KEY_NO_MASTER:
			return psprintf("%s  Follow the advice on the master key.", problem);
		case APIKEY_DATA_KEY_ABSENT:
		case APIKEY_DATA_KEY_DESTROYED:
			break;				/* in the meantime */
	}
	return psprintf("%s  Run apikey.status() again.", problem);
}

static void
count_data_key(DataKeyCounts *counts, const char *purpose, bool have_master,
			   const pg_uuid_t *id)
{
	ApikeyDataKeyState state = APIKEY_DATA_KEY_NO_MASTER;
	const ApikeyDataKey *key;

	/* Without a master key, do not read its source again for each data key. */
	if (have_master)
		state = apikey_data_key_lookup(id->data, purpose, &key);
	if (state == APIKEY_DATA_KEY_OPEN)
		counts->available++;
	else if (counts->advice == NULL)
		counts->advice = data_key_advice(state, id, purpose);
}

/* The advice is about the first data key that cannot be unwrapped. */
static void
put_data_keys(ReturnSetInfo *result, const char *purpose, bool have_master)
{
	char	   *item = psprintf("data keys for %ss", purpose);
	Datum		arg = CStringGetTextDatum(purpose);
	DataKeyCounts counts = {0};
	ApikeyRows	rows;

	if (apikey_statement_run(&select_data_key_states, NULL, &arg, NULL, &rows) == 0)
	{
		apikey_status_put(result, item, "none yet", APIKEY_SEVERITY_OK, NULL);
		return;
	}
	for (uint64 i = 0; i < rows.count; i++)
	{
		bool		is_null;
		pg_uuid_t  *id = DatumGetUUIDP(apikey_rows_get(&rows, i, 1, &is_null));

		CHECK_FOR_INTERRUPTS();
		if (DatumGetBool(apikey_rows_get(&rows, i, 2, &is_null)))
			counts.active++;
		else if (DatumGetBool(apikey_rows_get(&rows, i, 3, &is_null)))
			counts.lost++;
		else
			counts.inactive++;
		count_data_key(&counts, purpose, have_master, id);
	}
	apikey_status_put(result, item,
					  psprintf("%d active, %d inactive%s; %d available",
							   counts.active, counts.inactive,
							   counts.lost > 0 ? psprintf(", %d lost", counts.lost) : "",
							   counts.available),
					  (counts.advice == NULL) ? APIKEY_SEVERITY_OK :
					  (counts.available > 0 || counts.lost == (int) rows.count) ?
					  APIKEY_SEVERITY_WARNING : APIKEY_SEVERITY_ERROR,
					  counts.advice);
}

/* How many data keys are wrapped with a master key. */
static int64
count_wraps_of(const ApikeyMasterKey *master)
{
	Datum		arg = PointerGetDatum(cstring_to_text_with_len((const char *) master->id,
															   APIKEY_MASTER_ID_SIZE));
	ApikeyRows	rows;
	bool		is_null;

	apikey_statement_run(&count_wraps, NULL, &arg, NULL, &rows);
	return DatumGetInt64(apikey_rows_get(&rows, 0, 1, &is_null));
}

/*
 * Which of the master keys after the first one are still needed in this
 * database.  Other databases use the same source, and must be checked as well.
 */
static void
put_older_master_keys(ReturnSetInfo *result)
{
	const ApikeyMasterKeys *masters = apikey_master_keys();
	StringInfoData list;
	bool		needed = false;

	initStringInfo(&list);
	for (int i = 1; i < masters->count; i++)
	{
		char		text[APIKEY_MASTER_ID_TEXT];
		int64		wraps = count_wraps_of(masters->keys[i]);

		CHECK_FOR_INTERRUPTS();
		apikey_master_key_id_text(masters->keys[i]->id, text);
		appendStringInfo(&list, "%s%s %s", (i > 1) ? ", " : "", text,
						 (wraps > 0) ?
						 psprintf("wraps data keys: " INT64_FORMAT, wraps) :
						 "not needed by this database");
		needed |= wraps > 0;
	}
	apikey_status_put(result, "older master keys", (list.len > 0) ? list.data : "none",
					  needed ? APIKEY_SEVERITY_WARNING : APIKEY_SEVERITY_OK,
					  needed ? "Keep the master keys that wrap data keys.  Run SELECT apikey.rewrap_data_keys() to wrap these data keys with the first master key." : NULL);
}

/* The planner's number of rows of api_keys; negative if it has none. */
static double
estimated_rows(void)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(apikey_table_oid("api_keys")));
	double		rows;

	if (!HeapTupleIsValid(tuple))
		return -1;
	rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
	ReleaseSysCache(tuple);
	return rows;
}

void
apikey_status_put_counts(ReturnSetInfo *result)
{
	ApikeyRows	rows;
	int64		count[5];
	const char *value;
	double		estimated = estimated_rows();
	bool		is_null;		/* never */

	apikey_statement_run(&count_stored, NULL, NULL, NULL, &rows);
	for (int i = 0; i < 5; i++)
		count[i] = DatumGetInt64(apikey_rows_get(&rows, 0, i + 1, &is_null));
	if (count[0] < COUNT_LIMIT)
		value = psprintf(INT64_FORMAT " active, " INT64_FORMAT " disabled, " INT64_FORMAT
						 " deleted; " INT64_FORMAT " expired",
						 count[1], count[2], count[3], count[4]);
	else if (estimated >= COUNT_LIMIT)
		value = psprintf("about %.0f, estimated from the planner's statistics", estimated);
	else
		value = psprintf("more than %d, not counted", COUNT_LIMIT - 1);
	apikey_status_put(result, "keys", value, APIKEY_SEVERITY_OK, NULL);
}

void
apikey_status_put_keys(ReturnSetInfo *result)
{
	bool		have_master = put_master_key(result);

	put_data_keys(result, APIKEY_PURPOSE_VALUE, have_master);
	put_data_keys(result, APIKEY_PURPOSE_COLUMN, have_master);
	if (have_master)
		put_older_master_keys(result);
	put_fernet_key(result);
}
