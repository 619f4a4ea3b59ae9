/*-------------------------------------------------------------------------
 *
 * base64.h
 *		Base64, base64url and hexadecimal (RFC 4648), strict and without
 *		branches on secret characters.
 *
 * Decoding accepts only the one canonical text of each byte string: unused
 * trailing bits must be zero, so that no two texts mean the same bytes, and a
 * text may not mix the two base64 alphabets.  The lenient decoder is the
 * exception, for texts that other programs wrote.
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

/* Number of characters of len bytes in base64url without padding. */
extern size_t apikey_base64url_encoded_size(size_t len);

/* Largest number of bytes that len characters can stand for. */
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
 * Decode as Python's base64.urlsafe_b64decode() does, for texts that are not
 * secret and that a MAC protects: both alphabets are accepted, other
 * characters skipped, nothing is read after the padding, and unused bits are
 * ignored.  As in Python, the padding must be complete and all characters
 * ASCII.  dst has room for apikey_base64_decoded_size(len) bytes, and its
 * contents are undefined after APIKEY_MALFORMED.
 */
extern ApikeyResult apikey_base64_decode_lenient(const char *src, size_t len,
												 uint8_t *dst,
												 size_t *dst_len);

/*
 * Decode 2 * dst_len hexadecimal digits of either case; APIKEY_MALFORMED
 * (and a wiped dst) if a character is not one.
 */
extern ApikeyResult apikey_hex_decode(const char *src, size_t dst_len,
									  uint8_t *dst);

#endif							/* APIKEY_BASE64_H */
