/*-------------------------------------------------------------------------
 *
 * plain_table.h
 *		Tables whose rows can be read without a statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_PLAIN_TABLE_H
#define APIKEY_PLAIN_TABLE_H

#include "utils/relcache.h"

/*
 * Would a statement that runs as apikey_owner find the rows of this heap, and no
 * others, but for row-level security, of which the caller takes care?  The table is
 * open and locked.
 */
extern bool apikey_table_is_plain(Relation table);

#endif							/* APIKEY_PLAIN_TABLE_H */
