/*-------------------------------------------------------------------------
 *
 * odd_character.h
 *		Characters that make two texts look the same which are not.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_ODD_CHARACTER_H
#define APIKEY_ODD_CHARACTER_H

#include "mb/pg_wchar.h"

typedef enum ApikeyOddity
{
	APIKEY_ODD_CONTROL,			/* apikey_is_control() */
	APIKEY_ODD_OUTER_SPACE,		/* white space at the beginning or the end */
	APIKEY_ODD_INVISIBLE		/* has no width, or looks like nothing */
} ApikeyOddity;

typedef struct ApikeyOddCharacter
{
	ApikeyOddity oddity;
	int			number;			/* of the character in the text, from 1 */
	pg_wchar	code;			/* in Unicode */
} ApikeyOddCharacter;

/*
 * Find the first such character of a text in the database encoding, a name or a
 * user id.  Returns false if there is none.  Never raises.
 *
 * Outside of a transaction, when nothing can be converted, only ASCII is
 * recognized unless the database encoding is UTF-8.
 */
extern bool apikey_find_odd_character(const char *text, size_t len,
									  ApikeyOddCharacter *odd);

/* A sentence that says which character it is, for an errdetail; palloc'ed. */
extern char *apikey_odd_character_text(const ApikeyOddCharacter *odd);

#endif							/* APIKEY_ODD_CHARACTER_H */
