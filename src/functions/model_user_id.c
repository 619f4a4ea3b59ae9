/*-------------------------------------------------------------------------
 *
 * model_user_id.c
 *		model_user_id: a user id in the type of the ids of a users table, for
 *		the column user_id of a model view (create_model_view.c).
 *
 * A link can be changed or removed after a view was created: the prefix is that
 * of the link as it is now.  While the table is not linked, its user ids have no
 * prefix.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/errors.h"
#include "functions/model_user_id.h"
#include "store/user_id.h"
#include "store/user_link.h"

PG_FUNCTION_INFO_V1(apikey_model_user_id);

/*
 * The id, of one of the types that ids can have, whose text is canonical for it.  Any other text is an error:
 * as no user's id, it would leave the list empty, and nobody would notice.
 */
static Datum
parse_id(Oid users, Oid type, const char *id)
{
	Datum		value;

	if (!apikey_user_id_type_is_supported(type))
		apikey_refuse_argument("type", "invalid type of ids", NULL,
							   "Ids are of type smallint, integer, bigint, uuid, text or varchar.");
	if (!apikey_user_id_parse(type, id, &value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("user id is not an id of table \"%s\"", get_rel_name(users)),
				 errdetail("In the model view, ids of that table are of type %s.",
						   format_type_be(type)),
				 errhint("Set the identity to the id of a user.  If the table's ids have another type now, drop the view and create it again with apikey.create_model_view()."),
				 apikey_err_argument("user_id")));
	return value;
}

bool
apikey_model_user_id_of(const char *user_id, Oid users, Oid type, Datum *id)
{
	const char *text = user_id;

	if (OidIsValid(users))
		text = apikey_user_link_strip(apikey_user_links(), users, user_id);
	if (text == NULL)
		return false;
	*id = OidIsValid(users) ? parse_id(users, type, text) : CStringGetTextDatum(text);
	return true;
}

/*
 * apikey.model_user_id(user_id text, users regclass, type anyelement)
 *		-> anyelement
 */
Datum
apikey_model_user_id(PG_FUNCTION_ARGS)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 2);
	Datum		id;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) ||
		!apikey_model_user_id_of(text_to_cstring(PG_GETARG_TEXT_PP(0)),
								 PG_GETARG_OID(1), type, &id))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(id);
}
