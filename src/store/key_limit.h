/*-------------------------------------------------------------------------
 *
 * key_limit.h
 *		How many keys a user can have (apikey.max_keys_per_user).
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_LIMIT_H
#define APIKEY_KEY_LIMIT_H

/*
 * Raise 54000 unless the user can have that many more keys.  Called after
 * api_keys is locked, before the keys are stored.
 */
extern void apikey_key_limit_require_room(const char *user_id, int64 more);

/* The number of keys of a user that are not deleted. */
extern int64 apikey_key_limit_count(const char *user_id);

/* Define apikey.max_keys_per_user; called once, by _PG_init. */
extern void apikey_key_limit_init(void);

#endif							/* APIKEY_KEY_LIMIT_H */
