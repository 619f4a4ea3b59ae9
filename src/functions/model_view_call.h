/*-------------------------------------------------------------------------
 *
 * model_view_call.h
 *		The calls of the extension's functions that the trigger of a model view
 *		makes.
 *
 * Each raises 42501 unless the current role may execute the function, and the
 * errors of the function.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_MODEL_VIEW_CALL_H
#define APIKEY_MODEL_VIEW_CALL_H

#define APIKEY_MODEL_CALL_MAX_ARGS	8

typedef enum ApikeyModelCall
{
	MODEL_CREATE_KEY,			/* with the id, or NULL, as eighth argument */
	MODEL_UPDATE_KEY,
	MODEL_DISABLE_KEY,
	MODEL_ENABLE_KEY,
	MODEL_DELETE_KEY
} ApikeyModelCall;

/* args and nulls have as many elements as the function has arguments. */
extern Datum apikey_model_call(ApikeyModelCall call, const Datum *args, const bool *nulls);

#endif							/* APIKEY_MODEL_VIEW_CALL_H */
