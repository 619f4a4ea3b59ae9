/*-------------------------------------------------------------------------
 *
 * key_types.c
 *		Key types for the targets; see key_types.h.
 *
 *-------------------------------------------------------------------------
 */
#include "backend.h"

#include "regex/regex.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "key_types.h"
#include "validate/key_type.h"

#define TYPES		(int) lengthof(templates)

uint64		pattern_matches = 0;

/* In order of name; one for each rule of its own. */
static const struct
{
	const char *name;
	const char *pattern;
	const char *prefix;
	const char *checksum;
	bool		allow_whitespace;
}			templates[] = {
	{"airtable", "^(?:pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}|key[A-Za-z0-9]{14})$", "key"},
	{"aws_access_key_id", "^A(?:KIA|SIA)[A-Z2-7]{16}$", "ASIA"},
	{"cloudflare", "^cf[ua]t_[A-Za-z0-9]{48}$", "cfut_", "cloudflare"},
	{"custom"},
	{"custom_multiline", NULL, NULL, NULL, true},
	{"github", "^ghp_[A-Za-z0-9]{36}$", "ghp_", "github"},
	{"github_fine_grained", "^github_pat_[A-Za-z0-9_]{82}$", "github_pat_", "github_fine_grained"},
	{"gitlab", "^glpat-[A-Za-z0-9_.-]{20,}$", "glpat-", "gitlab"},
	{"google_gemini", "^AIza[A-Za-z0-9_-]{35}$", "AIza"},
	{"google_service_account", "^\\s*\\{", "{", NULL, true},
	{"npm", "^(?:npm_[A-Za-z0-9]{36}|[0-9a-f-]{36})$", "npm_", "github"},
	{"ssh_private_key", "^-----BEGIN .*-----\\s*$", "-----BEGIN", NULL, true},
	{"supabase_secret", "^(?:sb_secret_|eyJ)[A-Za-z0-9_.-]+$", "eyJ"},
	{"vercel", "^vc[pair]_[A-Za-z0-9]{56}$", "vcp_", "vercel"}
};

static ApikeyKeyType types[lengthof(templates)];
static char *type_prefixes[lengthof(templates)][2];
static ApikeyPrefix prefixes[lengthof(templates)];
static ApikeyKeyTypes all = {.types = types,.prefixes = prefixes};

void
take_matches(Input *input)
{
	pattern_matches = 0;
	for (int i = 0; i < 8; i++)
		pattern_matches = pattern_matches << 8 | take_byte(input);
}

/* qsort */
static int
compare_prefixes(const void *left, const void *right)
{
	return strcmp(((const ApikeyPrefix *) left)->text, ((const ApikeyPrefix *) right)->text);
}

static void
make_type(int i)
{
	types[i].name = unconstify(char *, templates[i].name);
	types[i].label = "Label";
	types[i].prefixes = type_prefixes[i];
	types[i].checksum = unconstify(char *, templates[i].checksum);
	types[i].reject = i % 2 == 0;
	types[i].allow_whitespace = templates[i].allow_whitespace;
	type_prefixes[i][0] = unconstify(char *, templates[i].prefix);
	if (templates[i].pattern != NULL)
	{
		types[i].pattern = cstring_to_text(templates[i].pattern);
		types[i].compiled = apikey_compiled_pattern_new(types[i].pattern);
	}
	if (templates[i].prefix == NULL)
		return;
	prefixes[all.prefix_count].text = templates[i].prefix;
	prefixes[all.prefix_count].len = strlen(templates[i].prefix);
	prefixes[all.prefix_count++].type = &types[i];
}

/*
 * The table of the checksum of zip and others, which each of these types has.  It is
 * a constant where it is declared.
 */
uint32		pg_crc32_table[256];

static void
make_crc_table(void)
{
	for (uint32 i = 0; i < 256; i++)
	{
		pg_crc32_table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			pg_crc32_table[i] = pg_crc32_table[i] >> 1 ^ (pg_crc32_table[i] & 1 ? 0xEDB88320 : 0);
	}
}

static void
make_types(void)
{
	MemoryContext outer = MemoryContextSwitchTo(TopMemoryContext);
	int			byte = 0;

	make_crc_table();
	for (int i = 0; i < TYPES; i++)
		make_type(i);
	qsort(prefixes, all.prefix_count, sizeof(ApikeyPrefix), compare_prefixes);
	for (int i = 0; i < all.prefix_count; i++)
		while (byte <= (unsigned char) prefixes[i].text[0])
			all.first[byte++] = i;
	while (byte <= 256)
		all.first[byte++] = all.prefix_count;
	all.count = TYPES;
	MemoryContextSwitchTo(outer);
}

const ApikeyKeyTypes *
apikey_key_types(void)
{
	if (all.count == 0)
		make_types();
	return &all;
}

/* Patterns */

int
pg_regcomp(regex_t * re, const pg_wchar *string, size_t len, int flags, Oid collation)
{
	size_t		hash = 5381;

	for (size_t i = 0; i < len; i++)
		hash = hash * 33 + string[i];
	re->re_nsub = hash % 64;
	return REG_OKAY;
}

/* The value is read, so that the sanitizer sees whether it has that length. */
int
pg_regexec(regex_t * re, const pg_wchar *string, size_t len, size_t search_start,
		   rm_detail_t * details, size_t nmatch, regmatch_t pmatch[], int flags)
{
	pg_wchar	last = 0;

	for (size_t i = 0; i <= len; i++)
		last = string[i];
	demand(last == 0);
	return pattern_matches >> re->re_nsub & 1 ? REG_OKAY : REG_NOMATCH;
}

void
pg_regfree(regex_t * re)
{
}

void
MemoryContextRegisterResetCallback(MemoryContext context, MemoryContextCallback *cb)
{
}

int
pg_encoding_mb2wchar_with_len(int encoding, const char *from, pg_wchar *to, int len)
{
	return pg_wchar_table[encoding].mb2wchar_with_len((const unsigned char *) from, to, len);
}
