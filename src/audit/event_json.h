/*-------------------------------------------------------------------------
 *
 * event_json.h
 *		Events as JSON, the one form in which they are recorded.
 *
 * An object of strings, numbers and one array of strings; members without a value
 * are left out:
 *
 *	occurred_at			as 2026-11-25T19:30:00.123456Z
 *	action				"reveal"
 *	outcome				"ok", or the SQLSTATE of the error
 *	user_id				whose key
 *	key_id, key_name, key_type
 *	changed				the columns that an update changed, or tried to
 *	count				how many keys, or data keys, were changed or found
 *	object				the user to whom keys are moved; the users table; the
 *						data key; the scheme of the key source
 *	database, session_role, role, client_addr, application_name, pid
 *	audit_context		apikey.audit_context
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_EVENT_JSON_H
#define APIKEY_EVENT_JSON_H

#include "lib/stringinfo.h"

#include "audit/event.h"

/*
 * Append an event, for one of its keys, in the database encoding and without a
 * line break.  sqlstate is 0 for success.  Reads no catalog.
 */
extern void apikey_event_json(StringInfo json, const ApikeyEvent *event,
							  const ApikeyEventKey *key, int sqlstate);

#endif							/* APIKEY_EVENT_JSON_H */
