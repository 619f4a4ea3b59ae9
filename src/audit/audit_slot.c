/*-------------------------------------------------------------------------
 *
 * audit_slot.c
 *		The slot of the trace; see audit_slot.h.
 *
 * Advancing a slot needs the attribute REPLICATION, which the role that collects
 * events should not have: it is done as the bootstrap superuser.  No code but
 * PostgreSQL's runs meanwhile.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "replication/slot.h"
#include "storage/spin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/pg_lsn.h"

#include "audit/audit_slot.h"

static ReplicationSlot *
find_slot(void)
{
	return max_replication_slots == 0 ? NULL :
		SearchNamedReplicationSlot(APIKEY_AUDIT_SLOT, true);
}

/* From where on the slot holds the log; InvalidXLogRecPtr if it holds none. */
static XLogRecPtr
slot_position(void)
{
	ReplicationSlot *slot = find_slot();
	XLogRecPtr	position;

	if (slot == NULL)
		return InvalidXLogRecPtr;
	SpinLockAcquire(&slot->mutex);
	position = slot->data.restart_lsn;
	SpinLockRelease(&slot->mutex);
	return position;
}

XLogRecPtr
apikey_audit_slot_create(bool *is_new)
{
	NameData	name;

	*is_new = slot_position() == InvalidXLogRecPtr;
	if (*is_new)
	{
		namestrcpy(&name, APIKEY_AUDIT_SLOT);
		(void) OidFunctionCall3(F_PG_CREATE_PHYSICAL_REPLICATION_SLOT, NameGetDatum(&name),
								BoolGetDatum(true), BoolGetDatum(false));
	}
	return slot_position();
}

bool
apikey_audit_slot_drop(void)
{
	NameData	name;

	if (find_slot() == NULL)
		return false;
	namestrcpy(&name, APIKEY_AUDIT_SLOT);
	(void) OidFunctionCall1(F_PG_DROP_REPLICATION_SLOT, NameGetDatum(&name));
	return true;
}

void
apikey_audit_slot_advance(XLogRecPtr lsn)
{
	XLogRecPtr	position = slot_position();
	int			security;
	Oid			role;

	if (position == InvalidXLogRecPtr || position >= lsn)
		return;
	GetUserIdAndSecContext(&role, &security);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, security | SECURITY_LOCAL_USERID_CHANGE);
	PG_TRY();
	{
		NameData	name;

		namestrcpy(&name, APIKEY_AUDIT_SLOT);
		(void) OidFunctionCall2(F_PG_REPLICATION_SLOT_ADVANCE, NameGetDatum(&name),
								LSNGetDatum(lsn));
	}
	PG_FINALLY();
	{
		SetUserIdAndSecContext(role, security);
	}
	PG_END_TRY();
}
