/*-------------------------------------------------------------------------
 *
 * claims.h
 *		The claims of a JSON web token, as PostgREST sets them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_CLAIMS_H
#define APIKEY_CLAIMS_H

/*
 * The string "sub" of a JSON object, palloc'ed; NULL for anything that is not
 * an object with exactly one, malformed text included.  Never raises.
 */
extern char *apikey_claims_sub(const char *claims);

#endif							/* APIKEY_CLAIMS_H */
