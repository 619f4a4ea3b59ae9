/*-------------------------------------------------------------------------
 *
 * status.h
 *		apikey.status().
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_STATUS_H
#define APIKEY_STATUS_H

/*
 * Remember whether the library is being preloaded; called once, by _PG_init.
 */
extern void apikey_status_init(void);

#endif							/* APIKEY_STATUS_H */
