/*-------------------------------------------------------------------------
 *
 * frame.c
 *		The role and the identity under which the extension's own code runs;
 *		see frame.h.
 *
 * current_frame points into the stack of the function that entered the
 * innermost frame.  That function leaves it in a PG_FINALLY, so the pointer
 * never outlives the frame.
 *
 * Nothing is compiled within a frame: our statements read few rows, but where a
 * column has no statistics, the planner expects many, and compiling would take a
 * thousand times as long as reading.  The variable is set directly, since the
 * machinery of settings would cost more than some of the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "jit/jit.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/rls.h"

#include "base/errors.h"
#include "exec/frame.h"

static ApikeyFrame *current_frame = NULL;

static Oid
internal_role(const char *name)
{
	Oid			role = get_role_oid(name, true);

	if (!OidIsValid(role))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("internal role \"%s\" does not exist", name),
				 errhint("The role was renamed.  Rename it back: apikey.status() has the statement."),
				 apikey_err_hide_statement()));
	return role;
}

Oid
apikey_owner_role(void)
{
	return internal_role("apikey_owner");
}

Oid
apikey_maintenance_role(void)
{
	return internal_role("apikey_maintenance");
}

/*
 * While row_security is off (pg_dump and pg_restore set it so), a statement
 * that row-level security would restrict fails.  Ours are meant to be
 * restricted.  Returns the GUC nest level to end, or 0.
 */
static int
turn_row_security_on(void)
{
	int			level;

	if (row_security)
		return 0;
	level = NewGUCNestLevel();
	(void) set_config_option("row_security", "on", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

void
apikey_frame_enter(ApikeyFrame *frame, Oid role, const char *identity)
{
	GetUserIdAndSecContext(&frame->outer_role, &frame->outer_security);
	frame->guc_level = turn_row_security_on();
	frame->outer_jit = jit_enabled;
	jit_enabled = false;
	frame->identity = identity;
	frame->outer = current_frame;
	current_frame = frame;
	SetUserIdAndSecContext(role, frame->outer_security |
						   SECURITY_LOCAL_USERID_CHANGE);
}

void
apikey_frame_leave(ApikeyFrame *frame)
{
	SetUserIdAndSecContext(frame->outer_role, frame->outer_security);
	jit_enabled = frame->outer_jit;
	if (frame->guc_level > 0)
		AtEOXact_GUC(true, frame->guc_level);
	current_frame = frame->outer;
}

bool
apikey_frame_current(const char **identity)
{
	if (current_frame == NULL)
		return false;
	*identity = current_frame->identity;
	return true;
}
