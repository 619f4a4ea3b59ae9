-- What the triggers of users tables say: which column has the ids, and which tables
-- have the triggers without a link, as after a dump without the extension's rows.

CREATE VIEW apikey.link_triggers WITH (security_barrier = true) AS
	SELECT t.users, d.id_column,
		CASE WHEN d.arguments IS NOT NULL THEN format('SELECT %sapikey.link_users(%L, %L, %s)',
			CASE WHEN t.others THEN format('apikey.unlink_users(%L), ', t.users) END,
			t.users, d.id_column, d.arguments) END AS link_statement
	FROM (SELECT g.tgrelid::regclass AS users, bool_or(g.tgname <> f.tgname) AS others
		FROM (VALUES ('apikey.users_delete_trigger()'::regprocedure, 'apikey_users_delete'),
			('apikey.users_update_trigger()', 'apikey_users_update'),
			('apikey.users_truncate_trigger()', 'apikey_users_truncate')) f(tgfoid, tgname)
		JOIN pg_trigger g ON g.tgfoid = f.tgfoid
		GROUP BY g.tgrelid) t
	-- AFTER DELETE FOR EACH ROW; its WHEN clause names the column
	LEFT JOIN LATERAL (SELECT a.attname AS id_column,
			substring(pg_get_triggerdef(g.oid) FROM 'users_delete_trigger\((.+)\)$') AS arguments
		FROM pg_trigger g
		JOIN pg_depend p ON p.classid = 'pg_trigger'::regclass AND p.objid = g.oid
			AND p.refclassid = 'pg_class'::regclass AND p.refobjid = g.tgrelid AND p.refobjsubid > 0
		JOIN pg_attribute a ON a.attrelid = g.tgrelid AND a.attnum = p.refobjsubid
		WHERE g.tgrelid = t.users AND g.tgfoid = 'apikey.users_delete_trigger()'::regprocedure AND g.tgtype = 9
		ORDER BY g.tgname LIMIT 1) d ON true;
COMMENT ON VIEW apikey.link_triggers IS
'The tables that have triggers of apikey.link_users(), linked or not. Internal.';
COMMENT ON COLUMN apikey.link_triggers.users IS 'The table.';
COMMENT ON COLUMN apikey.link_triggers.id_column IS 'The column that the trigger on deletion names as that of the ids; NULL: there is no such trigger.';
COMMENT ON COLUMN apikey.link_triggers.link_statement IS 'The statement that links the table as it was linked; NULL if the triggers do not say how.';

CREATE VIEW apikey.linked_users WITH (security_barrier = true) AS
	SELECT l.users, t.id_column, l.on_delete, l.prefix
	FROM apikey.user_links l
	LEFT JOIN apikey.link_triggers t ON t.users = l.users;
COMMENT ON VIEW apikey.linked_users IS
'The application''s own users tables that user ids are tied to. A user id belongs to the link with the longest prefix that it begins with.';
COMMENT ON COLUMN apikey.linked_users.users IS 'The table. A number stands for a table that was dropped; apikey.unlink_users() accepts it.';
COMMENT ON COLUMN apikey.linked_users.id_column IS 'The column whose text, after the prefix, is the user id, under its present name; NULL if the table has no trigger on deletion, so that no key of its users can be stored.';
COMMENT ON COLUMN apikey.linked_users.on_delete IS 'What happens to a deleted user''s keys: "purge" removes them permanently, "soft_delete" keeps them as deleted keys.';
COMMENT ON COLUMN apikey.linked_users.prefix IS 'The prefix of the user ids of this table; empty for the table of all other users.';

