/*-------------------------------------------------------------------------
 *
 * event_caller.h
 *		Who makes a call, for its event: roles, connection, and what the
 *		application says of the request.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_EVENT_CALLER_H
#define APIKEY_EVENT_CALLER_H

/* Stands for a text that may be a key. */
#define APIKEY_NOT_SHOWN	"(not shown)"

/* Characters that apikey.audit_context can have. */
#define APIKEY_AUDIT_CONTEXT_MAX	200

typedef struct ApikeyEventCaller
{
	const char *database;
	const char *session_role;	/* that connected, or SET SESSION
								 * AUTHORIZATION */
	const char *role;			/* the current one */
	const char *client_addr;	/* NULL: through a Unix-domain socket, or no
								 * client */
	const char *audit_context;	/* NULL: not set in this transaction */
} ApikeyEventCaller;

/*
 * Fill in the caller, in the current memory context.  Reads catalogs, so not for
 * use after an error.
 */
extern void apikey_event_caller_find(ApikeyEventCaller *caller);

/* Define apikey.audit_context; called once, by _PG_init. */
extern void apikey_event_caller_init(void);

#endif							/* APIKEY_EVENT_CALLER_H */
