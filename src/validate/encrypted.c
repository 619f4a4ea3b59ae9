/*-------------------------------------------------------------------------
 *
 * encrypted.c
 *		Check of a stored value of type apikey.encrypted.
 *
 * The type's input functions accept only envelopes, but the bytes in a table
 * may have been altered since.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "compat.h"
#include "base/errors.h"
#include "core/envelope.h"
#include "validate/encrypted.h"

void
apikey_encrypted_require_valid(const bytea *envelope)
{
	if (!apikey_envelope_is_valid((const uint8_t *) VARDATA_ANY(envelope),
								  VARSIZE_ANY_EXHDR(envelope)))
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_MALFORMED),
				 errmsg("malformed encrypted value"),
				 errdetail("The stored bytes are not an envelope of a known version and suite."),
				 apikey_err_hide_statement()));
}
