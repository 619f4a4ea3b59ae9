/*-------------------------------------------------------------------------
 *
 * claims.h
 *		The claims of a JSON Web Token, as PostgREST sets them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_CLAIMS_H
#define APIKEY_CLAIMS_H

/*
 * The value of "sub", palloc'ed, if claims is the text of a JSON object with
 * exactly one "sub", which is a string; NULL for anything else, including
 * malformed text.  Raises nothing but out of memory.
 */
extern char *apikey_claims_sub(const char *claims);

#endif							/* APIKEY_CLAIMS_H */
