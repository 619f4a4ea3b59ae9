/*-------------------------------------------------------------------------
 *
 * envelope.c
 *		The envelope: an encrypted value as it is stored, its context and its
 *		text form.
 *
 * The bytes are part of the published format (doc/format.md): they never
 * change within a version and suite.  A version or suite that is not known
 * here is refused.
 *
 * A context is malloc'ed and freed with apikey_context_free(); neither a
 * context nor an envelope is secret, and no value is kept here.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "envelope.h"
#include "wipe.h"

#define DOMAIN_VALUE	"value"
#define DOMAIN_COLUMN	"column"

#define PREFIX_SIZE		(sizeof(APIKEY_ENVELOPE_TEXT_PREFIX) - 1)

bool
apikey_context_value(ApikeyContext *context, ApikeySpan user_id,
					 const uint8_t *id, ApikeySpan key_type, ApikeySpan name)
{
	const ApikeySpan fields[] = {
		{DOMAIN_VALUE, strlen(DOMAIN_VALUE)},
		user_id,
		{id, APIKEY_DATA_KEY_ID_SIZE},
		key_type,
		name
	};

	return apikey_pack(fields, 5, &context->data, &context->len);
}

bool
apikey_context_column(ApikeyContext *context, ApikeySpan name)
{
	const ApikeySpan fields[] = {
		{DOMAIN_COLUMN, strlen(DOMAIN_COLUMN)},
		name
	};

	return apikey_pack(fields, 2, &context->data, &context->len);
}

void
apikey_context_free(ApikeyContext *context)
{
	free(context->data);
	context->data = NULL;
	context->len = 0;
}

bool
apikey_envelope_is_valid(const uint8_t *envelope, size_t len)
{
	return len >= APIKEY_ENVELOPE_OVERHEAD &&
		len <= APIKEY_ENVELOPE_OVERHEAD + APIKEY_ENVELOPE_MAX_VALUE &&
		envelope[0] == APIKEY_ENVELOPE_VERSION &&
		envelope[1] == APIKEY_SUITE_XAES_256_GCM;
}

const uint8_t *
apikey_envelope_data_key_id(const uint8_t *envelope)
{
	return envelope + 2;
}

ApikeyResult
apikey_envelope_nonce(const ApikeyDataKey *key, const ApikeyContext *context,
					  const uint8_t *random, const void *value, size_t len,
					  uint8_t *nonce)
{
	const ApikeySpan associated = {context->data, context->len};
	const ApikeySpan message = {value, len};

	return apikey_make_nonce(key->nonce, random, associated, message, nonce);
}

ApikeyResult
apikey_envelope_seal(const ApikeyDataKey *key, const ApikeyContext *context,
					 const uint8_t *nonce, const void *value, size_t len,
					 uint8_t *envelope)
{
	uint8_t    *body = envelope + APIKEY_ENVELOPE_HEADER_SIZE;
	const ApikeySpan ad[] = {
		{envelope, APIKEY_ENVELOPE_HEADER_SIZE},
		{context->data, context->len}
	};
	ApikeyResult result;

	if (len > APIKEY_ENVELOPE_MAX_VALUE)
		return APIKEY_MALFORMED;

	envelope[0] = APIKEY_ENVELOPE_VERSION;
	envelope[1] = APIKEY_SUITE_XAES_256_GCM;
	memcpy(envelope + 2, key->id, APIKEY_DATA_KEY_ID_SIZE);
	memcpy(body, nonce, APIKEY_XAES_NONCE_SIZE);
	result = apikey_xaes_seal(&key->encrypt, nonce, ad, 2, value, len,
							  body + APIKEY_XAES_NONCE_SIZE);
	if (result != APIKEY_OK)
		apikey_wipe(envelope, len + APIKEY_ENVELOPE_OVERHEAD);
	return result;
}

ApikeyResult
apikey_envelope_open(const ApikeyDataKey *key, const ApikeyContext *context,
					 const uint8_t *envelope, size_t len, void *value)
{
	const uint8_t *nonce = envelope + APIKEY_ENVELOPE_HEADER_SIZE;
	const ApikeySpan ad[] = {
		{envelope, APIKEY_ENVELOPE_HEADER_SIZE},
		{context->data, context->len}
	};

	if (!apikey_envelope_is_valid(envelope, len))
	{
		if (len > APIKEY_ENVELOPE_OVERHEAD)
			apikey_wipe(value, len - APIKEY_ENVELOPE_OVERHEAD);
		return APIKEY_MALFORMED;
	}
	return apikey_xaes_open(&key->encrypt, nonce, ad, 2,
							nonce + APIKEY_XAES_NONCE_SIZE,
							len - APIKEY_ENVELOPE_HEADER_SIZE -
							APIKEY_XAES_NONCE_SIZE,
							value);
}

size_t
apikey_envelope_text_size(size_t len)
{
	return PREFIX_SIZE + apikey_base64url_encoded_size(len);
}

void
apikey_envelope_to_text(const uint8_t *envelope, size_t len, char *text)
{
	memcpy(text, APIKEY_ENVELOPE_TEXT_PREFIX, PREFIX_SIZE);
	apikey_base64url_encode(envelope, len, text + PREFIX_SIZE);
}

ApikeyResult
apikey_envelope_from_text(const char *text, size_t len, uint8_t *envelope,
						  size_t *envelope_len)
{
	if (len >= PREFIX_SIZE &&
		memcmp(text, APIKEY_ENVELOPE_TEXT_PREFIX, PREFIX_SIZE) == 0 &&
		apikey_base64_decode(text + PREFIX_SIZE, len - PREFIX_SIZE,
							 APIKEY_BASE64_URL, envelope,
							 envelope_len) == APIKEY_OK &&
		apikey_envelope_is_valid(envelope, *envelope_len))
		return APIKEY_OK;
	*envelope_len = 0;
	return APIKEY_MALFORMED;
}
