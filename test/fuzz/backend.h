/*-------------------------------------------------------------------------
 *
 * backend.h
 *		What targets need whose parsers call PostgreSQL.
 *
 * The parsers are linked with PostgreSQL's own libraries for programs outside the
 * server, which have its JSON parser, its encodings and more, and with backend.c,
 * which has what exists only in the server.  Whatever it lacks crashes when called.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BACKEND_H
#define BACKEND_H

#include "postgres.h"

#include "fuzz.h"

/*
 * Call a function, and free all memory that it has allocated by palloc().  If it
 * raises an error, returns false, and the error's texts are in error_text until the
 * next call.
 */
extern bool call_backend(void (*function) (Input *input), Input *input);

/* The message, detail and hint of the last error. */
extern char error_text[4096];

/* palloc'ed, like what the parser is given by the server. */
extern char *take_string(Input *input, size_t max);

#endif							/* BACKEND_H */
