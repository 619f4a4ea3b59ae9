/*-------------------------------------------------------------------------
 *
 * protect.h
 *		Memory that contains keys: kept out of core dumps and of the swap.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_PROTECT_H
#define APIKEY_PROTECT_H

/*
 * Leave the pages of a mapping out of core dumps, here and in processes that are
 * forked later, and lock them into memory for as long as this process lives.
 * start is the start of a page.  Returns false, with errno, if the system does
 * not permit the lock; the pages are usable all the same.
 */
extern bool apikey_protect_memory(void *start, size_t size);

#endif							/* APIKEY_PROTECT_H */
