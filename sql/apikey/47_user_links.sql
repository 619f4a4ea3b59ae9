-- The application's users tables that user ids are tied to.  Only link_users()
-- and unlink_users() write it.  Which column has the ids, the triggers of each
-- table say (67_link_status.sql): a name or a number would go stale.

CREATE TABLE apikey.user_links (
	users regclass PRIMARY KEY,
	on_delete text NOT NULL CHECK (on_delete IN ('purge', 'soft_delete')),
	prefix text COLLATE "C" NOT NULL UNIQUE
		CHECK (char_length(prefix) <= 64 AND prefix !~ '[\x01-\x1f\x7f]')
);
SELECT pg_extension_config_dump('apikey.user_links', '');

COMMENT ON TABLE apikey.user_links IS
'The application''s own users tables that user ids are tied to; the view apikey.linked_users shows them. Only apikey.link_users() and apikey.unlink_users() write it.';
COMMENT ON COLUMN apikey.user_links.users IS 'The table. A number stands for a table that was dropped; apikey.unlink_users() accepts it. In a restored database that number can belong to another table, recognizable by its missing triggers: no key of its users can be stored.';
COMMENT ON COLUMN apikey.user_links.on_delete IS 'What happens to a deleted user''s keys: "purge" removes them permanently, "soft_delete" keeps them as deleted keys.';
COMMENT ON COLUMN apikey.user_links.prefix IS 'The prefix of the user ids of this table: at most 64 characters; empty for the table of all other users.';
