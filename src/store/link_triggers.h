/*-------------------------------------------------------------------------
 *
 * link_triggers.h
 *		The three triggers of a linked users table, which call the functions in
 *		functions/user_triggers.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_LINK_TRIGGERS_H
#define APIKEY_LINK_TRIGGERS_H

#include "utils/rel.h"

/* Create the triggers, as the caller. */
extern void apikey_link_triggers_create(Relation users, const char *id_column);

/*
 * Drop our triggers on the table, regardless of its owner; returns whether
 * there were any.  As for DROP TRIGGER, the table is locked ACCESS EXCLUSIVE,
 * but only if it has such triggers: no other table may be locked so.
 */
extern bool apikey_link_triggers_drop(Oid users);

#endif							/* APIKEY_LINK_TRIGGERS_H */
