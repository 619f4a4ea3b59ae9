/*-------------------------------------------------------------------------
 *
 * clean_text.h
 *		Text without secrets, for logs and views.
 *
 * Three searches, as none is enough: calls of our functions in SQL text; the exact
 * values of the current statement; and the shapes of providers' keys.
 *
 * Nothing here raises an error or allocates by palloc: it is used while an error is
 * being reported.  Where there is no memory, the whole text is hidden.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_CLEAN_TEXT_H
#define APIKEY_CLEAN_TEXT_H

typedef struct ApikeyCleanText
{
	const char *text;			/* NULL if the original is */
	char	   *copy;			/* malloc'ed, or NULL */
	bool		is_changed;		/* something was hidden */
} ApikeyCleanText;

/* What a text is: bits.  All texts are searched for SQL, values and keys. */
#define APIKEY_TEXT_PLAIN			0
#define APIKEY_TEXT_ALL_SECRET		1	/* cannot be told from a secret */
#define APIKEY_TEXT_PARAMETERS		2	/* may list bound parameters */
#define APIKEY_TEXT_AUDIT			4	/* may be a message of pgaudit */
#define APIKEY_TEXT_QUOTES			8	/* quotes input in double quotation
										 * marks */
#define APIKEY_TEXT_LITERALS		16	/* has literals of a statement with a
										 * call */

/* Does the text call a function that is given a secret?  text may be NULL. */
extern bool apikey_text_has_call(const char *text);

/* Is it the dump of a parse tree or plan? */
extern bool apikey_text_is_node_dump(const char *text);

/*
 * Clean a text, which may be NULL, and must live as long as *clean.  The caller
 * frees with apikey_clean_text_free().
 */
extern void apikey_clean_text(ApikeyCleanText *clean, const char *text, int kind);

/*
 * Overwrite the secrets in len bytes of a statement with spaces.  Returns whether
 * there were any.
 */
extern bool apikey_clean_statement(char *text, size_t len);

/* Is it known that apikey_clean_statement() would find none? */
extern bool apikey_statement_is_known_clean(const char *text, size_t len);

extern void apikey_clean_text_free(ApikeyCleanText *clean);

#endif							/* APIKEY_CLEAN_TEXT_H */
