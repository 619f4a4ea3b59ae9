/*-------------------------------------------------------------------------
 *
 * link_check.h
 *		The checks before a users table is linked.  Each raises 22023 unless
 *		noted otherwise.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_LINK_CHECK_H
#define APIKEY_LINK_CHECK_H

#include "utils/rel.h"

/*
 * May the caller link or unlink the table?  42501 without the TRIGGER privilege
 * on it; false if there is no such table (it may have been dropped).
 */
extern bool apikey_link_check_caller(Oid users);

/*
 * Can the table be linked, and does the column hold its ids: of a supported
 * type, NOT NULL, and with a unique index by which users can be looked up?
 */
extern void apikey_link_check_table(Relation users, const char *id_column);

/* 'purge' or 'soft_delete'. */
extern void apikey_link_check_on_delete(const char *on_delete);

/* A prefix of user ids: not too long, no control characters. */
extern void apikey_link_check_prefix(const char *prefix);

/*
 * Neither the table nor the prefix may be linked already.  The caller holds
 * SHARE ROW EXCLUSIVE on api_keys, which conflicts with itself, so that no
 * other link can be added concurrently.
 */
extern void apikey_link_check_new(Oid users, const char *prefix);

#endif							/* APIKEY_LINK_CHECK_H */
