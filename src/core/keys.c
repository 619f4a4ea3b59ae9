/*-------------------------------------------------------------------------
 *
 * keys.c
 *		Master keys, data keys, and wrapping the latter with the former.
 *
 * The bytes of a wrap and the labels of the derivations are part of the
 * published format (doc/format.md): they never change within a version.
 *
 * Derived bytes that live on the stack are wiped before a function returns;
 * structs are wiped when they are freed.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "kdf.h"
#include "keys.h"
#include "secret.h"
#include "wipe.h"

#define LABEL_MASTER_WRAP		"apikey/1/master/wrap"
#define LABEL_MASTER_ID			"apikey/1/master/id"
#define LABEL_MASTER_NONCE		"apikey/1/master/nonce"
#define LABEL_DATA_ENCRYPT		"apikey/1/data/encrypt"
#define LABEL_DATA_NONCE		"apikey/1/data/nonce"
#define LABEL_DATA_FINGERPRINT	"apikey/1/data/fingerprint"

#define WRAP_DOMAIN		"data key"
#define LENGTH_SIZE		4		/* of the length before a packed span */

bool
apikey_pack(const ApikeySpan *spans, int count, uint8_t **data, size_t *len)
{
	size_t		total = 0;
	uint8_t    *next;

	for (int i = 0; i < count; i++)
	{
		if (spans[i].len > UINT32_MAX ||
			spans[i].len > SIZE_MAX - LENGTH_SIZE - total)
			return false;
		total += LENGTH_SIZE + spans[i].len;
	}
	next = malloc(total);
	if (next == NULL)
		return false;

	*data = next;
	*len = total;
	for (int i = 0; i < count; i++)
	{

		for (int shift = 24; shift >= 0; shift -= 8)
			*next++ = (uint8_t) (spans[i].len >> shift);
		if (spans[i].len > 0)
			memcpy(next, spans[i].data, spans[i].len);
		next += spans[i].len;
	}
	return true;
}

/* An XAES key derived from a raw key; false on failure. */
static bool
derive_xaes(const uint8_t *raw, const char *label, ApikeyXaes *xaes)
{
	uint8_t		derived[APIKEY_XAES_KEY_SIZE];
	bool		ok = apikey_hkdf(raw, APIKEY_KEY_SIZE, label,
								 derived, sizeof(derived)) == APIKEY_OK &&
	apikey_xaes_init(xaes, derived);

	apikey_wipe(derived, sizeof(derived));
	return ok;
}

/* len bytes derived from a raw key; false on failure. */
static bool
derive(const uint8_t *raw, const char *label, uint8_t *out, size_t len)
{
	return apikey_hkdf(raw, APIKEY_KEY_SIZE, label, out, len) == APIKEY_OK;
}

/* Whatever fails here fails again, and is reported, when it is needed. */
void
apikey_keys_warm_up(void)
{
	static const uint8_t zeros[APIKEY_KEY_SIZE];
	uint8_t		out[APIKEY_SHA256_SIZE];
	ApikeyXaes	xaes;

	(void) apikey_hkdf(zeros, sizeof(zeros), "", out, sizeof(out));
	(void) apikey_hmac(zeros, sizeof(zeros), zeros, sizeof(zeros), out);
	if (apikey_xaes_init(&xaes, zeros))
		(void) apikey_xaes_seal(&xaes, zeros, NULL, 0, NULL, 0, out);
}

ApikeyMasterKey *
apikey_master_key_new(const uint8_t *raw)
{
	ApikeyMasterKey *key = apikey_secret_new(sizeof(ApikeyMasterKey));

	if (key == NULL)
		return NULL;
	if (derive_xaes(raw, LABEL_MASTER_WRAP, &key->wrap) &&
		derive(raw, LABEL_MASTER_NONCE, key->nonce, sizeof(key->nonce)) &&
		derive(raw, LABEL_MASTER_ID, key->id, sizeof(key->id)))
		return key;
	apikey_master_key_free(key);
	return NULL;
}

void
apikey_master_key_free(ApikeyMasterKey *key)
{
	apikey_secret_free(key, sizeof(*key));
}

ApikeyDataKey *
apikey_data_key_new(const uint8_t *id, const uint8_t *raw)
{
	ApikeyDataKey *key = apikey_secret_new(sizeof(ApikeyDataKey));

	if (key == NULL)
		return NULL;
	memcpy(key->id, id, sizeof(key->id));
	if (derive_xaes(raw, LABEL_DATA_ENCRYPT, &key->encrypt) &&
		derive(raw, LABEL_DATA_NONCE, key->nonce, sizeof(key->nonce)) &&
		derive(raw, LABEL_DATA_FINGERPRINT,
			   key->fingerprint, sizeof(key->fingerprint)))
		return key;
	apikey_data_key_free(key);
	return NULL;
}

void
apikey_data_key_free(ApikeyDataKey *key)
{
	apikey_secret_free(key, sizeof(*key));
}

