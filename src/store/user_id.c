/*-------------------------------------------------------------------------
 *
 * user_id.c
 *		The ids of a users table: their types, and their canonical text; see
 *		user_id.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <errno.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "compat.h"
#include "store/user_id.h"

bool
apikey_user_id_type_is_supported(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case UUIDOID:
		case TEXTOID:
		case VARCHAROID:
			return true;
		default:
			return false;
	}
}

/* An integer of that range, as its type's output function writes it. */
static bool
parse_integer(const char *id, int64 min, int64 max, int64 *value)
{
	const char *digits = (*id == '-') ? id + 1 : id;
	size_t		len = strlen(digits);

	if (len == 0 || strspn(digits, "0123456789") != len)
		return false;
	if (*digits == '0' && (len > 1 || digits != id))
		return false;
	/* The digits are fine; what is left is the range. */
	errno = 0;
	*value = strtoi64(id, NULL, 10);
	return errno == 0 && *value >= min && *value <= max;
}

/* Is it a uuid as uuid_out writes it? */
static bool
is_uuid(const char *id)
{
	for (int i = 0; i < 36; i++)
	{
		if (i == 8 || i == 13 || i == 18 || i == 23)
		{
			if (id[i] != '-')
				return false;
		}
		else if (id[i] == '\0' || strchr("0123456789abcdef", id[i]) == NULL)
			return false;
	}
	return id[36] == '\0';
}

bool
apikey_user_id_parse(Oid type, const char *id, Datum *value)
{
	int64		number;

	switch (type)
	{
		case INT2OID:
			if (!parse_integer(id, PG_INT16_MIN, PG_INT16_MAX, &number))
				return false;
			*value = Int16GetDatum((int16) number);
			return true;
		case INT4OID:
			if (!parse_integer(id, PG_INT32_MIN, PG_INT32_MAX, &number))
				return false;
			*value = Int32GetDatum((int32) number);
			return true;
		case INT8OID:
			if (!parse_integer(id, PG_INT64_MIN, PG_INT64_MAX, &number))
				return false;
			*value = Int64GetDatum(number);
			return true;
		case UUIDOID:
			if (!is_uuid(id))
				return false;
			*value = DirectFunctionCall1(uuid_in, CStringGetDatum(id));
			return true;
		default:				/* text, varchar */
			*value = CStringGetTextDatum(id);
			return true;
	}
}
