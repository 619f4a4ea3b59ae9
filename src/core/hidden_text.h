/*-------------------------------------------------------------------------
 *
 * hidden_text.h
 *		Text in which secrets have been hidden.
 *
 * What looks for secrets works on a copy of the text and overwrites what it
 * finds with zero bytes, which no text contains.  So several searches can follow
 * one another, in any order, and none sees what another has hidden.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_HIDDEN_TEXT_H
#define APIKEY_HIDDEN_TEXT_H

#include <stddef.h>

/* What is written for a hidden part. */
#define APIKEY_HIDDEN	"<redacted>"

/* Hide the bytes from begin up to, but not including, end. */
extern void apikey_hide(char *text, size_t begin, size_t end);

/* The number of bytes that apikey_hidden_write() writes. */
extern size_t apikey_hidden_size(const char *text, size_t len);

/* Write the text, with APIKEY_HIDDEN for each hidden part; no zero at the end. */
extern void apikey_hidden_write(const char *text, size_t len, char *out);

/*
 * Write a space for each hidden byte instead, so that positions stay valid, and the
 * text can be split into tokens wherever the hidden parts are.
 */
extern void apikey_hidden_fill(char *text, size_t len);

#endif							/* APIKEY_HIDDEN_TEXT_H */
