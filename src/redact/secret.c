/*-------------------------------------------------------------------------
 *
 * secret.c
 *		Values that pass through our functions; see secret.h.
 *
 * This does not depend on preloading: whatever the hooks have missed, the statement
 * that other sessions see is clean as soon as the function runs, before it waits
 * for anything.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "tcop/tcopprot.h"
#include "utils/guc.h"

#include "compat.h"
#include "base/errors.h"
#include "core/value_match.h"
#include "redact/activity.h"
#include "redact/in_flight.h"
#include "redact/secret.h"

/*
 * apikey.reject_literals
 *
 * For sites that want to be sure: a value that stands in the text of the statement
 * is refused, whatever part of the statement that is, since the server or a proxy
 * may log the text.  Only superusers may set it.
 */
static bool reject_literals = false;

static bool
is_in_statement(const char *value, size_t len)
{
	return debug_query_string != NULL &&
		apikey_value_is_in(debug_query_string, strlen(debug_query_string), value, len);
}

/* White space around a value is not stored, so what may be quoted is without. */
static void
trim_spaces(const char **value, size_t *len)
{
	while (*len > 0 && isspace((unsigned char) **value))
	{
		(*value)++;
		(*len)--;
	}
	while (*len > 0 && isspace((unsigned char) (*value)[*len - 1]))
		(*len)--;
}

void
apikey_secret_received(FunctionCallInfo fcinfo, int arg, const char *argument)
{
	const char *value;
	size_t		len;
	text	   *given;

	if (PG_ARGISNULL(arg))
		return;
	given = PG_GETARG_TEXT_PP(arg);
	value = VARDATA_ANY(given);
	len = VARSIZE_ANY_EXHDR(given);
	trim_spaces(&value, &len);
	apikey_in_flight_add(value, len);
	apikey_activity_redact_value(value, len);
	if (reject_literals && is_in_statement(value, len))
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_LITERAL),
				 errmsg("value is part of the statement"),
				 errdetail("The setting apikey.reject_literals is on, since statements may be logged."),
				 errhint("Pass the value as a bound parameter."),
				 apikey_err_argument(argument)));
}

void
apikey_secret_revealed(const char *value, size_t len)
{
	apikey_in_flight_add(value, len);
}

bool
apikey_secret_rejects_literals(void)
{
	return reject_literals;
}

void
apikey_secret_init(void)
{
	DefineCustomBoolVariable("apikey.reject_literals",
							 "Refuses values that are part of the statement.",
							 "A value must then be passed as a bound parameter.",
							 &reject_literals,
							 false,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}
