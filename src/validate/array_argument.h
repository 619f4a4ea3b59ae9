/*-------------------------------------------------------------------------
 *
 * array_argument.h
 *		Arguments of type text[].
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ARRAY_ARGUMENT_H
#define APIKEY_ARRAY_ARGUMENT_H

#include "fmgr.h"

#define APIKEY_ARRAY_MAX	1000	/* elements */

/*
 * The distinct elements of argument number (from 0), in the order of their
 * first occurrence; palloc'ed.  Returns their number, 0 if the argument is NULL.
 * argument is its name, for the COLUMN field.  Raises 54000 for more than
 * APIKEY_ARRAY_MAX elements, before it reads any, and 22023 for one that is NULL.
 */
extern int	apikey_arg_text_array(FunctionCallInfo fcinfo, int number,
								  const char *argument, char ***elements);

#endif							/* APIKEY_ARRAY_ARGUMENT_H */
