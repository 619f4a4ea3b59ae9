/*-------------------------------------------------------------------------
 *
 * key_type_label.c
 *		key_type_label: the display name of a key type, for the views.
 *
 * A look-up in the cache of key types, in place of a join with the view
 * apikey.key_types: before the tables of key types have been analyzed, the planner
 * would join them row by row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "validate/key_type.h"

PG_FUNCTION_INFO_V1(apikey_key_type_label);

/*
 * apikey.key_type_label(key_type text) -> text
 */
Datum
apikey_key_type_label(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const ApikeyKeyType *type = apikey_key_type_find(name);

	if (type == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(type->label));
}
