/*-------------------------------------------------------------------------
 *
 * user_id.h
 *		The ids of a users table: their types, and their canonical text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_USER_ID_H
#define APIKEY_USER_ID_H

/*
 * Can ids have that type?  Only types whose input, output and comparison are
 * PostgreSQL's own: no domain, and no type that somebody created.
 */
extern bool apikey_user_id_type_is_supported(Oid type);

/*
 * The id of a supported type whose canonical text is id, in the current memory
 * context.  False if it is not the canonical text of any: '05' must not mean 5,
 * and 'abc' means an unknown user instead of a syntax error.
 */
extern bool apikey_user_id_parse(Oid type, const char *id, Datum *value);

#endif							/* APIKEY_USER_ID_H */
