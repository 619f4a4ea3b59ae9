/*-------------------------------------------------------------------------
 *
 * random.h
 *		Cryptographically strong random bytes, from a pool of this process.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_RANDOM_H
#define APIKEY_RANDOM_H

/*
 * Fill buffer with len random bytes, each used only once and never shared
 * with another process.  Raises XX000 if the system cannot provide any.
 */
extern void apikey_random(void *buffer, size_t len);

/* Write a random (version 4) UUID, 16 bytes, to uuid. */
extern void apikey_random_uuid(unsigned char *uuid);

#endif							/* APIKEY_RANDOM_H */
