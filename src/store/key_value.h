/*-------------------------------------------------------------------------
 *
 * key_value.h
 *		The value of a stored key: decrypt it, encrypt it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_VALUE_H
#define APIKEY_KEY_VALUE_H

#include "keys/data_key.h"
#include "store/key_row.h"

/* What is stored for a value. */
typedef struct ApikeySealedValue
{
	bytea	   *envelope;
	bytea	   *fingerprint;
	text	   *hint;
} ApikeySealedValue;

/*
 * Is the row still encrypted with the data key that it had when it was read?
 * An old snapshot or a long scan can return a version of the row from before
 * it was re-encrypted and that data key destroyed.  Such a version cannot be
 * decrypted, but the row is not damaged.
 */
extern bool apikey_key_value_is_current(const ApikeyKeyRow *key);

/* Raise 40001 if it is not. */
extern void apikey_key_value_require_current(const ApikeyKeyRow *key);

/*
 * The decrypted value, in the database's encoding; the caller wipes it unless
 * it returns it.  Raises KA001, KA002, KA003 and KA004, 40001 for a version
 * that is not current, and 22P05 for characters that the encoding does not have.
 */
extern text *apikey_key_value_open(const ApikeyKeyRow *key);

/* The same in UTF-8, as it was encrypted, for apikey_key_value_reseal(). */
extern text *apikey_key_value_open_utf8(const ApikeyKeyRow *key);

/*
 * Raise KA001 or KA002 if the master key of the value's data key is missing: in
 * that case, a value that cannot be decrypted must not be reported as damaged.
 */
extern void apikey_key_value_require_master(const ApikeyKeyRow *key);

/*
 * Decrypt the value without raising an error for the state of the row.  Returns
 * NULL, and in *value the value in UTF-8, which the caller wipes; or a sentence
 * that says why the value cannot be decrypted.
 */
extern char *apikey_key_value_try_open(const ApikeyKeyRow *key,
									   text **value);

/* Why the value cannot be decrypted, as a sentence; NULL if it can. */
extern char *apikey_key_value_problem(const ApikeyKeyRow *key);

/*
 * Encrypt a value (len bytes, in the database's encoding) for the row with that
 * user, id, type and name, with the active data key, which is created if there
 * is none.  Fills all members of *sealed, palloc'ed.  Raises KA001 and KA002.
 */
extern void apikey_key_value_seal(const char *user_id, const pg_uuid_t *id,
								  const char *key_type, const char *name,
								  const char *value, size_t len,
								  ApikeySealedValue *sealed);

/*
 * Encrypt again, for the same row with that name, a value that one of the
 * functions above decrypted to UTF-8.  value is wiped, also on error.  The hint
 * is NULL: it does not change with the name.
 */
extern void apikey_key_value_reseal(const ApikeyKeyRow *key, const char *name,
									text *value, ApikeySealedValue *sealed);

#endif							/* APIKEY_KEY_VALUE_H */
