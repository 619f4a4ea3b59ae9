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

/* The prefixes, and where those with each first byte begin. */
typedef struct ApikeyKeyShapes
{
	const char *const *prefixes;
	int			count;
	uint16_t	first[257];
} ApikeyKeyShapes;

/*
 * Fill in *shapes.  prefixes are sorted by their bytes, and are not copied: they
 * must stay as they are while *shapes is used.
 */
extern void apikey_key_shapes_set(ApikeyKeyShapes *shapes, const char *const *prefixes,
								  int count);

/* Hide (hidden_text.h) what looks like a key; returns whether there was one. */
extern bool apikey_key_shapes_hide(const ApikeyKeyShapes *shapes, char *text, size_t len);

#endif							/* APIKEY_KEY_SHAPE_H */
