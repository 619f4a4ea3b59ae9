/*-------------------------------------------------------------------------
 *
 * plain_table.c
 *		Tables whose rows can be read without a statement; see plain_table.h.
 *
 * An ordinary heap table without children and rules, which the role of the
 * statement may read.  All this changes only by commands that send a message: of
 * the table, which they lock exclusively, or of roles.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "utils/acl.h"
#include "utils/rel.h"

#include "exec/frame.h"
#include "exec/plain_table.h"

bool
apikey_table_is_plain(Relation table)
{
	return table->rd_rel->relkind == RELKIND_RELATION &&
		table->rd_rel->relam == HEAP_TABLE_AM_OID &&
		table->rd_rel->relpersistence == RELPERSISTENCE_PERMANENT &&
		!table->rd_rel->relispartition &&
		!table->rd_rel->relhassubclass &&
		table->rd_rules == NULL &&
		pg_class_aclcheck(RelationGetRelid(table), apikey_owner_role(),
						  ACL_SELECT) == ACLCHECK_OK;
}
