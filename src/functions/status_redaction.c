/*-------------------------------------------------------------------------
 *
 * status_redaction.c
 *		status: what keeps values out of the server log and of views.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/varlena.h"

#include "functions/status.h"
#include "redact/log_hook.h"
#include "redact/secret.h"

/*
 * The libraries that are preloaded after this one: they see a message or a statement
 * before it is redacted.  Empty if there are none.
 */
static char *
later_libraries(void)
{
	List	   *libraries;
	ListCell   *cell;
	StringInfoData later;
	bool		is_later = false;

	initStringInfo(&later);
	if (!SplitDirectoriesString(pstrdup(shared_preload_libraries_string), ',', &libraries))
		return later.data;
	foreach(cell, libraries)
	{
		const char *path = lfirst(cell);
		const char *slash = strrchr(path, '/');
		const char *name = slash != NULL ? slash + 1 : path;

		CHECK_FOR_INTERRUPTS();
		if (is_later)
			appendStringInfo(&later, "%s%s", later.len > 0 ? ", " : "", name);
		if (strcmp(name, "apikey") == 0)
			is_later = true;
	}
	return later.data;
}

static void
put_log(ReturnSetInfo *result)
{
	const char *later = later_libraries();

	if (!apikey_log_hook_is_on())
		apikey_status_put(result, "redaction", "off", APIKEY_SEVERITY_WARNING,
						  "Values can appear in the server log.  Set apikey.redact_logs to on where it is off: in the configuration, for the database or for the role.");
	else if (!apikey_status_is_preloaded())
		apikey_status_put(result, "redaction", "partial", APIKEY_SEVERITY_WARNING,
						  "A session redacts its messages only after its first call of a function of apikey.  Add apikey to shared_preload_libraries and restart the server.  Until then, pass values as bound parameters, and set log_statement to none or ddl, log_min_error_statement to panic, log_min_duration_statement to -1, and log_parameter_max_length and log_parameter_max_length_on_error to 0.");
	else if (*later != '\0')
		apikey_status_put(result, "redaction", psprintf("on, but preloaded before %s", later),
						  APIKEY_SEVERITY_WARNING,
						  "A library that is loaded later sees statements before they are redacted; pg_stat_statements stores them.  Move apikey to the end of shared_preload_libraries and restart the server.");
	else
		apikey_status_put(result, "redaction", "on", APIKEY_SEVERITY_OK, NULL);
}

/* For development servers, where whoever writes the statements reads this. */
static void
put_literals(ReturnSetInfo *result)
{
	apikey_status_put(result, "values in statements",
					  apikey_secret_rejects_literals() ? "refused" :
					  "accepted; apikey.reject_literals = on, for development servers, refuses them",
					  APIKEY_SEVERITY_OK, NULL);
}

void
apikey_status_put_redaction(ReturnSetInfo *result)
{
	put_log(result);
	put_literals(result);
}
