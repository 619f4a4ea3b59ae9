/*-------------------------------------------------------------------------
 *
 * base64.h
 *		Base64, base64url and hexadecimal (RFC 4648), strict and without
 *		branches on secret characters.
 *
 * Decoding accepts the one canonical text of each byte string only: unused
 * trailing bits must be zero, so that no two texts mean the same bytes.
 * One text never mixes the two base64 alphabets.  The lenient decoder, for
 * what others wrote, is the exception.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_BASE64_H
#define APIKEY_BASE64_H

#include "result.h"

/* Which texts apikey_base64_decode() takes; combine with |. */
#define APIKEY_BASE64_URL		0x01	/* '-' and '_' */
#define APIKEY_BASE64_STD		0x02	/* '+' and '/' */
#define APIKEY_BASE64_PADDED	0x04	/* '=' may end the text */

/* Characters that len bytes take as base64url without padding. */
extern size_t apikey_base64url_encoded_size(size_t len);

/* Bytes that len characters can hold at most. */
extern size_t apikey_base64_decoded_size(size_t len);

/*
 * Write apikey_base64url_encoded_size(len) characters to dst; no padding and
 * no terminating zero.
 */
extern void apikey_base64url_encode(const uint8_t *src, size_t len, char *dst);

/*
 * Decode len characters into dst, which has room for
 * apikey_base64_decoded_size(len) bytes; *dst_len gets the number written.
 * APIKEY_MALFORMED (and a wiped dst) for anything but canonical text of the
 * given alphabets.
 */
extern ApikeyResult apikey_base64_decode(const char *src, size_t len,
										 int flags, uint8_t *dst,
										 size_t *dst_len);

/*
 * Decode as Python's base64.urlsafe_b64decode() does, for texts that are no
 * secret and that a MAC protects: both alphabets, characters of none passed
 * over, nothing read behind the padding, unused bits ignored.  As there, the
 * padding must be complete, and all characters ASCII.  dst has room for
 * apikey_base64_decoded_size(len) bytes, and holds nothing of use after
 * APIKEY_MALFORMED.
 */
extern ApikeyResult apikey_base64_decode_lenient(const char *src, size_t len,
												 uint8_t *dst,
												 size_t *dst_len);

/*
 * Decode 2 * dst_len hexadecimal digits of either case; APIKEY_MALFORMED
 * (and a wiped dst) when one is none.
 */
extern ApikeyResult apikey_hex_decode(const char *src, size_t dst_len,
									  uint8_t *dst);

#endif							/* APIKEY_BASE64_H */
