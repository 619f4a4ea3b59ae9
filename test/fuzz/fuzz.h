/*-------------------------------------------------------------------------
 *
 * fuzz.h
 *		What the targets of libFuzzer share.
 *
 * A target checks more than that nothing crashes: demand() states what must be so
 * for any input, and ends the program if it is not.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The entry, which each target defines. */
extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern void demand(bool true_or_crash);

/* Exactly the requested size, so that the sanitizer checks each byte. */
extern void *room(size_t size);

/* What is left of the input; its parts are taken from the beginning. */
typedef struct Input
{
	const uint8_t *data;
	size_t		len;
} Input;

/* One byte; 0 at the end. */
extern uint8_t take_byte(Input *input);

/*
 * A text of at most max bytes, in room of its own with a terminating zero: what
 * precedes the next zero byte, which is taken too.  The caller frees it.
 */
extern char *take_text(Input *input, size_t max, size_t *len);

/* Does text contain what? */
extern bool contains(const char *text, size_t len, const char *what, size_t what_len);

/* Texts that are put together. */
typedef struct Builder
{
	char	   *data;			/* followed by a zero */
	size_t		len;
	size_t		size;
} Builder;

extern void add(Builder *builder, const char *text, size_t len);
extern void add_string(Builder *builder, const char *string);

/* With each of the characters twice. */
extern void add_doubled(Builder *builder, const char *text, size_t len,
						const char *characters);

/* The text, in room of its own without the zero, which the caller frees. */
extern char *finish(Builder *builder);

#endif							/* FUZZ_H */
