/*-------------------------------------------------------------------------
 *
 * frame.h
 *		Identity frames: the role and the identity under which the extension's
 *		own code runs.
 *
 * A frame switches the current role (SECURITY_LOCAL_USERID_CHANGE, as a
 * SECURITY DEFINER function does), turns row_security on if it is off, and sets
 * the result of apikey.current_user_id(), so that forced row-level security
 * applies to our own statements.  Frames nest, and each is left in a PG_FINALLY
 * of the function that entered it.  No application code runs inside one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_FRAME_H
#define APIKEY_FRAME_H

typedef struct ApikeyFrame
{
	Oid			outer_role;
	int			outer_security;
	bool		outer_jit;
	int			guc_level;		/* 0: row_security was on already */
	const char *identity;		/* NULL: no user's rows */
	struct ApikeyFrame *outer;
} ApikeyFrame;

/* The OIDs of the two internal roles; 55000 if the role does not exist. */
extern Oid	apikey_owner_role(void);
extern Oid	apikey_maintenance_role(void);

/*
 * Enter a frame, which is on the caller's stack.  identity must live as long,
 * and is NULL for none.
 */
extern void apikey_frame_enter(ApikeyFrame *frame, Oid role,
							   const char *identity);

/* Leave the innermost frame, and restore the role and row_security. */
extern void apikey_frame_leave(ApikeyFrame *frame);

/* Is a frame entered?  If so, *identity is set to its identity, or NULL. */
extern bool apikey_frame_current(const char **identity);

#endif							/* APIKEY_FRAME_H */
