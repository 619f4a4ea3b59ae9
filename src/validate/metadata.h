/*-------------------------------------------------------------------------
 *
 * metadata.h
 *		The metadata of a key: a JSON object that is not encrypted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_METADATA_H
#define APIKEY_METADATA_H

#include "utils/jsonb.h"

#define APIKEY_METADATA_MAX		8192	/* bytes, as text */

/*
 * Raises 22023, with argument in the COLUMN field, unless metadata is an object
 * of at most APIKEY_METADATA_MAX bytes as text, with no string that looks like an
 * API key.  Returns metadata itself.
 */
extern Jsonb *apikey_arg_metadata(Jsonb *metadata, const char *argument);

#endif							/* APIKEY_METADATA_H */
