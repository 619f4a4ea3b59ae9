/*-------------------------------------------------------------------------
 *
 * secret.h
 *		Memory for keys: left out of core dumps, locked where that is permitted,
 *		and wiped when it is freed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_SECRET_H
#define APIKEY_SECRET_H

#include "result.h"

/*
 * size bytes, zeroed; NULL if there is no room for them in protected memory.
 * Freed with apikey_secret_free(), which wipes them (NULL is allowed there).
 */
extern void *apikey_secret_new(size_t size);
extern void apikey_secret_free(void *secret, size_t size);

#endif							/* APIKEY_SECRET_H */
