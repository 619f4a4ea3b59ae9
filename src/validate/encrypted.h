/*-------------------------------------------------------------------------
 *
 * encrypted.h
 *		The bytes of a stored apikey.encrypted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ENCRYPTED_H
#define APIKEY_ENCRYPTED_H

/* KA004 unless the (detoasted) varlena holds a well-formed envelope. */
extern void apikey_encrypted_require_valid(const bytea *envelope);

#endif							/* APIKEY_ENCRYPTED_H */
