/*-------------------------------------------------------------------------
 *
 * arguments.c
 *		Checks of arguments that several functions have; see arguments.h.
 *
 * A name, a reason or a string in metadata that looks like a provider's key is
 * a secret pasted into the wrong field: it is refused, and no message repeats
 * it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "compat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/odd_character.h"
#include "core/base64.h"
#include "exec/identity.h"
#include "validate/arguments.h"
#include "validate/env_var.h"
#include "validate/key_search.h"

/* A later expiry is probably a mistake, such as milliseconds taken for seconds. */
#define EXPIRY_DAYS_MAX	36525
/* The greatest age, so that subtracting it from now() cannot fail. */
#define AGE_MAX_YEARS	1000

#define AGE_HINT	"Pass an interval such as '30 days'."

/*
 * The syntax of the type's input function: optional braces, and an optional
 * hyphen after each group of four digits.
 */
bool
apikey_arg_is_uuid(const char *text, unsigned char *uuid)
{
	bool		braces = (*text == '{');

	text += braces;
	for (int i = 0; i < 16; i++)
	{
		if (*text == '\0' || apikey_hex_decode(text, 1, &uuid[i]) != APIKEY_OK)
			return false;
		text += 2;
		if (*text == '-' && i % 2 == 1 && i < 15)
			text++;
	}
	text += braces && *text == '}' ? 1 : 0;
	return *text == '\0' && (!braces || text[-1] == '}');
}

void
apikey_arg_require(FunctionCallInfo fcinfo, int number, const char *argument,
				   const char *what, const char *hint)
{
	if (PG_ARGISNULL(number))
		apikey_refuse_argument(argument, psprintf("%s is required", what),
							   NULL, hint);
}

/* A name that only looks like another one, or whose end cannot be seen. */
static void
refuse_odd_name(const char *name, size_t len, const char *argument)
{
	ApikeyOddCharacter odd;
	const char *detail;

	if (!apikey_find_odd_character(name, len, &odd))
		return;
	detail = apikey_odd_character_text(&odd);
	switch (odd.oddity)
	{
		case APIKEY_ODD_CONTROL:
			apikey_refuse_argument(argument, "name contains a control character", detail,
								   "Remove line breaks, tabs and text direction marks.");
		case APIKEY_ODD_OUTER_SPACE:
			apikey_refuse_argument(argument, "name begins or ends with white space", detail,
								   "Trim the name.");
		case APIKEY_ODD_INVISIBLE:
			apikey_refuse_argument(argument, "name contains an invisible character", detail,
								   "Remove that character.");
	}
}

char *
apikey_arg_name(const text *name, const char *argument)
{
	char	   *result = text_to_cstring(name);
	size_t		len = strlen(result);
	unsigned char uuid[16];

	if (len == 0)
		apikey_refuse_argument(argument, "name is empty", NULL,
							   "Give the key a name, such as \"default\".");
	if (pg_mbstrlen_with_len(result, len) > APIKEY_NAME_MAX)
		apikey_refuse_argument(argument, "name is too long",
							   psprintf("A name has at most %d characters.", APIKEY_NAME_MAX),
							   "Shorten the name.");
	refuse_odd_name(result, len, argument);
	if (apikey_arg_is_uuid(result, uuid))
		apikey_refuse_argument(argument, "name looks like a UUID",
							   "Functions that take a name read a UUID as the id of a key.",
							   "Choose a descriptive name, such as \"default\".");
	if (!apikey_is_nfc(result, len))
		apikey_refuse_argument(argument, "name is not in Unicode normalization form C",
							   NULL, "Pass normalize(name, NFC).");
	if (apikey_looks_like_key(result, len))
		apikey_refuse_argument(argument, "name looks like an API key",
							   "Names are shown in lists and are not encrypted.",
							   "Pass the secret as the value, and choose a name for it.");
	return result;
}

