/*-------------------------------------------------------------------------
 *
 * audit_slot.h
 *		The physical replication slot that keeps the server from removing
 *		write-ahead log whose events have not been collected.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_AUDIT_SLOT_H
#define APIKEY_AUDIT_SLOT_H

#include "access/xlogdefs.h"

#define APIKEY_AUDIT_SLOT	"apikey_audit"

/*
 * Release the write-ahead log before lsn, if the slot exists and holds it.  Only for
 * what has been collected, committed and flushed.  Raises 55006 while somebody
 * receives from the slot.
 */
extern void apikey_audit_slot_advance(XLogRecPtr lsn);

#endif							/* APIKEY_AUDIT_SLOT_H */
