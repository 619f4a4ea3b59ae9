/*-------------------------------------------------------------------------
 *
 * key_shape.h
 *		Hiding what looks like a provider's key, by the prefixes of the key types.
 *
 * A prefix alone may also begin ordinary words.  So what follows it must look
 * random: the shorter the prefix, the more.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_SHAPE_H
#define APIKEY_KEY_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most texts have no key: tables of the bytes keep the search for one cheap. */
typedef struct ApikeyKeyShapes
{
	const char *const *prefixes;
	int			count;
	uint16_t	first[257];		/* of those with this first byte */
	uint64_t	second[256];	/* their second bytes, as bits */
	bool		in_word[256];	/* is it a letter, a digit or "_"? */
} ApikeyKeyShapes;

/*
 * Fill in *shapes.  prefixes, of two bytes or more, are sorted by their bytes.  They are
 * not copied: they must stay as they are while *shapes is used.
 */
extern void apikey_key_shapes_set(ApikeyKeyShapes *shapes, const char *const *prefixes,
								  int count);

/* Is there anything in the text that looks like a key? */
extern bool apikey_key_shapes_are_in(const ApikeyKeyShapes *shapes, const char *text, size_t len);

/* Hide (hidden_text.h) what looks like a key; returns whether there was one. */
extern bool apikey_key_shapes_hide(const ApikeyKeyShapes *shapes, char *text, size_t len);

#endif							/* APIKEY_KEY_SHAPE_H */
