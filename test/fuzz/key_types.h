/*-------------------------------------------------------------------------
 *
 * key_types.h
 *		Key types for the targets, and patterns that match as the input says.
 *
 * PostgreSQL's engine of regular expressions exists only in the server, and is not
 * what is tested.  A bit for each pattern decides whether it matches, so that both
 * outcomes are followed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef KEY_TYPES_H
#define KEY_TYPES_H

#include "backend.h"

/* One of 64 patterns each. */
extern uint64 pattern_matches;

/* Eight bytes of the input for pattern_matches. */
extern void take_matches(Input *input);

#endif							/* KEY_TYPES_H */
