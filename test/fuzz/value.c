/*-------------------------------------------------------------------------
 *
 * value.c
 *		libFuzzer's entry to the validation of a value.
 *
 * The input chooses a type, which patterns match, and the value, with a secret in
 * it.  No finding and no error may quote the secret.
 *
 *-------------------------------------------------------------------------
 */
#include "backend.h"

#include "mb/pg_wchar.h"

#include "key_types.h"
#include "validate/checksum.h"
#include "validate/key_search.h"
#include "validate/key_type.h"
#include "validate/service_account.h"
#include "validate/value.h"
#include "validate/value_characters.h"
#include "validate/value_finding.h"
#include "validate/value_mask.h"

#define SECRET	"Zq7xSECRETx7qZ"

static const ApikeyKeyType *type;
static const char *value;
static size_t len;

static void
demand_hidden(const char *text)
{
	demand(strstr(text, SECRET) == NULL);
}

static void
check_findings(void)
{
	List	   *findings = apikey_value_validate(type, value, len);
	bool		warned = false;
	ListCell   *cell;

	foreach(cell, findings)
	{
		ApikeyFinding *finding = lfirst(cell);

		demand(!finding->is_error || !warned);
		warned = !finding->is_error;
		demand_hidden(finding->message);
		demand_hidden(finding->hint);
	}
}

/* Trimming twice is like trimming once, and removes no more than white space. */
static void
check_trim(void)
{
	const char *trimmed = value;
	size_t		trimmed_len = len;
	const char *again;
	size_t		again_len;

	apikey_value_trim(&trimmed, &trimmed_len);
	demand(trimmed >= value && trimmed + trimmed_len <= value + len);
	again = trimmed;
	again_len = trimmed_len;
	apikey_value_trim(&again, &again_len);
	demand(again == trimmed && again_len == trimmed_len);
}

static void
check_parts(void)
{
	const char *email;
	size_t		email_len;

	if (apikey_service_account_email(value, len, &email, &email_len))
		demand(email >= value && email + email_len <= value + len && email_len > 0);
	(void) apikey_looks_like_key(value, len);
	(void) apikey_is_masking(value, len, true);
	(void) apikey_checksum_passes("github", value, len);
	(void) apikey_checksum_passes("gitlab", value, len);
}

/* The value in room of its own, without a zero after it. */
static void
read_value(Input *input)
{
	bool		has_secret;
	char	   *before;
	char	   *after;
	char	   *joined;

	take_matches(input);
	type = apikey_key_type_nth(take_byte(input) % apikey_key_types()->count);
	has_secret = take_byte(input) & 1;
	before = take_string(input, 10000);
	after = take_string(input, 1000);
	joined = psprintf("%s%s%s", before, has_secret ? SECRET : "", after);
	len = strlen(joined);
	value = memcpy(palloc(len), joined, len);
	pfree(joined);
	if (!pg_verifymbstr(value, len, true))
		return;
	check_findings();
	check_trim();
	check_parts();
	apikey_value_require_valid(type, value, len, "value", !(has_secret && *after == 'x'));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};

	if (!call_backend(read_value, &input))
		demand_hidden(error_text);
	return 0;
}
