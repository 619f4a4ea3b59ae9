/*-------------------------------------------------------------------------
 *
 * link_check.c
 *		The checks before a users table is linked; see link_check.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/errors.h"
#include "base/odd_character.h"
#include "store/link_check.h"
#include "store/user_id.h"
#include "store/user_link.h"
#include "store/users_table.h"
#include "validate/shown_text.h"

#define PREFIX_MAX		64		/* characters */

bool
apikey_link_check_caller(Oid users)
{
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(users)))
		return false;
	if (pg_class_aclcheck(users, GetUserId(), ACL_TRIGGER) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table \"%s\"", get_rel_name(users)),
				 errhint("Linking or unlinking a table requires the TRIGGER privilege on it."),
				 apikey_err_argument("users")));
	return true;
}

static void
require_fitting_table(Relation users)
{
	Oid			schema = get_namespace_oid("apikey", false);

	if (apikey_users_table_fits(users) &&
		!IsSystemRelation(users) &&
		RelationGetNamespace(users) != schema)
		return;
	apikey_refuse_argument("users",
						   psprintf("\"%s\" cannot be a users table",
									RelationGetRelationName(users)),
						   "It cannot be a view, a partition, or a partitioned, foreign, temporary, unlogged or system table, or one of apikey's own tables.",
						   NULL);
}

/*
 * The column must have a supported type, and be NOT NULL and unique: two users
 * with the same id would share their keys.  Because of the unique index, an
 * UPDATE of the id conflicts with a FOR KEY SHARE lock, as a DELETE does.
 */
static void
require_id_column(Relation users, const char *name)
{
	AttrNumber	column = get_attnum(RelationGetRelid(users), name);
	Form_pg_attribute attribute;

	if (column <= 0)
		apikey_refuse_argument("id_column",
							   psprintf("table \"%s\" has no column \"%s\"",
										RelationGetRelationName(users),
										apikey_shown_text(name)),
							   NULL, NULL);
	attribute = TupleDescAttr(RelationGetDescr(users), column - 1);
	if (!apikey_user_id_type_is_supported(attribute->atttypid))
		apikey_refuse_argument("id_column",
							   psprintf("column \"%s\" has type %s", name,
										format_type_be(attribute->atttypid)),
							   "The type of a user's id must be smallint, integer, bigint, uuid, text or varchar.",
							   NULL);
	if (!attribute->attnotnull)
		apikey_refuse_argument("id_column",
							   psprintf("column \"%s\" can be NULL", name),
							   NULL,
							   "Make it the primary key, or NOT NULL with a unique constraint.");

	if (!OidIsValid(apikey_users_table_id_index(users, column)))
		apikey_refuse_argument("id_column",
							   psprintf("users cannot be looked up by column \"%s\"", name),
							   "There must be a plain, valid unique index on the column alone, with the default operator class of its type, and the table must use the access method heap.",
							   "Make it the primary key, or add a unique constraint on it alone that is not deferrable.");
}

void
apikey_link_check_table(Relation users, const char *id_column)
{
	require_fitting_table(users);
	require_id_column(users, id_column);
}

void
apikey_link_check_on_delete(const char *on_delete)
{
	if (strcmp(on_delete, "purge") != 0 && strcmp(on_delete, "soft_delete") != 0)
		apikey_refuse_argument("on_delete",
							   "invalid action for the keys of deleted users",
							   NULL, "Use 'purge' or 'soft_delete'.");
}

void
apikey_link_check_prefix(const char *prefix)
{
	size_t		len = strlen(prefix);
	ApikeyOddCharacter odd;

	/* The whole user id, which begins with it, must be a valid one. */
	if (pg_mbstrlen_with_len(prefix, len) > PREFIX_MAX ||
		apikey_find_odd_character(prefix, len, &odd))
		apikey_refuse_argument("prefix", "invalid prefix",
							   psprintf("A prefix has at most %d characters, no control or invisible characters, and no white space at either end.",
										PREFIX_MAX),
							   NULL);
}

void
apikey_link_check_new(Oid users, const char *prefix)
{
	List	   *links = apikey_user_links();
	ApikeyUserLink *other;

	if (apikey_user_link_of_table(links, users) != NULL)
		apikey_refuse_argument("users",
							   psprintf("table \"%s\" is already linked",
										get_rel_name(users)),
							   NULL, "Call apikey.unlink_users() for it first.");
	other = apikey_user_link_of_prefix(links, prefix);
	if (other != NULL)
		apikey_refuse_argument("prefix",
							   psprintf("prefix \"%s\" is already in use", prefix),
							   psprintf("Table %s is linked with it.",
										DatumGetCString(DirectFunctionCall1(regclassout,
																			ObjectIdGetDatum(other->users)))),
							   "Give each table a prefix of its own, such as 'org:'.");
}
