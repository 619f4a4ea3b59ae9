/*-------------------------------------------------------------------------
 *
 * sql_literal.h
 *		String literals, comments and words in SQL text.
 *
 * The text may itself be the content of a string literal, in which each
 * quotation mark is doubled: a literal in it then begins and ends with two, or
 * with four in the next level.  That number is the unit.
 *
 * All functions take the whole text and a position in it, and read nothing
 * outside.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_SQL_LITERAL_H
#define APIKEY_SQL_LITERAL_H

#include <stdbool.h>
#include <stddef.h>

/* A literal: its content, and where it ends. */
typedef struct ApikeySqlLiteral
{
	size_t		begin;
	size_t		end;
	size_t		next;			/* the byte after the closing delimiter */
	size_t		unit;			/* of literals within the content */
} ApikeySqlLiteral;

/* Can the byte begin a word, or continue one? */
extern bool apikey_sql_begins_word(char c);
extern bool apikey_sql_in_word(char c);

/* The end of the word at that position. */
extern size_t apikey_sql_word_end(const char *text, size_t len, size_t pos);

/* Is it that word?  word is in small letters. */
extern bool apikey_sql_is_word(const char *text, size_t begin, size_t end,
							   const char *word);

/* The end of the comment that begins there; pos if none does. */
extern size_t apikey_sql_comment_end(const char *text, size_t len, size_t pos);

/*
 * The literal whose opening quotation mark is at that position.  escapes: a
 * backslash escapes the next character.  Returns false if it is not well-formed,
 * or does not end.
 */
extern bool apikey_sql_quoted(const char *text, size_t len, size_t pos,
							  size_t unit, bool escapes, ApikeySqlLiteral *literal);

/*
 * The end of the opening delimiter of the dollar-quoted literal that begins
 * there; pos if none does.
 */
extern size_t apikey_sql_dollar_end(const char *text, size_t len, size_t pos);

/* The literal with that opening delimiter, likewise. */
extern bool apikey_sql_dollar_quoted(const char *text, size_t len, size_t pos,
									 size_t unit, ApikeySqlLiteral *literal);

#endif							/* APIKEY_SQL_LITERAL_H */
