/*-------------------------------------------------------------------------
 *
 * value_finding.h
 *		What a check finds wrong with a value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_VALUE_FINDING_H
#define APIKEY_VALUE_FINDING_H

typedef struct ApikeyFinding
{
	bool		is_error;		/* false: a warning */
	const char *code;			/* "format", "other_provider", ...; constant */
	char	   *message;		/* palloc'ed; primary-message style */
	char	   *hint;			/* palloc'ed; one sentence */
} ApikeyFinding;

/*
 * Make a finding, palloc'ed.  It takes over message, and copies hint.  Neither
 * may contain the value or a part of it.
 */
extern ApikeyFinding *apikey_value_finding(bool is_error, const char *code,
										   char *message, const char *hint);

#endif							/* APIKEY_VALUE_FINDING_H */
