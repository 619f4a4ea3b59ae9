/*-------------------------------------------------------------------------
 *
 * array_argument.c
 *		Arguments of type text[]; see array_argument.h.
 *
 * What a call costs must not depend on how long an array the caller sends, so
 * the number of elements is limited, and an element that is repeated counts
 * once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/errors.h"
#include "validate/array_argument.h"

static void
require_few_elements(const ArrayType *array, const char *argument)
{
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (count > APIKEY_ARRAY_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("argument \"%s\" has too many elements", argument),
				 errdetail("It has %d elements; the limit is %d.", count,
						   APIKEY_ARRAY_MAX),
				 errhint("Make several calls, each with fewer elements."),
				 apikey_err_argument(argument)));
}

static bool
array_contains(char **elements, int count, const char *text)
{
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (strcmp(elements[i], text) == 0)
			return true;
	}
	return false;
}

int
apikey_arg_text_array(FunctionCallInfo fcinfo, int number, const char *argument,
					  char ***elements)
{
	ArrayType  *array;
	Datum	   *datums;
	bool	   *nulls;
	int			all;
	int			count = 0;

	*elements = NULL;
	if (PG_ARGISNULL(number))
		return 0;
	array = PG_GETARG_ARRAYTYPE_P(number);
	require_few_elements(array, argument);
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls, &all);
	*elements = palloc(Max(all, 1) * sizeof(char *));
	for (int i = 0; i < all; i++)
	{
		char	   *element;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			apikey_refuse_argument(argument,
								   psprintf("argument \"%s\" must not contain NULL",
											argument),
								   NULL, NULL);
		element = TextDatumGetCString(datums[i]);
		if (!array_contains(*elements, count, element))
			(*elements)[count++] = element;
	}
	return count;
}
