/*-------------------------------------------------------------------------
 *
 * random.h
 *		Strong random bytes, from a pool of this process.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_RANDOM_H
#define APIKEY_RANDOM_H

/*
 * Fill buffer with len bytes, each used once and never shared with another
 * process; raises an error when the system has none to give.
 */
extern void apikey_random(void *buffer, size_t len);

/* A random (version 4) uuid of 16 bytes. */
extern void apikey_random_uuid(unsigned char *uuid);

#endif							/* APIKEY_RANDOM_H */
