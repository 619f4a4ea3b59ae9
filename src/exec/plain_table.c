/*-------------------------------------------------------------------------
 *
 * plain_table.c
 *		Tables whose rows can be read without a statement; see plain_table.h.
 *
 * An ordinary heap table without children and rules, which the role of the
 * statement may read, with policies that take nothing from what it is to find.  All
 * this changes only by commands that send a message: of the table, which they lock
 * exclusively, or of roles.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "exec/plain_table.h"

bool		apikey_direct_lookup = true;

bool
apikey_table_is_plain(Relation table, Oid role)
{
	return table->rd_rel->relkind == RELKIND_RELATION &&
		table->rd_rel->relam == HEAP_TABLE_AM_OID &&
		table->rd_rel->relpersistence == RELPERSISTENCE_PERMANENT &&
		!table->rd_rel->relispartition &&
		!table->rd_rel->relhassubclass &&
		table->rd_rules == NULL &&
		pg_class_aclcheck(RelationGetRelid(table), role, ACL_SELECT) == ACLCHECK_OK;
}

bool
apikey_policy_shows_all(const RowSecurityPolicy *policy)
{
	const Const *constant = (const Const *) policy->qual;

	return constant != NULL && IsA(constant, Const) &&
		!constant->constisnull && DatumGetBool(constant->constvalue);
}

bool
apikey_policy_is_for(const RowSecurityPolicy *policy, Oid role)
{
	const Oid  *roles = (const Oid *) ARR_DATA_PTR(policy->roles);

	if (policy->polcmd != '*' && policy->polcmd != ACL_SELECT_CHR)
		return false;
	for (int i = 0; i < ARR_DIMS(policy->roles)[0]; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (roles[i] == role || roles[i] == ACL_ID_PUBLIC)
			return true;
	}
	return false;
}

/* A permissive policy which shows less than another takes nothing away. */
bool
apikey_table_shows_all(Relation table, Oid role)
{
	bool		all = false;
	ListCell   *cell;

	if (row_security_policy_hook_permissive != NULL || row_security_policy_hook_restrictive != NULL)
		return false;
	if (!table->rd_rel->relrowsecurity)
		return true;
	foreach(cell, table->rd_rsdesc->policies)
	{
		RowSecurityPolicy *policy = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (!policy->permissive)
			return false;
		all = all || (apikey_policy_shows_all(policy) && apikey_policy_is_for(policy, role));
	}
	return all;
}

/* The operator classes and collations by which the index compares. */
static bool
compares_as_expected(Relation index, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (index->rd_opfamily[i] >= FirstNormalObjectId ||
			(index->rd_opcintype[i] == TEXTOID && index->rd_indcollation[i] != C_COLLATION_OID))
			return false;
	}
	return true;
}

bool
apikey_index_is_on(Relation index, const AttrNumber *columns, int count)
{
	Form_pg_index form = index->rd_index;

	return index->rd_rel->relam == BTREE_AM_OID &&
		form->indisvalid && !form->indcheckxmin &&
		form->indnkeyatts == count &&
		memcmp(form->indkey.values, columns, count * sizeof(AttrNumber)) == 0 &&
		compares_as_expected(index, count);
}

Oid
apikey_table_index_on(Relation table, const AttrNumber *columns, int count)
{
	List	   *indexes = RelationGetIndexList(table);
	Oid			found = InvalidOid;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		CHECK_FOR_INTERRUPTS();
		if (apikey_index_is_on(index, columns, count) && RelationGetIndexPredicate(index) == NIL)
			found = RelationGetRelid(index);
		index_close(index, NoLock);
		if (OidIsValid(found))
			break;
	}
	list_free(indexes);
	return found;
}

void
apikey_plain_table_init(void)
{
	DefineCustomBoolVariable("apikey.direct_lookup",
							 "Reads keys from an index, without a statement, where that gives the same result.",
							 NULL,
							 &apikey_direct_lookup,
							 true,
							 PGC_SUSET,
							 0,
							 NULL,
							 NULL,
							 NULL);
}
