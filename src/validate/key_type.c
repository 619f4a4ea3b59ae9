/*-------------------------------------------------------------------------
 *
 * key_type.c
 *		Search for key types by name and by prefix.
 *
 * Values are read in place.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "validate/key_type.h"
#include "validate/key_type_cache.h"

#define SIMILAR_NAMES_MAX	5	/* names in a hint */

/* bsearch */
static int
compare_type(const void *name, const void *type)
{
	return strcmp(name, ((const ApikeyKeyType *) type)->name);
}

const ApikeyKeyType *
apikey_key_type_find(const char *name)
{
	const ApikeyKeyTypes *all = apikey_key_types();

	return bsearch(name, all->types, all->count, sizeof(ApikeyKeyType),
				   compare_type);
}

const ApikeyKeyType *
apikey_key_type_nth(int index)
{
	const ApikeyKeyTypes *all = apikey_key_types();

	return index < all->count ? &all->types[index] : NULL;
}

/* Convert to lower case, and word separators to "_". */
static char *
fold(const char *text)
{
	char	   *result = pstrdup(text);

	for (char *c = result; *c; c++)
		*c = (*c == ' ' || *c == '-') ? '_' : (char) pg_ascii_tolower(*c);
	return result;
}

/* Is the folded name similar to the type's name, or a part of its label? */
static bool
is_similar(const ApikeyKeyType *type, const char *folded)
{
	int			len = strlen(folded);
	int			limit = Max(len / 3, 1);

	if (len >= 3 && (strstr(type->name, folded) != NULL ||
					 strstr(folded, type->name) != NULL ||
					 strstr(fold(type->label), folded) != NULL))
		return true;
	return varstr_levenshtein_less_equal(folded, len, type->name,
										 strlen(type->name),
										 1, 1, 1, limit, true) <= limit;
}

/* A hint for a name that is not the name of a type. */
static const char *
hint_similar(const char *name)
{
	const char *folded;
	const ApikeyKeyType *type;
	StringInfoData names;
	int			found = 0;

	if (*name == '\0' || strlen(name) >= NAMEDATALEN)
		return APIKEY_KEY_TYPE_HINT;
	folded = fold(name);
	type = apikey_key_type_find(folded);
	if (type != NULL)
		return psprintf("Perhaps you meant \"%s\".", type->name);

	initStringInfo(&names);
	for (int index = 0; found < SIMILAR_NAMES_MAX &&
		 (type = apikey_key_type_nth(index)) != NULL; index++)
		if (is_similar(type, folded))
			appendStringInfo(&names, "%s\"%s\"", found++ ? ", " : "", type->name);
	if (found == 0)
		return APIKEY_KEY_TYPE_HINT;
	return psprintf("Perhaps you meant %s%s.", found > 1 ? "one of " : "", names.data);
}

/*
 * The message does not contain the unknown name, since it may be a value that
 * was passed as the wrong argument.
 */
const ApikeyKeyType *
apikey_key_type_get(const char *name, const char *argument)
{
	const ApikeyKeyType *type = apikey_key_type_find(name);

	if (type == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized key type"),
				 errhint("%s", hint_similar(name)),
				 apikey_err_argument(argument)));
	return type;
}

bool
apikey_key_type_is_custom(const ApikeyKeyType *type)
{
	return strcmp(type->name, "custom") == 0 ||
		strcmp(type->name, "custom_multiline") == 0;
}

const char *
apikey_key_type_prefix(const ApikeyKeyType *type, const char *value, size_t len)
{
	for (char **prefix = type->prefixes; *prefix != NULL; prefix++)
	{
		size_t		prefix_len = strlen(*prefix);

		if (prefix_len <= len && memcmp(value, *prefix, prefix_len) == 0)
			return *prefix;
	}
	return NULL;
}

const ApikeyPrefix *
apikey_key_type_next_prefix(const char *value, size_t len, int *position)
{
	const ApikeyKeyTypes *all = apikey_key_types();
	int			byte;

	if (len == 0)
		return NULL;
	byte = (unsigned char) *value;
	for (int i = Max(*position, all->first[byte]); i < all->first[byte + 1]; i++)
	{
		const ApikeyPrefix *prefix = &all->prefixes[i];

		CHECK_FOR_INTERRUPTS();
		if (prefix->len <= len &&
			memcmp(value, prefix->text, prefix->len) == 0)
		{
			*position = i + 1;
			return prefix;
		}
	}
	return NULL;
}
