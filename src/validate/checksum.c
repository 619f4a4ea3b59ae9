/*-------------------------------------------------------------------------
 *
 * checksum.c
 *		The checksums in the keys of some providers.
 *
 * The providers document little about them (GitHub and GitLab something, the
 * others nothing), so a failed checksum is evidence of a mistyped key but no
 * proof: the caller reports a warning, or an error if apikey.strict_checks
 * is set.
 *
 * Values are read in place and not copied, and digests of them are wiped.
 * Nothing here raises an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "utils/pg_crc.h"

#include "validate/checksum.h"

static const char base62[] =
"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char base36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char base16[] = "0123456789abcdef";
static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/*
 * Is text the CRC-32 of the len bytes at body, most significant digit first
 * and padded with zeros?
 */
static bool
crc_is(const char *body, size_t len, const char *alphabet,
	   const char *text, size_t digits)
{
	uint32		base = strlen(alphabet);
	pg_crc32	crc;
	bool		same = true;

	INIT_TRADITIONAL_CRC32(crc);
	COMP_TRADITIONAL_CRC32(crc, body, len);
	FIN_TRADITIONAL_CRC32(crc);

	while (digits-- > 0)
	{
		same = same && text[digits] == alphabet[crc % base];
		crc /= base;
	}
	return same;
}

/*
 * ghp_, gho_, ghu_, ghs_ or npm_ followed by 36 characters, or ghr_ followed
 * by 76.  The last 6 are the checksum of those between.  A ghs_ token may also
 * be a JWT, and an npm token a UUID; these have no checksum.
 */
static bool
check_github(const char *value, size_t len)
{
	if ((len != 4 + 36 && len != 4 + 76) || value[3] != '_' ||
		memchr(value, '.', len) != NULL)
		return true;
	return crc_is(value + 4, len - 4 - 6, base62, value + len - 6, 6);
}

/*
 * github_pat_, 22 characters, "_", 43 characters, a checksum of 8 and another
 * 8 whose meaning is not known.  The checksum is the beginning of the SHA-256
 * of everything before it, in base32.
 */
static bool
check_github_fine_grained(const char *value, size_t len)
{
	const size_t covered = 11 + 22 + 1 + 43;
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *hash;
	bool		same = true;

	if (len != covered + 8 + 8)
		return true;
	hash = pg_cryptohash_create(PG_SHA256);
	if (hash != NULL &&
		pg_cryptohash_init(hash) == 0 &&
		pg_cryptohash_update(hash, (const uint8 *) value, covered) == 0 &&
		pg_cryptohash_final(hash, digest, sizeof(digest)) == 0)
	{
		uint64		bits = 0;

		for (int i = 0; i < 5; i++)
			bits = bits << 8 | digest[i];
		for (int i = 7; i >= 0; i--, bits >>= 5)
			same = same && value[covered + i] == base32[bits & 31];
	}
	if (hash != NULL)
		pg_cryptohash_free(hash);
	explicit_bzero(digest, sizeof(digest));
	return same;
}

/*
 * The routable formats end in ".", the length in 2 digits and a checksum of 7,
 * which covers everything before it including the prefix.  The legacy format
 * has no checksum.
 */
static bool
check_gitlab(const char *value, size_t len)
{
	if (len < 10 || value[len - 10] != '.')
		return true;
	return crc_is(value, len - 7, base36, value + len - 7, 7);
}

/* cfut_, cfat_ or cfk_, 40 characters, and a checksum of 8. */
static bool
check_cloudflare(const char *value, size_t len)
{
	const char *mark = memchr(value, '_', len);

	if (mark == NULL || value + len != mark + 1 + 40 + 8)
		return true;
	return crc_is(mark + 1, 40, base16, mark + 1 + 40, 8);
}

/* vcp_, vca_, vci_ or vcr_, 50 characters, and a checksum of 6. */
static bool
check_vercel(const char *value, size_t len)
{
	if (len != 4 + 50 + 6 || value[3] != '_')
		return true;
	return crc_is(value + 4, 50, base62, value + 4 + 50, 6);
}

static const struct Checksum
{
	const char *name;
	bool		(*passes) (const char *value, size_t len);
}			checksums[] = {
	{"github", check_github},
	{"github_fine_grained", check_github_fine_grained},
	{"gitlab", check_gitlab},
	{"cloudflare", check_cloudflare},
	{"vercel", check_vercel}
};

static const struct Checksum *
find_checksum(const char *name)
{
	for (size_t i = 0; i < lengthof(checksums); i++)
		if (strcmp(checksums[i].name, name) == 0)
			return &checksums[i];
	return NULL;
}

bool
apikey_checksum_is_known(const char *name)
{
	return find_checksum(name) != NULL;
}

bool
apikey_checksum_passes(const char *name, const char *value, size_t len)
{
	const struct Checksum *checksum = find_checksum(name);

	return checksum == NULL || checksum->passes(value, len);
}
