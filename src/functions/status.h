/*-------------------------------------------------------------------------
 *
 * status.h
 *		apikey.status().
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_STATUS_H
#define APIKEY_STATUS_H

/* Called by _PG_init: notes whether the library is being preloaded. */
extern void apikey_status_init(void);

#endif							/* APIKEY_STATUS_H */
