/*-------------------------------------------------------------------------
 *
 * key_functions.h
 *		Functions of SQL that others call: the trigger of a model view, and
 *		store_key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_FUNCTIONS_H
#define APIKEY_KEY_FUNCTIONS_H

#include "fmgr.h"

/*
 * apikey.create_key(), with the id of the new key as an eighth argument (NULL:
 * a random one).  23505 if the user has a key with that id.
 */
extern Datum apikey_create_key_with_id(PG_FUNCTION_ARGS);

extern PGDLLEXPORT Datum apikey_set_key(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum apikey_update_key_by_id(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum apikey_disable_key_by_id(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum apikey_enable_key_by_id(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum apikey_delete_key_by_id(PG_FUNCTION_ARGS);

#endif							/* APIKEY_KEY_FUNCTIONS_H */
