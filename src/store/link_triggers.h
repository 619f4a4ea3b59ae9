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

/*
 * Create the triggers, as the caller, or replace those that an earlier link or
 * a dump has left, enabled.  The caller holds SHARE ROW EXCLUSIVE on the table;
 * nothing stronger is needed, which readers would have to wait for.  55000 if
 * the table has a trigger that neither replaces: one of ours under another
 * name, or another trigger with the name of ours.
 */
extern void apikey_link_triggers_create(Relation users, const char *id_column,
										const char *on_delete, const char *prefix);

/*
 * Drop our triggers on the table, regardless of its owner; returns whether
 * there were any.  As for DROP TRIGGER, the table is locked ACCESS EXCLUSIVE,
 * but only if it has such triggers: no other table may be locked so.
 */
extern bool apikey_link_triggers_drop(Oid users);

#endif							/* APIKEY_LINK_TRIGGERS_H */
