/*-------------------------------------------------------------------------
 *
 * key_call.h
 *		A call of SQL that concerns one key, which its arguments select.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_CALL_H
#define APIKEY_KEY_CALL_H

#include "audit/event.h"
#include "store/key_selector.h"

/* One of the functions of key_selector.h that read the arguments. */
typedef ApikeyKeySelector (*ApikeyKeySelect) (FunctionCallInfo fcinfo);

typedef Datum (*ApikeyKeyWork) (FunctionCallInfo fcinfo, ApikeyKeySelector selector);

/* Select the key and do the work; audit.h says what is recorded of both. */
extern Datum apikey_key_call(ApikeyAction action, ApikeyKeySelect select,
							 ApikeyKeyWork work, FunctionCallInfo fcinfo);

#endif							/* APIKEY_KEY_CALL_H */
