/*-------------------------------------------------------------------------
 *
 * pattern_scan.h
 *		Division of a regular expression into its tokens.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_PATTERN_SCAN_H
#define APIKEY_PATTERN_SCAN_H

/*
 * The end of the token at p in a valid pattern: an escape, a bracket
 * expression, a comment, or otherwise a single byte.  p must not be at the end
 * of the pattern.
 */
extern const char *apikey_pattern_next(const char *p);

#endif							/* APIKEY_PATTERN_SCAN_H */
