/*-------------------------------------------------------------------------
 *
 * checksum.h
 *		The checksums in the keys of some providers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_CHECKSUM_H
#define APIKEY_CHECKSUM_H

/* The names of the checksums, for messages. */
#define APIKEY_CHECKSUM_NAMES \
	"github, github_fine_grained, gitlab, cloudflare, vercel"

/* Is this the name of a checksum? */
extern bool apikey_checksum_is_known(const char *name);

/*
 * Does the value pass the checksum of that name?  True also for a value whose
 * format has no checksum, and for an unknown name.
 */
extern bool apikey_checksum_passes(const char *name, const char *value,
								   size_t len);

#endif							/* APIKEY_CHECKSUM_H */
