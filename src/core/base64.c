/*-------------------------------------------------------------------------
 *
 * base64.c
 *		Base64url encoding; strict decoding of base64, base64url and
 *		hexadecimal (RFC 4648).
 *
 * The characters may be those of a key, so no branch and no table index
 * depends on them: a character is classified by arithmetic alone, and whether
 * all were valid is decided once, at the end.  Their number and the padding are
 * not secret.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "base64.h"
#include "wipe.h"

/* A character of neither alphabet; a further APIKEY_BASE64_* flag. */
#define NOT_BASE64	0x80

/* All bits set when low <= c <= high, none otherwise. */
static unsigned int
range_mask(int c, int low, int high)
{
	unsigned int inside = (unsigned int) ((low - 1 - c) & (c - high - 1));

	return 0U - (inside >> (8 * sizeof(inside) - 1));
}

/* The base64url character of a value from 0 to 63. */
static char
encode_sextet(int v)
{
	unsigned int c;

	c = range_mask(v, 0, 25) & (unsigned int) (v + 'A');
	c |= range_mask(v, 26, 51) & (unsigned int) (v - 26 + 'a');
	c |= range_mask(v, 52, 61) & (unsigned int) (v - 52 + '0');
	c |= range_mask(v, 62, 62) & '-';
	c |= range_mask(v, 63, 63) & '_';
	return (char) c;
}

/*
 * The value of a character.  Adds to *seen the alphabet that the character
 * belongs to: the two differ only in their last two characters.
 */
static unsigned int
decode_sextet(char character, unsigned int *seen)
{
	int			c = (unsigned char) character;
	unsigned int upper = range_mask(c, 'A', 'Z');
	unsigned int lower = range_mask(c, 'a', 'z');
	unsigned int digit = range_mask(c, '0', '9');
	unsigned int std62 = range_mask(c, '+', '+');
	unsigned int std63 = range_mask(c, '/', '/');
	unsigned int url62 = range_mask(c, '-', '-');
	unsigned int url63 = range_mask(c, '_', '_');

	*seen |= (std62 | std63) & APIKEY_BASE64_STD;
	*seen |= (url62 | url63) & APIKEY_BASE64_URL;
	*seen |= ~(upper | lower | digit | std62 | std63 | url62 | url63) &
		NOT_BASE64;

	return (upper & (unsigned int) (c - 'A')) |
		(lower & (unsigned int) (c - 'a' + 26)) |
		(digit & (unsigned int) (c - '0' + 52)) |
		((std62 | url62) & 62) | ((std63 | url63) & 63);
}

/* The value of a hexadecimal digit; for another character, clears *valid. */
static unsigned int
decode_nibble(char character, unsigned int *valid)
{
	int			c = (unsigned char) character;
	unsigned int digit = range_mask(c, '0', '9');
	unsigned int upper = range_mask(c, 'A', 'F');
	unsigned int lower = range_mask(c, 'a', 'f');

	*valid &= digit | upper | lower;
	return (digit & (unsigned int) (c - '0')) |
		(upper & (unsigned int) (c - 'A' + 10)) |
		(lower & (unsigned int) (c - 'a' + 10));
}

size_t
apikey_base64url_encoded_size(size_t len)
{
	return len / 3 * 4 + (len % 3 == 0 ? 0 : len % 3 + 1);
}

size_t
apikey_base64_decoded_size(size_t len)
{
	return len / 4 * 3 + len % 4 * 3 / 4;
}

void
apikey_base64url_encode(const uint8_t *src, size_t len, char *dst)
{
	uint32_t	queue = 0;
	int			bits = 0;

	for (size_t i = 0; i < len; i++)
	{
		queue = queue << 8 | src[i];
		bits += 8;
		while (bits >= 6)
		{
			bits -= 6;
			*dst++ = encode_sextet((int) (queue >> bits & 0x3F));
		}
	}
	if (bits > 0)
		*dst = encode_sextet((int) (queue << (6 - bits) & 0x3F));
}

