/*-------------------------------------------------------------------------
 *
 * secret.h
 *		Values that pass through our functions: what they call with each.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_SECRET_H
#define APIKEY_SECRET_H

#include "fmgr.h"

/*
 * The value in argument number arg (from 0) of a call, a text, is hidden from now on,
 * in the log and in the statement that other sessions see.  A function calls this
 * before anything else.  KA009 with COLUMN argument if the statement contains the
 * value and apikey.reject_literals is on.
 */
extern void apikey_secret_received(FunctionCallInfo fcinfo, int arg, const char *argument);

/* A value that is about to be returned.  Raises nothing. */
extern void apikey_secret_revealed(const char *value, size_t len);

/* The setting apikey.reject_literals. */
extern bool apikey_secret_rejects_literals(void);

/* Define the setting; called once, by _PG_init. */
extern void apikey_secret_init(void);

#endif							/* APIKEY_SECRET_H */
