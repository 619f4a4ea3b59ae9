/*-------------------------------------------------------------------------
 *
 * encrypted_type.c
 *		The type apikey.encrypted: a varlena that contains an envelope.
 *
 * The input functions accept only a well-formed envelope, so that no plaintext
 * can be stored by mistake, and never repeat what they refuse.  They raise an
 * error even if the caller accepts soft errors: COPY ... ON_ERROR would report
 * the refused text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "compat.h"
#include "base/errors.h"
#include "core/base64.h"
#include "core/envelope.h"

PG_FUNCTION_INFO_V1(apikey_encrypted_in);
PG_FUNCTION_INFO_V1(apikey_encrypted_out);
PG_FUNCTION_INFO_V1(apikey_encrypted_recv);
PG_FUNCTION_INFO_V1(apikey_encrypted_send);
PG_FUNCTION_INFO_V1(apikey_data_key_id);

pg_noreturn static void
refuse_input(int sqlstate)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("invalid input for type apikey.encrypted"),
			 errdetail("Only encrypted values are accepted, which begin with \"%s\".",
					   APIKEY_ENVELOPE_TEXT_PREFIX),
			 errhint("To store a secret, use apikey.create_key(), or apikey.encrypt() for a column of your own table."),
			 apikey_err_hide_statement()));
}

/*
 * The output of apikey_encrypted_out(), as a palloc'ed varlena; 22P02 for
 * anything else.
 */
Datum
apikey_encrypted_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	size_t		len = strlen(text);
	bytea	   *result = palloc(VARHDRSZ + apikey_base64_decoded_size(len));
	size_t		size;

	if (apikey_envelope_from_text(text, len, (uint8_t *) VARDATA(result),
								  &size) != APIKEY_OK)
		refuse_input(ERRCODE_INVALID_TEXT_REPRESENTATION);
	SET_VARSIZE(result, VARHDRSZ + size);
	PG_RETURN_BYTEA_P(result);
}

/*
 * The text form: "ak1." and base64url.
 */
Datum
apikey_encrypted_out(PG_FUNCTION_ARGS)
{
	bytea	   *envelope = PG_GETARG_BYTEA_PP(0);
	size_t		size = apikey_envelope_text_size(VARSIZE_ANY_EXHDR(envelope));
	char	   *text = palloc(size + 1);

	apikey_envelope_to_text((uint8_t *) VARDATA_ANY(envelope),
							VARSIZE_ANY_EXHDR(envelope), text);
	text[size] = '\0';
	PG_RETURN_CSTRING(text);
}

/*
 * Binary input: the bytes of the envelope; 22P03 for anything else.
 */
Datum
apikey_encrypted_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			size = buffer->len - buffer->cursor;
	const char *bytes = pq_getmsgbytes(buffer, size);
	bytea	   *result;

	if (!apikey_envelope_is_valid((const uint8_t *) bytes, size))
		refuse_input(ERRCODE_INVALID_BINARY_REPRESENTATION);
	result = palloc(VARHDRSZ + size);
	SET_VARSIZE(result, VARHDRSZ + size);
	memcpy(VARDATA(result), bytes, size);
	PG_RETURN_BYTEA_P(result);
}

Datum
apikey_encrypted_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(PG_GETARG_BYTEA_P_COPY(0));
}

/*
 * apikey.data_key_id(encrypted) -> uuid
 *
 * The id of the data key that a value is encrypted with.  Only the header of a
 * toasted value is read.
 */
Datum
apikey_data_key_id(PG_FUNCTION_ARGS)
{
	bytea	   *head = PG_GETARG_BYTEA_P_SLICE(0, 0, APIKEY_ENVELOPE_HEADER_SIZE);
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));

	if (VARSIZE_ANY_EXHDR(head) < APIKEY_ENVELOPE_HEADER_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_MALFORMED),
				 errmsg("malformed encrypted value"),
				 apikey_err_hide_statement()));
	memcpy(id->data,
		   apikey_envelope_data_key_id((const uint8_t *) VARDATA_ANY(head)),
		   APIKEY_DATA_KEY_ID_SIZE);
	PG_RETURN_UUID_P(id);
}
