/*-------------------------------------------------------------------------
 *
 * status.h
 *		apikey.status(): what the files status*.c share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_STATUS_H
#define APIKEY_STATUS_H

#include "nodes/execnodes.h"

#define APIKEY_SEVERITY_OK		"ok"
#define APIKEY_SEVERITY_WARNING	"warning"
#define APIKEY_SEVERITY_ERROR	"error"

/* Add a row to the result; advice may be NULL. */
extern void apikey_status_put(ReturnSetInfo *result, const char *item,
							  const char *value, const char *severity,
							  const char *advice);

/* Add the rows about the keys; in status_keys.c. */
extern void apikey_status_put_keys(ReturnSetInfo *result);

/* Add the row with the numbers of stored keys; in status_keys.c. */
extern void apikey_status_put_counts(ReturnSetInfo *result);

/* Add the rows about a distributed database; in status_distribution.c. */
extern void apikey_status_put_distribution(ReturnSetInfo *result);

/* Define its setting; called once, by _PG_init. */
extern void apikey_distribution_init(void);

/* Add the row about privileges; in status_privileges.c. */
extern void apikey_status_put_privileges(ReturnSetInfo *result);

/* Add the rows about the log; in status_redaction.c. */
extern void apikey_status_put_redaction(ReturnSetInfo *result);

/* Was the library preloaded by the postmaster? */
extern bool apikey_status_is_preloaded(void);

/*
 * Remember whether the library is being preloaded; called once, by _PG_init.
 */
extern void apikey_status_init(void);

#endif							/* APIKEY_STATUS_H */
