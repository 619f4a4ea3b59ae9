/*-------------------------------------------------------------------------
 *
 * key_loader.c
 *		Loading the keys of a key source; see key_loader.h.
 *
 * The raw bytes exist only on the stack of the function that reads them, which
 * wipes them before it returns.  The old keys are dropped before the source is
 * read again, so that a source that fails after a reload leaves none: no
 * service is better than an old key.
 *
 * Each backend reads the source itself.  The postmaster never does: a command
 * that hangs must not keep the server from starting.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/errors.h"
#include "keys/key_loader.h"

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
							   NULL,
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

/* Take the parsed keys over. */
static bool
take_over(ApikeyKeyLoader *loader, const ApikeyKeytext *raw)
{
	for (int i = 0; i < raw->count; i++)
	{
		if (!loader->add(raw->keys[i]))
			return false;
	}
	return true;
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

/* Drop the keys and read the source; on failure there are no keys. */
static bool
read_source(ApikeyKeyLoader *loader, ApikeyKeySourceError *error)
{
	ApikeyKeytext raw;
	bool		ok;

	loader->drop();
	loader->is_loaded = false;
	if (loader->source[0] == '\0')
		return fail_unset(loader, error);

	ok = apikey_key_source_read(loader->source, &raw, error);
	if (ok && !take_over(loader, &raw))
	{
		loader->drop();
		ok = apikey_key_source_fail(error, "libcrypto failed.",
									APIKEY_LIBCRYPTO_HINT,
									"%s", "");
	}
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
	Assert(IsUnderPostmaster || !IsPostmasterEnvironment);

	if (loader->is_loaded && loader->loaded_for == PgReloadTime)
		return true;
	if (!read_source(loader, error))
		return false;
	loader->loaded_for = PgReloadTime;
	loader->is_loaded = true;
	return true;
}

void
apikey_key_loader_extend(ApikeyKeyLoader *loader)
{
	ApikeyKeySourceError ignored;
	ApikeyKeytext raw;

	if (loader->is_loaded && apikey_key_source_read(loader->source, &raw, &ignored))
		(void) take_over(loader, &raw);
	explicit_bzero(&raw, sizeof(raw));
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

	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_NO_MASTER_KEY),
			 errmsg("%s", loader->missing),
			 errdetail("%s", error->summary),
			 errdetail_log("%s%s%s", error->summary,
						   error->detail[0] ? "  " : "", error->detail),
			 error->hint[0] ? errhint("%s", error->hint) : 0,
			 apikey_err_hide_statement()));
}