/* The context tells its own length, so no two lists have the same bytes. */
ApikeyResult
apikey_make_nonce(const uint8_t *key, const uint8_t *random,
				  ApikeySpan context, ApikeySpan message, uint8_t *nonce)
{
	const ApikeySpan parts[] = {
		{random, APIKEY_XAES_NONCE_SIZE},
		context,
		message
	};
	uint8_t		digest[APIKEY_SHA256_SIZE];
	ApikeyResult result = apikey_hmac_spans(key, APIKEY_KEY_SIZE, parts, 3, digest);

	/* On failure the digest was wiped, so zeros are copied. */
	memcpy(nonce, digest, APIKEY_XAES_NONCE_SIZE);
	apikey_wipe(digest, sizeof(digest));
	return result;
}

/*
 * What a wrap authenticates besides its header: that it wraps a data key,
 * which one, and for what purpose.  The caller frees ad->data, which is not secret.
 */
static bool
pack_wrap_context(const uint8_t *id, const char *purpose, ApikeySpan *ad)
{
	const ApikeySpan fields[] = {
		{WRAP_DOMAIN, strlen(WRAP_DOMAIN)},
		{id, APIKEY_DATA_KEY_ID_SIZE},
		{purpose, strlen(purpose)}
	};
	uint8_t    *data;

	if (!apikey_pack(fields, 3, &data, &ad->len))
		return false;
	ad->data = data;
	return true;
}

ApikeyResult
apikey_wrap_nonce(const ApikeyMasterKey *master, const uint8_t *id,
				  const char *purpose, const uint8_t *random,
				  const uint8_t *raw, uint8_t *nonce)
{
	const ApikeySpan message = {raw, APIKEY_KEY_SIZE};
	ApikeySpan	context;
	ApikeyResult result = APIKEY_LIBCRYPTO_FAILED;

	if (pack_wrap_context(id, purpose, &context))
	{
		result = apikey_make_nonce(master->nonce, random, context, message, nonce);
		free((void *) context.data);
	}
	else
		apikey_wipe(nonce, APIKEY_XAES_NONCE_SIZE);
	return result;
}

ApikeyResult
apikey_data_key_wrap(const ApikeyMasterKey *master, const uint8_t *id,
					 const char *purpose, const uint8_t *nonce,
					 const uint8_t *raw, uint8_t *wrapped)
{
	uint8_t    *body = wrapped + APIKEY_WRAP_HEADER_SIZE;
	ApikeySpan	ad[2] = {{wrapped, APIKEY_WRAP_HEADER_SIZE}, {NULL, 0}};
	ApikeyResult result = APIKEY_LIBCRYPTO_FAILED;

	wrapped[0] = APIKEY_WRAP_VERSION;
	wrapped[1] = APIKEY_SUITE_XAES_256_GCM;
	memcpy(wrapped + 2, master->id, APIKEY_MASTER_ID_SIZE);
	memcpy(body, nonce, APIKEY_XAES_NONCE_SIZE);

	if (pack_wrap_context(id, purpose, &ad[1]))
		result = apikey_xaes_seal(&master->wrap, nonce, ad, 2,
								  raw, APIKEY_KEY_SIZE,
								  body + APIKEY_XAES_NONCE_SIZE);
	free((void *) ad[1].data);
	if (result != APIKEY_OK)
		apikey_wipe(wrapped, APIKEY_WRAPPED_SIZE);
	return result;
}

ApikeyResult
apikey_data_key_unwrap(const ApikeyMasterKey *master, const uint8_t *id,
					   const char *purpose, const uint8_t *wrapped, size_t len,
					   uint8_t *raw)
{
	const uint8_t *nonce = wrapped + APIKEY_WRAP_HEADER_SIZE;
	ApikeySpan	ad[2] = {{wrapped, APIKEY_WRAP_HEADER_SIZE}, {NULL, 0}};
	ApikeyResult result = APIKEY_LIBCRYPTO_FAILED;

	if (apikey_wrap_master_id(wrapped, len) == NULL)
		result = APIKEY_MALFORMED;
	else if (pack_wrap_context(id, purpose, &ad[1]))
		result = apikey_xaes_open(&master->wrap, nonce, ad, 2,
								  nonce + APIKEY_XAES_NONCE_SIZE,
								  APIKEY_KEY_SIZE + APIKEY_XAES_TAG_SIZE, raw);
	free((void *) ad[1].data);
	if (result != APIKEY_OK)
		apikey_wipe(raw, APIKEY_KEY_SIZE);
	return result;
}

const uint8_t *
apikey_wrap_master_id(const uint8_t *wrapped, size_t len)
{
	if (len != APIKEY_WRAPPED_SIZE ||
		wrapped[0] != APIKEY_WRAP_VERSION ||
		wrapped[1] != APIKEY_SUITE_XAES_256_GCM)
		return NULL;
	return wrapped + 2;
}

ApikeyResult
apikey_data_key_fingerprint(const ApikeyDataKey *key, const void *value,
							size_t len, uint8_t *out)
{
	uint8_t		digest[APIKEY_SHA256_SIZE];
	ApikeyResult result = apikey_hmac(key->fingerprint,
									  sizeof(key->fingerprint),
									  value, len, digest);

	/* On failure the digest was wiped, so zeros are copied. */
	memcpy(out, digest, APIKEY_FINGERPRINT_SIZE);
	apikey_wipe(digest, sizeof(digest));
	return result;
}
