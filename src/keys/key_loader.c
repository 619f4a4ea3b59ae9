/*-------------------------------------------------------------------------
 *
 * key_loader.c
 *		Loading the keys of a key source; see key_loader.h.
 *
 * The raw bytes exist only on the stack of the function that reads them, which
 * wipes them before it returns.  A source that fails after a reload leaves no
 * keys: no service is better than an old key.  A command whose keys are cached for
 * all sessions is the exception, since it depends on other services: key_cache.h
 * says how long old keys are used.
 *
 * Sessions read the sources.  The postmaster never does: a command that hangs must
 * not keep the server from starting.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "base/errors.h"
#include "keys/key_cache.h"
#include "keys/key_loader.h"
#include "keys/key_read_event.h"

/*
 * A key source can be changed only by a reload: a key can be replaced without
 * a restart, and no session can use another source.  The setting is hidden
 * from ordinary roles because it reveals where the keys are.
 */
void
apikey_key_loader_init(ApikeyKeyLoader *loader, const char *short_desc,
					   const char *long_desc, GucStringCheckHook check)
{
	DefineCustomStringVariable(loader->setting,
							   short_desc,
							   long_desc,
							   &loader->source,
							   "",
							   PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY,
							   check,
							   apikey_key_cache_assign_source,
							   NULL);
	if (process_shared_preload_libraries_in_progress)
		apikey_key_source_env_scrub(loader->source);
}

/*
 * Whether the source yields a key is not checked: check hooks also run in the
 * postmaster, where no file, variable or command may be read.
 */
bool
apikey_key_loader_check(const ApikeyKeyLoader *loader, const char *source)
{
	ApikeyKeySourceError error;

	if (apikey_key_source_is_valid(source, &error))
		return true;

	/* PostgreSQL's message would repeat the value, which may be a key. */
	GUC_check_errmsg("invalid value for parameter \"%s\"", loader->setting);
	GUC_check_errdetail("%s", error.summary);
	GUC_check_errhint("%s", error.hint);
	return false;
}

/* Take the parsed keys over; what there is no room for waits for a reload. */
static bool
take_over(ApikeyKeyLoader *loader, const ApikeyKeytext *raw)
{
	for (int i = 0; i < raw->count; i++)
	{
		if (*loader->count == APIKEY_KEYTEXT_MAX_KEYS)
			break;
		if (!loader->add(raw->keys[i]))
			return false;
	}
	return true;
}

static void
drop_keys(ApikeyKeyLoader *loader)
{
	loader->drop();
	loader->is_loaded = false;
	loader->cached.generation = 0;
}

/* Replace the keys. */
static bool
replace_keys(ApikeyKeyLoader *loader, const ApikeyKeytext *raw,
			 ApikeyKeySourceError *error)
{
	loader->drop();
	if (take_over(loader, raw))
		return true;
	apikey_key_source_fail(error, "libcrypto failed.", APIKEY_LIBCRYPTO_HINT, "%s", "");
	error->sqlstate = ERRCODE_INTERNAL_ERROR;
	return false;
}

static bool
fail_unset(const ApikeyKeyLoader *loader, ApikeyKeySourceError *error)
{
	char		summary[sizeof(error->summary)];

	snprintf(summary, sizeof(summary), "%s is not set.", loader->setting);
	return apikey_key_source_fail(error, summary,
								  "Set it to \"env:NAME\", \"file:/path\" or \"command:/path argument ...\", and reload the configuration.",
								  "%s", "");
}

/* Has this session's own attempt to run the command just failed? */
static bool
has_just_failed(const ApikeyKeyLoader *loader)
{
	TimestampTz now = GetCurrentTimestamp();

	return loader->failed_at != 0 && loader->failed_for == PgReloadTime &&
		now >= loader->failed_at &&
		now - loader->failed_at < APIKEY_FAILURE_MEMORY * USECS_PER_SEC;
}

/* Only a command is worth it: it may run into its time limit. */
static void
remember_outcome(ApikeyKeyLoader *loader, bool ok, const ApikeyKeySourceError *error)
{
	loader->failed_at = 0;
	if (ok || error->interrupted ||
		strcmp(apikey_key_source_scheme(loader->source), "command") != 0)
		return;
	loader->failed_at = GetCurrentTimestamp();
	loader->failed_for = PgReloadTime;
	loader->failure = *error;
}

/* Without the cache: drop the keys and read the source. */
static bool
load_own(ApikeyKeyLoader *loader, ApikeyKeySourceError *error)
{
	ApikeyKeytext raw;
	bool		ok;

	if (loader->is_loaded && loader->loaded_for == PgReloadTime)
		return true;
	drop_keys(loader);
	apikey_key_cache_clear(loader->cached.kind);
	if (loader->source[0] == '\0')
		return fail_unset(loader, error);
	if (has_just_failed(loader))
	{
		*error = loader->failure;
		return false;
	}
	ok = apikey_key_source_read(loader->source, &raw, error);
	remember_outcome(loader, ok, error);
	ok = ok && replace_keys(loader, &raw, error);
	explicit_bzero(&raw, sizeof(raw));
	apikey_key_read_event(loader->cached.kind, loader->source, ok, error);
	return ok;
}

/*
 * The postmaster reports a reload to the cache if the setting is in a
 * configuration file.  If it is not (it may be on the command line), each session
 * asks for keys that are as new as its own last reload.
 */
