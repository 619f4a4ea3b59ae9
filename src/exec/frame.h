/*-------------------------------------------------------------------------
 *
 * frame.h
 *		As whom the extension's own code runs: an identity frame.
 *
 * A frame switches the current role (SECURITY_LOCAL_USERID_CHANGE, as a
 * SECURITY DEFINER function does), turns row_security on where it is off, and
 * sets what apikey.current_user_id() answers, so that forced row-level
 * security binds our own statements.  Frames nest, and each is left in a
 * PG_FINALLY of the function that entered it.  No application code runs
 * inside a frame, but in the one in which user_link.c looks a user up.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_FRAME_H
#define APIKEY_FRAME_H

typedef struct ApikeyFrame
{
	Oid			outer_role;
	int			outer_security;
	int			guc_level;		/* 0: row_security was on */
	const char *identity;		/* NULL: nobody's rows */
	struct ApikeyFrame *outer;
} ApikeyFrame;

/* The two internal roles; 55000 if one is missing. */
extern Oid	apikey_owner_role(void);
extern Oid	apikey_maintenance_role(void);

/*
 * Enter: frame lives on the caller's stack, identity must outlive it.
 * security_flags are added to SECURITY_LOCAL_USERID_CHANGE.
 */
extern void apikey_frame_enter(ApikeyFrame *frame, Oid role,
							   int security_flags, const char *identity);
extern void apikey_frame_leave(ApikeyFrame *frame);

/* Inside a frame?  If so, *identity gets its identity (or NULL). */
extern bool apikey_frame_current(const char **identity);

#endif							/* APIKEY_FRAME_H */
