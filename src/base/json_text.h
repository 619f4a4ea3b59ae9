/*-------------------------------------------------------------------------
 *
 * json_text.h
 *		Can a text be given to PostgreSQL's JSON parser?
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_JSON_TEXT_H
#define APIKEY_JSON_TEXT_H

/*
 * Can the text be parsed by pg_parse_json() without an error being raised?  The
 * parser recurses, and raises one when the stack is exhausted; PostgreSQL 15's also
 * raises one for an escape of a character that the database's encoding lacks.  False
 * for a text of more than 64 kB, or nested more than 64 deep.
 */
extern bool apikey_json_is_parsable(const char *text);

#endif							/* APIKEY_JSON_TEXT_H */