/*
 * Subtract the padding from *len.  If there is any, it must be complete: one or
 * two characters that fill a group of four.
 */
static bool
strip_padding(const char *src, size_t *len)
{
	size_t		padding = 0;

	while (padding < 2 && padding < *len && src[*len - 1 - padding] == '=')
		padding++;
	if (padding > 0 && *len % 4 != 0)
		return false;
	*len -= padding;
	return true;
}

/*
 * Decode len characters without padding.  Fewer than six bits may remain at
 * the end, and they must be zero.
 */
static bool
decode_characters(const char *src, size_t len, int flags, uint8_t *dst)
{
	unsigned int seen = 0;
	uint32_t	queue = 0;
	int			bits = 0;

	for (size_t i = 0; i < len; i++)
	{
		queue = queue << 6 | decode_sextet(src[i], &seen);
		bits += 6;
		if (bits >= 8)
		{
			bits -= 8;
			*dst++ = (uint8_t) (queue >> bits);
		}
	}
	return (seen & ~(unsigned int) flags) == 0 &&
		seen != (APIKEY_BASE64_URL | APIKEY_BASE64_STD) &&
		bits < 6 && (queue & ((1U << bits) - 1)) == 0;
}

ApikeyResult
apikey_base64_decode(const char *src, size_t len, int flags, uint8_t *dst,
					 size_t *dst_len)
{
	size_t		room = apikey_base64_decoded_size(len);

	if ((flags & APIKEY_BASE64_PADDED) == 0 || strip_padding(src, &len))
	{
		if (decode_characters(src, len, flags, dst))
		{
			*dst_len = apikey_base64_decoded_size(len);
			return APIKEY_OK;
		}
	}
	if (room > 0)
		apikey_wipe(dst, room);
	*dst_len = 0;
	return APIKEY_MALFORMED;
}

/* Is any character not ASCII? */
static bool
has_high_bit(const char *src, size_t len)
{
	unsigned char all = 0;

	for (size_t i = 0; i < len; i++)
		all |= (unsigned char) src[i];
	return (all & 0x80) != 0;
}

/*
 * Padding counts where a group has two characters or more, and is complete
 * when it fills the group: then nothing more is read.  Elsewhere it is
 * skipped, and a character of the alphabet that follows it resets its count.
 */
ApikeyResult
apikey_base64_decode_lenient(const char *src, size_t len, uint8_t *dst,
							 size_t *dst_len)
{
	uint8_t    *next = dst;
	uint32_t	queue = 0;
	int			characters = 0; /* of a group of four */
	int			pads = 0;

	*dst_len = 0;
	if (has_high_bit(src, len))
		return APIKEY_MALFORMED;
	for (size_t i = 0; i < len && (pads == 0 || characters + pads < 4); i++)
	{
		unsigned int seen = 0;
		unsigned int sextet = decode_sextet(src[i], &seen);

		if (src[i] == '=' && characters >= 2)
			pads++;
		if ((seen & NOT_BASE64) != 0)
			continue;
		pads = 0;
		queue = queue << 6 | sextet;
		if (characters > 0)
			*next++ = (uint8_t) (queue >> (6 - 2 * characters));
		characters = (characters + 1) % 4;
	}
	if (characters != 0 && (pads == 0 || characters + pads < 4))
		return APIKEY_MALFORMED;
	*dst_len = (size_t) (next - dst);
	return APIKEY_OK;
}

ApikeyResult
apikey_hex_decode(const char *src, size_t dst_len, uint8_t *dst)
{
	unsigned int valid = ~0U;

	for (size_t i = 0; i < dst_len; i++)
	{
		unsigned int high = decode_nibble(src[2 * i], &valid);

		dst[i] = (uint8_t) (high << 4 | decode_nibble(src[2 * i + 1], &valid));
	}
	if (valid != 0)
		return APIKEY_OK;
	apikey_wipe(dst, dst_len);
	return APIKEY_MALFORMED;
}