-- The rows of status() about users tables.  Its body is parsed now, so names and
-- operators are resolved as in this script, whoever calls it.
CREATE FUNCTION apikey.link_status(OUT item text, OUT value text, OUT severity text, OUT advice text)
	RETURNS SETOF record
	LANGUAGE SQL STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	(SELECT 'linked users',
		format('%s (%s%s%s)', l.users, quote_ident(l.id_column) || ', ', l.on_delete,
			CASE WHEN l.prefix <> '' THEN format(', prefix %L', l.prefix) END),
		CASE WHEN fault IS NULL THEN 'ok' ELSE 'error' END,
		fault
	FROM apikey.linked_users l
	CROSS JOIN LATERAL (SELECT CASE
		WHEN NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = l.users)
			THEN format('The table no longer exists, and no key of its users can be stored.  Run SELECT apikey.unlink_users(%s).', l.users::oid)
		WHEN NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = l.users
				AND c.relkind = 'r' AND NOT c.relispartition AND c.relpersistence = 'p')
			THEN format('The table is no longer an ordinary, permanent table: no key of its users can be stored, and no user deleted.  Make it one again, or run SELECT apikey.unlink_users(%s).', l.users::oid)
		-- AFTER DELETE and AFTER UPDATE FOR EACH ROW, BEFORE TRUNCATE
		WHEN l.id_column IS NULL
			OR (SELECT count(*) FROM pg_trigger t
				WHERE t.tgrelid = l.users AND t.tgenabled IN ('O', 'A')
					AND (t.tgfoid = 'apikey.users_delete_trigger()'::regprocedure AND t.tgtype = 9
						OR t.tgfoid = 'apikey.users_update_trigger()'::regprocedure AND t.tgtype = 17
						OR t.tgfoid = 'apikey.users_truncate_trigger()'::regprocedure AND t.tgtype = 34)) <> 3
			THEN format('A trigger is missing or disabled: keys of deleted users may remain, and without the first trigger no key can be stored.  Enable the triggers apikey_users_delete, apikey_users_update and apikey_users_truncate, or run SELECT apikey.unlink_users(%s), then apikey.link_users().', l.users::oid)
		-- as apikey_users_table_id_index() chooses it
		WHEN NOT EXISTS (SELECT FROM pg_index i
				JOIN pg_class c ON c.oid = i.indrelid
				JOIN pg_am m ON m.oid = c.relam
				JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
				JOIN pg_opclass o ON o.oid = i.indclass[0]
				WHERE i.indrelid = l.users AND a.attname = l.id_column AND a.attnotnull AND m.amname = 'heap'
					AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indnkeyatts = 1 AND i.indpred IS NULL
					AND o.opcnamespace = 'pg_catalog'::regnamespace
					AND o.opcname IN ('int2_ops', 'int4_ops', 'int8_ops', 'uuid_ops', 'text_ops', 'varchar_ops'))
			THEN format('Users cannot be looked up, and no key of theirs can be stored: the ids can be NULL, they have no plain, valid unique index of their own, or the table does not use the access method heap.  Make the column the primary key, or NOT NULL with a unique constraint, or run SELECT apikey.unlink_users(%s).', l.users::oid)
		END) f(fault)
	ORDER BY l.prefix)
UNION ALL
	SELECT 'linked users', 'none', 'ok', NULL
	WHERE NOT EXISTS (SELECT FROM apikey.user_links)
UNION ALL
	(SELECT 'users not linked',
		t.users::text,
		'warning',
		concat_ws('  ', 'The table has the triggers of a link, but is not linked: they do nothing, and keys of deleted users remain.',
			'To link it again, run ' || t.link_statement || '.',
			format('To leave it unlinked, run SELECT apikey.unlink_users(%L).', t.users))
	FROM apikey.link_triggers t
	WHERE NOT EXISTS (SELECT FROM apikey.user_links l WHERE l.users = t.users)
	ORDER BY t.users::text);
END;
COMMENT ON FUNCTION apikey.link_status() IS
'The rows of apikey.status() about users tables. Internal: only apikey.status() calls it.';
REVOKE ALL ON FUNCTION apikey.link_status() FROM PUBLIC;
