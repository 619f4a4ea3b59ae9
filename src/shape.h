/*-------------------------------------------------------------------------
 *
 * shape.h
 *		The form of a type's values, in words.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_SHAPE_H
#define APIKEY_SHAPE_H

#include "keytype.h"

/*
 * What to expect of a value, for an error message: "gsk_" and 52 more
 * characters; palloc'ed.
 */
extern char *apikey_shape(const ApikeyKeyType *type);

#endif							/* APIKEY_SHAPE_H */
