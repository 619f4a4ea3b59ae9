/*-------------------------------------------------------------------------
 *
 * key_move.h
 *		Move all keys of a user to another user.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_MOVE_H
#define APIKEY_KEY_MOVE_H

typedef struct ApikeyKeyMove
{
	char	   *from;			/* the user who has the keys */
	char	   *to;				/* the user who gets them */
	char	   *suffix;			/* appended to a name that "to" uses; or NULL */
} ApikeyKeyMove;

/*
 * Check, without changing anything, that the keys can be moved.  Raises 23505
 * for names that both users use, if they are not to be renamed, and for an id
 * that both have; 22023 for a new name that is invalid; 54000 for too many keys.
 */
extern void apikey_key_move_check(const ApikeyKeyMove *move);

/*
 * The name of a key after the move, if it is not deleted: name itself, or with
 * the suffix if it is in use.
 */
extern char *apikey_key_move_name(const ApikeyKeyMove *move, char *name);

/*
 * Move all keys, deleted ones too, and return their number.  Each value is
 * encrypted again for its new row; ids and times are kept.  A value that can
 * never be decrypted is moved as it is, with a WARNING.  Raises KA001 and KA002;
 * 40001 if the transaction's snapshot does not see all keys, or another session
 * has stored a key since the check that conflicts with one; and 55000 if a changed
 * policy hides keys from their user.
 *
 * Called after api_keys and the users' rows are locked, and after the check.
 */
extern int64 apikey_key_move_all(const ApikeyKeyMove *move);

#endif							/* APIKEY_KEY_MOVE_H */