char *
apikey_arg_user_id(FunctionCallInfo fcinfo, int number, const char *argument)
{
	char	   *result;

	apikey_arg_require(fcinfo, number, argument, "user id", APIKEY_USER_ID_HINT);
	result = text_to_cstring(PG_GETARG_TEXT_PP(number));
	if (!apikey_is_user_id(result, strlen(result)))
		apikey_refuse_argument(argument, "invalid user id",
							   psprintf(APIKEY_USER_ID_RULE, APIKEY_USER_ID_MAX),
							   APIKEY_USER_ID_HINT);
	return result;
}

const ApikeyKeyType *
apikey_arg_key_type(FunctionCallInfo fcinfo, int number)
{
	apikey_arg_require(fcinfo, number, "key_type", "key type",
					   APIKEY_KEY_TYPE_HINT);
	return apikey_key_type_get(text_to_cstring(PG_GETARG_TEXT_PP(number)),
							   "key_type");
}

char *
apikey_arg_reason(const text *reason)
{
	char	   *result = text_to_cstring(reason);
	size_t		len = strlen(result);

	if (pg_mbstrlen_with_len(result, len) > APIKEY_NAME_MAX ||
		apikey_has_control(result, len))
		apikey_refuse_argument("reason", "invalid reason",
							   psprintf("A reason has at most %d characters, none of them a control character.",
										APIKEY_NAME_MAX), "Shorten the reason to one line.");
	if (apikey_looks_like_key(result, len))
		apikey_refuse_argument("reason", "reason looks like an API key",
							   "Reasons are shown in lists and are not encrypted.",
							   "Leave the secret out of the reason.");
	return result;
}

char *
apikey_arg_env_var(const text *env_var, const char *argument)
{
	char	   *result = text_to_cstring(env_var);

	apikey_env_var_check(result, argument);
	return result;
}

bool
apikey_arg_is_json_null(Jsonb *json)
{
	JsonbValue	value;

	return JB_ROOT_IS_SCALAR(json) &&
		JsonbExtractScalar(&json->root, &value) && value.type == jbvNull;
}

bool
apikey_arg_check_format(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) || PG_GETARG_BOOL(number);
}

void
apikey_arg_past(TimestampTz at, const char *argument)
{
	if (TIMESTAMP_NOT_FINITE(at) || at > GetCurrentTimestamp())
		apikey_refuse_argument(argument, "timestamp must be finite and in the past", NULL,
							   "Pass the time at which it happened, or omit it.");
}

static bool
is_less(const Interval *left, const Interval *right)
{
	return DatumGetBool(DirectFunctionCall2(interval_lt,
											IntervalPGetDatum(unconstify(Interval *, left)),
											IntervalPGetDatum(unconstify(Interval *, right))));
}

Interval *
apikey_arg_age(FunctionCallInfo fcinfo, int number, const char *argument)
{
	Interval	zero = {0};
	Interval	most = {.month = MONTHS_PER_YEAR * AGE_MAX_YEARS};
	Interval   *age;

	apikey_arg_require(fcinfo, number, argument, "age", AGE_HINT);
	age = PG_GETARG_INTERVAL_P(number);
	if (is_less(age, &zero) || is_less(&most, age))
		apikey_refuse_argument(argument,
							   psprintf("%s must be between 0 and %d years",
										argument, AGE_MAX_YEARS),
							   NULL, AGE_HINT);
	return age;
}

void
apikey_arg_expires_at(TimestampTz expires_at, bool allow_past, const char *argument)
{
	TimestampTz now = GetCurrentTimestamp();

	if (expires_at <= now && !allow_past)
		apikey_refuse_argument(argument, "expires_at is in the past", NULL,
							   "Use a future timestamp, or 'infinity' for none.");
	if (!TIMESTAMP_NOT_FINITE(expires_at) &&
		expires_at / USECS_PER_DAY - now / USECS_PER_DAY > EXPIRY_DAYS_MAX)
		apikey_warn_argument(argument, "expires_at is more than 100 years away",
							 "If it was made of a number, check its unit: to_timestamp() takes seconds, not milliseconds.");
}

Datum
apikey_optional_text(const char *value, bool *is_null)
{
	*is_null = value == NULL || *value == '\0';
	return *is_null ? (Datum) 0 : CStringGetTextDatum(value);
}
