/*-------------------------------------------------------------------------
 *
 * key_loader.c
 *		Keys that a source yields.
 *
 * The raw bytes live on the stack of who reads them and are wiped before that
 * returns.
 * Keys are dropped before every new reading, so that a source that fails
 * after a reload leaves none: better no service than an old key.
 *
 * Each backend reads for itself.  The postmaster never does: a command that
 * hangs must not keep the server from starting.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/errors.h"
#include "keys/key_loader.h"

/*
 * A key source changes by reload alone: a key can be replaced without a
 * restart, and no session can point its own at another.  It is hidden from
 * ordinary roles because it tells where the keys lie.
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
 * Not whether a key is there, which may come later: check hooks run in the
 * postmaster too, where no file, variable or command may be read.
 */
bool
apikey_key_loader_check(const ApikeyKeyLoader *loader, const char *source)
{
	ApikeyKeySourceError error;

	if (apikey_key_source_is_valid(source, &error))
		return true;

	/* PostgreSQL's own message repeats the value: a key set by mistake? */
	GUC_check_errmsg("invalid value for parameter \"%s\"", loader->setting);
	GUC_check_errdetail("%s", error.summary);
	GUC_check_errhint("%s", error.hint);
	return false;
}

/* Take over the keys of a text. */
static bool
add_all(ApikeyKeyLoader *loader, const ApikeyKeytext *raw)
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
								  "Set it to \"env:NAME\", \"file:/path\" or \"command:/path argument ...\" and reload the configuration.",
								  "%s", "");
}

/* Read the source anew; on failure there are no keys. */
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
	if (ok && !add_all(loader, &raw))
	{
		loader->drop();
		ok = apikey_key_source_fail(error, "libcrypto failed.",
									"The server may be out of memory, or its OpenSSL may refuse AES-256-GCM.",
									"%s", "");
	}
	explicit_bzero(&raw, sizeof(raw));
	return ok;
}

/*
 * A reload is seen by the time of it, which PostgreSQL keeps.  A session takes
 * one in between two of its statements, or two batches of a long one.
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
		(void) add_all(loader, &raw);
	explicit_bzero(&raw, sizeof(raw));
}

/*
 * The client gets the summary; the server log the detail besides, which names
 * the path or variable.
 */
void
apikey_key_loader_raise(const ApikeyKeyLoader *loader, const ApikeyKeySourceError *error)
{
	/* If a cancel or a termination stopped the command, that is the error. */
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
