/*-------------------------------------------------------------------------
 *
 * value_format.c
 *		The prefix and the format of a value.
 *
 * The value is read in place.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "validate/pattern_match.h"
#include "validate/pattern_text.h"
#include "validate/value_format.h"

/* Is the value, as a whole, a key of the prefix's type and of no other? */
static bool
identifies_type(const ApikeyPrefix *prefix, const char *value, size_t len)
{
	return !prefix->is_shared && prefix->type->pattern != NULL &&
		apikey_pattern_matches(prefix->type, value, len);
}

/*
 * Formats drift, and prefixes are copied: so a prefix alone says nothing.  The
 * longest prefixes come first; shorter ones than that of a match are less
 * specific.
 */
List *
apikey_value_identified_types(const ApikeyKeyType *unless, const char *value, size_t len,
							  size_t *prefix_len)
{
	List	   *types = NIL;
	int			position = 0;
	const ApikeyPrefix *prefix;

	*prefix_len = 0;
	while ((prefix = apikey_key_type_next_prefix(value, len, &position)) != NULL &&
		   prefix->len >= *prefix_len)
	{
		if (unless != NULL && strcmp(prefix->type->name, unless->name) == 0)
			return NIL;
		if (!identifies_type(prefix, value, len))
			continue;
		types = lappend(types, unconstify(ApikeyKeyType *, prefix->type));
		*prefix_len = prefix->len;
	}
	return types;
}

/* The names of the types, for a message; the label too if there is only one. */
static char *
name_types(const List *types)
{
	StringInfoData names;
	ListCell   *cell;

	initStringInfo(&names);
	foreach(cell, types)
	{
		const ApikeyKeyType *type = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (cell != list_head(types))
			appendStringInfoString(&names, lnext(types, cell) ? ", " : " or ");
		appendStringInfo(&names, "\"%s\"", type->name);
		if (list_length(types) == 1)
			appendStringInfo(&names, " (%s)", type->label);
	}
	return names.data;
}

/* A key of another provider, or another kind of key of the same provider. */
static ApikeyFinding *
format_check_prefix(const ApikeyKeyType *type, const char *value, size_t len)
{
	size_t		prefix_len;
	List	   *others = apikey_key_type_is_custom(type) ? NIL :
	apikey_value_identified_types(type, value, len, &prefix_len);

	if (others == NIL)
		return NULL;
	return apikey_value_finding(true, "other_provider",
								psprintf("value looks like a key of type %s, not of type \"%s\" (%s)",
										 name_types(others), type->name, type->label),
								"Choose the type that fits, or look for the right value.");
}

/* The message describes the pattern in words; the hint shows it as it is. */
static ApikeyFinding *
format_check_pattern(const ApikeyKeyType *type, const char *value, size_t len)
{
	char	   *hint;

	if (apikey_pattern_matches(type, value, len))
		return NULL;
	hint = psprintf("The format is the regular expression %s; an administrator can change it in apikey.custom_key_types.",
					text_to_cstring(type->pattern));
	return apikey_value_finding(type->reject, "format",
								psprintf("value does not match the format of type \"%s\" (%s): expected %s",
										 type->name, type->label, apikey_pattern_text(type)),
								hint);
}

ApikeyFinding *
apikey_value_check_format(const ApikeyKeyType *type, const char *value, size_t len)
{
	/* "Wrong provider" is more helpful than "wrong format". */
	ApikeyFinding *finding = format_check_prefix(type, value, len);

	return finding != NULL ? finding : format_check_pattern(type, value, len);
}
