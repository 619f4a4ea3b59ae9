/*-------------------------------------------------------------------------
 *
 * checksum.h
 *		The checksums that providers put into their keys.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_CHECKSUM_H
#define APIKEY_CHECKSUM_H

/* The names, for messages. */
#define APIKEY_CHECKSUM_NAMES \
	"github, github_fine_grained, gitlab, cloudflare, vercel"

/* Is it one of them? */
extern bool apikey_checksum_is_known(const char *name);

/*
 * Does the value pass the checksum of that name?  A value of a form that
 * carries none passes, and so does any under a name that is not known.
 */
extern bool apikey_checksum_holds(const char *name, const char *value,
								  size_t len);

#endif							/* APIKEY_CHECKSUM_H */
