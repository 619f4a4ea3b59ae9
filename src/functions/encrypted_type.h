/*-------------------------------------------------------------------------
 *
 * encrypted_type.h
 *		The type apikey.encrypted, for C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ENCRYPTED_TYPE_H
#define APIKEY_ENCRYPTED_TYPE_H

/* KA004 unless the (detoasted) varlena holds a well-formed envelope. */
extern void apikey_encrypted_check(const bytea *envelope);

#endif							/* APIKEY_ENCRYPTED_TYPE_H */
