-- Tying user ids to the application's own users tables.

CREATE FUNCTION apikey.users_delete_trigger() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_users_delete_trigger';
COMMENT ON FUNCTION apikey.users_delete_trigger() IS
'Trigger of a linked users table, AFTER DELETE FOR EACH ROW: purges or soft-deletes the user''s keys, as apikey.link_users() was told. 55000 on a table that is not linked, or has become a partition or unlogged; 40001 under REPEATABLE READ when a key of the user came after the snapshot.';
REVOKE ALL ON FUNCTION apikey.users_delete_trigger() FROM PUBLIC;

CREATE FUNCTION apikey.users_update_trigger() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_users_update_trigger';
COMMENT ON FUNCTION apikey.users_update_trigger() IS
'Trigger of a linked users table, AFTER UPDATE FOR EACH ROW when the id has changed: 23503 if the user has keys, deleted ones included. 55000 on a table that is not linked, or has become a partition or unlogged.';
REVOKE ALL ON FUNCTION apikey.users_update_trigger() FROM PUBLIC;

CREATE FUNCTION apikey.users_truncate_trigger() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_users_truncate_trigger';
COMMENT ON FUNCTION apikey.users_truncate_trigger() IS
'Trigger of a linked users table, BEFORE TRUNCATE FOR EACH STATEMENT: 23503 if any user id of the link has keys, deleted ones included. 55000 on a table that is not linked, or has become a partition or unlogged.';
REVOKE ALL ON FUNCTION apikey.users_truncate_trigger() FROM PUBLIC;

CREATE FUNCTION apikey.link_users(users regclass, id_column name,
		on_delete text DEFAULT 'purge', prefix text DEFAULT '') RETURNS regclass
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_link_users';
COMMENT ON FUNCTION apikey.link_users(regclass, name, text, text) IS
'Ties user ids to the application''s users table: from now on keys are stored only for users who are in it, the keys of a deleted user follow, and an id with keys cannot be changed. users: an ordinary, permanent table, on which the caller has TRIGGER (42501). id_column: its ids, NOT NULL and unique, of type smallint, integer, bigint, uuid, text or varchar; the user id is their canonical text. on_delete: ''purge'' (default; a reused id must not inherit keys) or ''soft_delete''. prefix: what stands before the id in this table''s user ids (default: nothing), one for each table, at most 64 characters; the longest matching prefix counts. Returns the table. 22023 for a bad argument, 55000 while keys of unknown users are stored. Waits for transactions that write either table.';
REVOKE ALL ON FUNCTION apikey.link_users(regclass, name, text, text) FROM PUBLIC;

CREATE FUNCTION apikey.unlink_users(users regclass) RETURNS boolean
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_unlink_users';
COMMENT ON FUNCTION apikey.unlink_users(regclass) IS
'Ends what apikey.link_users() began and drops its triggers; keys stay as they are. Their user ids then belong to the link with the next shorter prefix, if there is one, and whether they are in its table is not checked: of those that are not, no key can be stored any more. users: the table, on which the caller has TRIGGER (42501), or the OID of one that was dropped. Returns whether there was a link or a trigger to remove.';
REVOKE ALL ON FUNCTION apikey.unlink_users(regclass) FROM PUBLIC;
