/*-------------------------------------------------------------------------
 *
 * encrypted.h
 *		Check of a stored value of type apikey.encrypted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ENCRYPTED_H
#define APIKEY_ENCRYPTED_H

/* Raise KA004 unless the (detoasted) varlena contains a well-formed envelope. */
extern void apikey_encrypted_require_valid(const bytea *envelope);

#endif							/* APIKEY_ENCRYPTED_H */
