/*-------------------------------------------------------------------------
 *
 * log_text.h
 *		Texts of log messages that may quote a secret, other than SQL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_LOG_TEXT_H
#define APIKEY_LOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * All of these hide (hidden_text.h) what they find.
 *
 * The values of bound parameters, as PostgreSQL shows them: $1 = 'value'.
 */
extern void apikey_log_hide_parameters(char *text, size_t len);

/* The parameters in a message of pgaudit: what follows the statement. */
extern void apikey_log_hide_audit(char *text, size_t len);

/* What stands between double quotation marks. */
extern void apikey_log_hide_quoted(char *text, size_t len);

/* Is it the dump of a parse tree or plan? */
extern bool apikey_log_is_node_dump(const char *text, size_t len);

/*
 * The constants in such a dump, which show the bytes of a value as decimal
 * numbers, [ 36 0 0 0 115 107 ... ]: those whose bytes contain a secret, which
 * hide() hides in them.  Returns whether there was one.
 */
extern bool apikey_log_hide_constants(char *text, size_t len,
									  bool (*hide) (char *bytes, size_t count));

#endif							/* APIKEY_LOG_TEXT_H */