static void
note_reload(ApikeyKeyLoader *loader)
{
	struct config_generic *setting = apikey_find_option(loader->setting);

	loader->cached.keys_read = 0;
	loader->cached.not_before = setting->source == PGC_S_FILE ? 0 : PgReloadTime;
	loader->loaded_for = PgReloadTime;
}

/* Through the cache: the keys stay if it has no others. */
static bool
load_cached(ApikeyKeyLoader *loader, ApikeyKeySourceError *error)
{
	ApikeyKeyCacheRequest *cached = &loader->cached;
	ApikeyKeyCacheRequest request;
	ApikeyKeytext raw;
	ApikeyKeyCacheAnswer answer;
	bool		ok;

	if (loader->loaded_for != PgReloadTime)
		note_reload(loader);
	cached->setting = loader->setting;
	cached->source = loader->source;
	request = *cached;
	cached->min_epoch = 0;		/* for this call only, even if it raises */
	answer = apikey_key_cache_get(&request, &raw, error);
	cached->generation = request.generation;
	cached->keys_read = request.keys_read;
	ok = answer == APIKEY_CACHE_UNCHANGED ||
		(answer == APIKEY_CACHE_KEYS && replace_keys(loader, &raw, error));
	explicit_bzero(&raw, sizeof(raw));
	return ok;
}

/*
 * A reload is recognized by its time, PgReloadTime.  A session processes a
 * reload between two statements, or between two batches of a procedure.
 */
bool
apikey_key_loader_load(ApikeyKeyLoader *loader, ApikeyKeySourceError *error)
{
	bool		ok;

	Assert(IsUnderPostmaster || !IsPostmasterEnvironment);

	if (loader->is_loaded && loader->loaded_for == PgReloadTime &&
		loader->loaded_in == GetCurrentStatementStartTimestamp())
		return true;
	ok = apikey_key_cache_serves(loader->source) ?
		load_cached(loader, error) : load_own(loader, error);
	if (!ok)
	{
		drop_keys(loader);
		return false;
	}
	loader->is_loaded = true;
	loader->loaded_for = PgReloadTime;
	loader->loaded_in = GetCurrentStatementStartTimestamp();
	return true;
}

void
apikey_key_loader_reread(ApikeyKeyLoader *loader)
{
	loader->is_loaded = false;
	loader->failed_at = 0;
	if (apikey_key_cache_serves(loader->source))
		loader->cached.min_epoch = apikey_key_cache_expire(loader->cached.kind);
}

uint64
apikey_key_loader_moment(const ApikeyKeyLoader *loader)
{
	return apikey_key_cache_epoch(loader->cached.kind);
}

/*
 * The request is a copy, so that the next statement still finds that the cache
 * has other keys than are loaded, and replaces them.
 */
static bool
extend_cached(ApikeyKeyLoader *loader, uint64 since)
{
	ApikeyKeyCacheRequest request = loader->cached;
	ApikeyKeySourceError ignored;
	ApikeyKeytext raw;
	bool		renewed = apikey_key_cache_renew(&request, since);

	if (apikey_key_cache_get(&request, &raw, &ignored) == APIKEY_CACHE_KEYS)
		(void) take_over(loader, &raw);
	explicit_bzero(&raw, sizeof(raw));
	return renewed;
}

bool
apikey_key_loader_extend(ApikeyKeyLoader *loader, uint64 since)
{
	ApikeyKeySourceError error;
	ApikeyKeytext raw;
	bool		ok;

	if (!loader->is_loaded)
		return true;
	if (apikey_key_cache_serves(loader->source))
		return extend_cached(loader, since);
	ok = apikey_key_source_read(loader->source, &raw, &error);
	if (ok)
		(void) take_over(loader, &raw);
	explicit_bzero(&raw, sizeof(raw));
	apikey_key_read_event(loader->cached.kind, loader->source, ok, &error);
	return true;
}

bool
apikey_key_loader_is_stale(const ApikeyKeyLoader *loader,
						   ApikeyKeySourceError *error, TimestampTz *until)
{
	return loader->is_loaded && apikey_key_cache_serves(loader->source) &&
		apikey_key_cache_is_stale(&loader->cached, error, until);
}

/* The key may be there: a missing one would have an administrator look for it. */
pg_noreturn static void
raise_not_read(const ApikeyKeySourceError *error)
{
	if (error->sqlstate != ERRCODE_OUT_OF_MEMORY)
		apikey_raise_libcrypto();
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("out of memory"),
			 errdetail("%s", error->summary),
			 errdetail_log("%s  %s", error->summary, error->detail),
			 apikey_err_hide_statement()));
}

/*
 * The client gets only the summary.  The server log also gets the detail, which
 * has the path or variable.
 */
void
apikey_key_loader_raise(const ApikeyKeyLoader *loader, const ApikeyKeySourceError *error)
{
	/* If a cancel or a termination stopped a key command, that is the error. */
	CHECK_FOR_INTERRUPTS();
	if (error->sqlstate != ERRCODE_APIKEY_NO_MASTER_KEY)
		raise_not_read(error);

	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_NO_MASTER_KEY),
			 errmsg("%s", loader->missing),
			 errdetail("%s", error->summary),
			 errdetail_log("%s%s%s", error->summary,
						   error->detail[0] ? "  " : "", error->detail),
			 error->hint[0] ? errhint("%s", error->hint) : 0,
			 apikey_err_hide_statement()));
}
