/*-------------------------------------------------------------------------
 *
 * key_read_event.h
 *		The events of reading key sources.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_READ_EVENT_H
#define APIKEY_KEY_READ_EVENT_H

#include "keys/key_cache_request.h"
#include "keys/key_source.h"

/*
 * Record that a source was read, or that this failed, unless it was interrupted.
 * Called when no raw key is left in memory, since this may raise: if the event
 * cannot be written, or the query is cancelled.
 */
extern void apikey_key_read_event(ApikeyKeyKind kind, const char *source, bool ok,
								  const ApikeyKeySourceError *error);

#endif							/* APIKEY_KEY_READ_EVENT_H */
