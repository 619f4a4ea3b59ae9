-- The application's users tables that user ids are tied to.  Only link_users()
-- and unlink_users() write it.

CREATE TABLE apikey.linked_users (
	users regclass PRIMARY KEY,
	id_column name NOT NULL,
	on_delete text NOT NULL CHECK (on_delete IN ('purge', 'soft_delete')),
	prefix text COLLATE "C" NOT NULL UNIQUE
		CHECK (char_length(prefix) <= 64 AND prefix !~ '[\x01-\x1f\x7f]')
);
SELECT pg_extension_config_dump('apikey.linked_users', '');

COMMENT ON TABLE apikey.linked_users IS
'The application''s own users tables that user ids are tied to. A user id belongs to the link with the longest prefix that it begins with. Only apikey.link_users() and apikey.unlink_users() write it.';
COMMENT ON COLUMN apikey.linked_users.users IS 'The table. A number stands for a table that was dropped; apikey.unlink_users() accepts it. In a restored database that number can belong to another table, recognizable by its missing triggers: no key of its users can be stored.';
COMMENT ON COLUMN apikey.linked_users.id_column IS 'The column whose text, after the prefix, is the user id.';
COMMENT ON COLUMN apikey.linked_users.on_delete IS 'What happens to a deleted user''s keys: "purge" removes them permanently, "soft_delete" keeps them as deleted keys.';
COMMENT ON COLUMN apikey.linked_users.prefix IS 'The prefix of the user ids of this table: at most 64 characters; empty for the table of all other users.';
