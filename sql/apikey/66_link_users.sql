-- Tying user ids to the application's own users tables.

CREATE FUNCTION apikey.users_delete_trigger() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_users_delete_trigger';
COMMENT ON FUNCTION apikey.users_delete_trigger() IS
'Trigger of a linked users table, AFTER DELETE FOR EACH ROW: purges or soft-deletes the user''s keys, according to on_delete of apikey.link_users(). Does nothing on a table that is not linked. Its arguments are only for apikey.status(). 39P01: not called as its trigger; 40001: under REPEATABLE READ, a key of the user was created after the snapshot; 55000: the table has become a partition or unlogged.';
REVOKE ALL ON FUNCTION apikey.users_delete_trigger() FROM PUBLIC;

CREATE FUNCTION apikey.users_update_trigger() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_users_update_trigger';
COMMENT ON FUNCTION apikey.users_update_trigger() IS
'Trigger of a linked users table, AFTER UPDATE FOR EACH ROW when the id has changed: 23503: the user has keys, including deleted ones. Does nothing on a table that is not linked. 39P01: not called as its trigger; 55000: the table has become a partition or unlogged.';
REVOKE ALL ON FUNCTION apikey.users_update_trigger() FROM PUBLIC;

CREATE FUNCTION apikey.users_truncate_trigger() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_users_truncate_trigger';
COMMENT ON FUNCTION apikey.users_truncate_trigger() IS
'Trigger of a linked users table, BEFORE TRUNCATE FOR EACH STATEMENT: 23503: a user of the table has keys, including deleted ones. Does nothing on a table that is not linked. 39P01: not called as its trigger; 55000: the table has become a partition or unlogged.';
REVOKE ALL ON FUNCTION apikey.users_truncate_trigger() FROM PUBLIC;

CREATE FUNCTION apikey.link_users(users regclass, id_column name,
		on_delete text DEFAULT 'purge', prefix text DEFAULT '') RETURNS regclass
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_link_users';
COMMENT ON FUNCTION apikey.link_users(regclass, name, text, text) IS
'Ties user ids to the application''s users table: from now on keys are stored only for users who are in it, the keys of a deleted user are removed, too, and an id with keys cannot be changed. users: an ordinary, permanent table, on which the caller has TRIGGER (42501). id_column: its ids, NOT NULL, with a plain unique index, of type smallint, integer, bigint, uuid, text or varchar; the user id is their canonical text. The column may be renamed later. on_delete: ''purge'' (default; a reused id must not inherit keys) or ''soft_delete''. prefix: what precedes the id in the user ids of this table (default: nothing), different for each table, at most 64 characters; the longest matching prefix decides. Returns the table. 22023: an invalid argument; 42501: no TRIGGER privilege; 55000: keys of users who are not in the table are stored, or the table has other triggers of apikey. Waits for transactions that are writing either table.';
REVOKE ALL ON FUNCTION apikey.link_users(regclass, name, text, text) FROM PUBLIC;

CREATE FUNCTION apikey.unlink_users(users regclass) RETURNS boolean
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_unlink_users';
COMMENT ON FUNCTION apikey.unlink_users(regclass) IS
'Removes a link made by apikey.link_users(), and its triggers; keys stay as they are. Their user ids then belong to the link with the next shorter prefix, if there is one. Whether they are in its table is not checked, but no more keys can be stored for those that are not. users: the table, on which the caller has TRIGGER (42501), or the OID of one that was dropped. Returns whether there was a link or a trigger to remove.';
REVOKE ALL ON FUNCTION apikey.unlink_users(regclass) FROM PUBLIC;
