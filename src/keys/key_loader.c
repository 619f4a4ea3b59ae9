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

/* Take over the keys of a text. */
static bool
add_all(ApikeyKeyLoader *load, const ApikeyKeytext *raw)
{
	for (int i = 0; i < raw->count; i++)
	{
		if (!load->add(raw->keys[i]))
			return false;
	}
	return true;
}

static bool
fail_unset(const ApikeyKeyLoader *load, ApikeyKeySourceError *error)
{
	char		summary[sizeof(error->summary)];

	snprintf(summary, sizeof(summary), "%s is not set.", load->setting);
	return apikey_key_source_fail(error, summary,
								  "Set it to \"env:NAME\", \"file:/path\" or \"command:/path argument ...\" and reload the configuration.",
								  "%s", "");
}

/* Read the source anew; on failure there are no keys. */
static bool
read_source(ApikeyKeyLoader *load, ApikeyKeySourceError *error)
{
	ApikeyKeytext raw;
	bool		ok;

	load->drop();
	load->is_loaded = false;
	if ((*load->source)[0] == '\0')
		return fail_unset(load, error);

	ok = apikey_key_source_read(*load->source, &raw, error);
	if (ok && !add_all(load, &raw))
	{
		load->drop();
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
apikey_key_loader_load(ApikeyKeyLoader *load, ApikeyKeySourceError *error)
{
	Assert(IsUnderPostmaster || !IsPostmasterEnvironment);

	if (load->is_loaded && load->loaded_for == PgReloadTime)
		return true;
	if (!read_source(load, error))
		return false;
	load->loaded_for = PgReloadTime;
	load->is_loaded = true;
	return true;
}

void
apikey_key_loader_extend(ApikeyKeyLoader *load)
{
	ApikeyKeySourceError ignored;
	ApikeyKeytext raw;

	if (load->is_loaded && apikey_key_source_read(*load->source, &raw, &ignored))
		(void) add_all(load, &raw);
	explicit_bzero(&raw, sizeof(raw));
}

/*
 * The client gets the summary; the server log the detail besides, which names
 * the path or variable.
 */
void
apikey_key_loader_raise(const ApikeyKeyLoader *load, const ApikeyKeySourceError *error)
{
	/* If a cancel or a termination stopped the command, that is the error. */
	CHECK_FOR_INTERRUPTS();

	ereport(ERROR,
			(errcode(ERRCODE_APIKEY_NO_MASTER_KEY),
			 errmsg("%s", load->missing),
			 errdetail("%s", error->summary),
			 errdetail_log("%s%s%s", error->summary,
						   error->detail[0] ? "  " : "", error->detail),
			 error->hint[0] ? errhint("%s", error->hint) : 0,
			 apikey_err_hide_statement()));
}
