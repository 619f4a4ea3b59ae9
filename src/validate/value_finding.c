/*-------------------------------------------------------------------------
 *
 * value_finding.c
 *		What a check finds wrong with a value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "validate/value_finding.h"

ApikeyFinding *
apikey_value_finding(bool is_error, const char *code, char *message, const char *hint)
{
	ApikeyFinding *finding = palloc(sizeof(ApikeyFinding));

	finding->is_error = is_error;
	finding->code = code;
	finding->message = message;
	finding->hint = pstrdup(hint);
	return finding;
}
