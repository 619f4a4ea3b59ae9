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

/* What is stored of a value. */
typedef struct ApikeySealedValue
{
	bytea	   *envelope;
	bytea	   *fingerprint;
	text	   *hint;
} ApikeySealedValue;

/*
 * Is the row still encrypted with the data key of when it was read?  An old
 * snapshot, or a long scan, can show a version from before the row was
 * re-encrypted and that data key destroyed: that this version cannot be
 * decrypted says nothing about the row.
 */
extern bool apikey_key_value_is_current(const ApikeyKeyRow *key);

/* Raise 40001 when it is not. */
extern void apikey_key_value_require_current(const ApikeyKeyRow *key);

/*
 * The decrypted value, in the database's encoding; the caller wipes it unless
 * it returns it.  Raises KA001, KA002, KA003 and KA004, 40001 for a version
 * that is not current, and 22P05 for characters that the encoding lacks.
 */
extern text *apikey_key_value_open(const ApikeyKeyRow *key);

/* The same in UTF-8, as it was sealed, for apikey_key_value_reseal(). */
extern text *apikey_key_value_open_utf8(const ApikeyKeyRow *key);

/*
 * Raise KA001 or KA002 when the master key of the value's data key is missing:
 * no value can be decrypted then, and none must be taken for damaged.
 */
extern void apikey_key_value_require_master(const ApikeyKeyRow *key);

/*
 * Decrypt without raising an error for the row's own state: returns why the
 * value cannot be decrypted, as a sentence, or NULL and the value in *value,
 * in UTF-8, which the caller wipes.
 */
extern char *apikey_key_value_try_open(const ApikeyKeyRow *key,
									   text **value);

/* Why the value cannot be decrypted, as a sentence; NULL when it can. */
extern char *apikey_key_value_problem(const ApikeyKeyRow *key);

/*
 * Encrypt a value (len bytes, in the database's encoding) for the row of that
 * user, id, type and name, with the active data key, which is made if there is
 * none.  Fills all of *sealed, palloc'ed.  Raises KA001 and KA002.
 */
extern void apikey_key_value_seal(const char *user_id, const pg_uuid_t *id,
								  const char *key_type, const char *name,
								  const char *value, size_t len,
								  ApikeySealedValue *sealed);

/*
 * Encrypt a value that one of the functions above decrypted to UTF-8 again,
 * for the same row under that name.  value is wiped, also on error; the hint,
 * which stays with the value, is NULL.
 */
extern void apikey_key_value_reseal(const ApikeyKeyRow *key, const char *name,
									text *value, ApikeySealedValue *sealed);

#endif							/* APIKEY_KEY_VALUE_H */
