/*-------------------------------------------------------------------------
 *
 * user_link.c
 *		The links of user ids to users tables, cached in this backend; see
 *		user_link.h.
 *
 * Links are read with the newest snapshot, not the transaction's: a writer
 * under REPEATABLE READ that waited for link_users() must see the new link.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "exec/statement.h"
#include "exec/table_cache.h"
#include "store/user_link.h"

static ApikeyStatement select_links = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT users::pg_catalog.oid, on_delete, prefix"
	" FROM apikey.user_links ORDER BY prefix",
	.snapshot = APIKEY_SNAPSHOT_LATEST
};

/* A row of select_links, in which no column can be NULL. */
static ApikeyUserLink *
link_read(const ApikeyRows *rows, uint64 row)
{
	ApikeyUserLink *link = palloc0(sizeof(ApikeyUserLink));
	bool		is_null;
	char	   *on_delete;

	link->users = DatumGetObjectId(apikey_rows_get(rows, row, 1, &is_null));
	on_delete = TextDatumGetCString(apikey_rows_get(rows, row, 2, &is_null));
	link->soft_delete = strcmp(on_delete, "soft_delete") == 0;
	link->prefix = TextDatumGetCString(apikey_rows_get(rows, row, 3, &is_null));
	link->prefix_len = strlen(link->prefix);
	return link;
}

static void *
links_build(const ApikeyRows *rows)
{
	List	   *links = NIL;

	for (uint64 row = 0; row < rows->count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		links = lappend(links, link_read(rows, row));
	}
	return links;
}

static ApikeyTableCache links_cache = {
	.tables = {"user_links"},
	.statement = &select_links,
	.build = links_build,
	.counter = APIKEY_COUNT_LOADS_USER_LINKS
};

List *
apikey_user_links(void)
{
	return apikey_table_cache_get(&links_cache);
}

/* There are few links: each look-up walks through all. */
ApikeyUserLink *
apikey_user_link_of_table(const List *links, Oid users)
{
	ListCell   *cell;

	foreach(cell, links)
	{
		ApikeyUserLink *link = (ApikeyUserLink *) lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (link->users == users)
			return link;
	}
	return NULL;
}

ApikeyUserLink *
apikey_user_link_of_prefix(const List *links, const char *prefix)
{
	ListCell   *cell;

	foreach(cell, links)
	{
		ApikeyUserLink *link = (ApikeyUserLink *) lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (strcmp(link->prefix, prefix) == 0)
			return link;
	}
	return NULL;
}

/*
 * The comparison is bytewise, as for user_id in api_keys.  Prefixes are unique,
 * so only one link has the longest; an empty prefix matches every user id.
 */
ApikeyUserLink *
apikey_user_link_of_user(const List *links, const char *user_id)
{
	ApikeyUserLink *longest = NULL;
	ListCell   *cell;

	foreach(cell, links)
	{
		ApikeyUserLink *link = (ApikeyUserLink *) lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (strncmp(user_id, link->prefix, link->prefix_len) == 0 &&
			(longest == NULL || link->prefix_len > longest->prefix_len))
			longest = link;
	}
	return longest;
}

const char *
apikey_user_link_strip(const List *links, Oid users, const char *user_id)
{
	const ApikeyUserLink *link = apikey_user_link_of_user(links, user_id);

	if (link == NULL)
		return user_id;
	return link->users == users ? user_id + link->prefix_len : NULL;
}

/*
 * No user id is needed: of the longer prefixes, only one that begins with the
 * link's own can match a user id that the link's own matches.
 */
List *
apikey_user_links_below(const List *links, const ApikeyUserLink *link)
{
	List	   *below = NIL;
	ListCell   *cell;

	foreach(cell, links)
	{
		ApikeyUserLink *other = (ApikeyUserLink *) lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		if (other->prefix_len > link->prefix_len &&
			strncmp(other->prefix, link->prefix, link->prefix_len) == 0)
			below = lappend(below, other);
	}
	return below;
}
