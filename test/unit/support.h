/*-------------------------------------------------------------------------
 *
 * support.h
 *		What the unit tests share: TAP output, files of test vectors, and
 *		keys for tests.
 *
 * A test program prints its plan at the end, so that one that dies halfway
 * fails.  Memory is allocated with need(), which exits if there is none.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "envelope.h"

/* Where Debian's python3-cryptography-vectors has published vectors. */
#define PUBLISHED	"/usr/lib/python3/dist-packages/cryptography_vectors/"

#define lengthof(array)	(sizeof(array) / sizeof((array)[0]))

/* One line "ok" or "not ok"; returns passed. */
extern bool ok(bool passed, const char *format,...)
			__attribute__((format(printf, 2, 3)));

/* A line of commentary. */
extern void note(const char *format,...)
			__attribute__((format(printf, 1, 2)));

/* The plan; returns the program's exit status. */
extern int	done(void);

extern void *need(size_t size);

/* A buffer of len bytes, all different from those of another seed. */
extern uint8_t *pattern(size_t len, unsigned int seed);

extern bool all_zero(const void *data, size_t len);

extern ApikeySpan span(const char *text);

/* A value in a file of vectors; data is NULL if there was none. */
typedef struct Field
{
	uint8_t    *data;
	size_t		len;
} Field;

#define NAME_SIZE	64

/*
 * Read the next line of a file, "name = value"; name has room for NAME_SIZE
 * characters.  The value is text between double quotes or hexadecimal digits;
 * otherwise it has no bytes.  A line without " =" is a name without a value.
 * False at the end of the file.
 */
extern bool next_field(FILE *file, char *name, Field *field);
extern void free_field(Field *field);

extern FILE *open_file(const char *path);

/* Keys made from patterns; never NULL. */
extern ApikeyMasterKey *sample_master_key(unsigned int seed);
extern ApikeyDataKey *sample_data_key(unsigned int seed);

#endif							/* SUPPORT_H */
