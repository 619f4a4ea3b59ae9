-- restore_key, purge_key and purge_own_keys.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
CREATE VIEW listed AS
	SELECT id, name, deleted_at IS NOT NULL AS deleted, disabled_reason, expires_at, env_var, metadata
	FROM (TABLE apikey.keys UNION ALL TABLE apikey.deleted_keys) k ORDER BY id;
GRANT SELECT ON listed TO PUBLIC;

SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('alice', 'key ' || n, 'custom', 'a-value-of-no-use-' || n, '2100-01-01 00:00+00', '{"n": 1}', 'N_KEY',
	('00000000-0000-0000-0000-00000000000' || n)::uuid) FROM generate_series(1, 4) n;
SELECT apikey.create_key_for('bob', 'key 1', 'custom', 'a-value-of-no-use', id => '00000000-0000-0000-0000-000000000009', deleted_at => now());

-- Without an identity, and without the privilege.
SET ROLE regress_apikey_web;
SELECT call, outcome('SELECT apikey.' || call) FROM (VALUES
	('restore_key(''00000000-0000-0000-0000-000000000001'')'), ('restore_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('purge_key(''00000000-0000-0000-0000-000000000001'')'), ('purge_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('purge_own_keys()')) AS t(call);
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_admin;
SELECT call, outcome('SELECT apikey.' || call) FROM (VALUES
	('restore_key(''00000000-0000-0000-0000-000000000001'')'), ('restore_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('purge_key(''00000000-0000-0000-0000-000000000001'')'), ('purge_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('purge_own_keys()')) AS t(call);

-- A restored key is as it was before.
SET ROLE regress_apikey_worker;
SELECT apikey.disable_key('key 2', 'paused');
SELECT apikey.delete_key('key ' || n) FROM generate_series(1, 3) n;
SELECT * FROM listed;
SELECT apikey.restore_key('00000000-0000-0000-0000-000000000001');
SELECT apikey.restore_key('00000000-0000-0000-0000-000000000002'::uuid);
SELECT apikey.restore_key(id => '00000000-0000-0000-0000-000000000003', new_name => 'key three');
SELECT * FROM listed;
SELECT name, apikey.reveal_key(name) FROM unnest(ARRAY['key 1', 'key three']) name;
SELECT outcome($$SELECT apikey.reveal_key('key 2')$$);
SELECT outcome($$SELECT apikey.reveal_key('key 3')$$);
-- Not deleted, absent, another user's, a name, NULL.
SELECT call, outcome('SELECT apikey.' || call) FROM (VALUES
	('restore_key(''00000000-0000-0000-0000-000000000001'')'), ('restore_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('restore_key(''00000000-0000-0000-0000-000000000008'')'), ('restore_key(''00000000-0000-0000-0000-000000000009'')'),
	('restore_key(''00000000-0000-0000-0000-000000000009''::uuid)'),
	('restore_key(''key 1'')'), ('restore_key('''')'), ('restore_key(NULL::text)'), ('restore_key(NULL::uuid)')
	) AS t(call);

-- The name is in use by now: refused, unless a new name is given; a new name in use
-- is refused too.
SELECT apikey.delete_key('key 1');
SELECT apikey.create_key('key 1', 'custom', 'another-value-of-no-use') AS other \gset
SELECT outcome($$SELECT apikey.restore_key('00000000-0000-0000-0000-000000000001')$$);
SELECT outcome($$SELECT apikey.restore_key('00000000-0000-0000-0000-000000000001', 'key 4')$$);
SELECT outcome($$SELECT apikey.restore_key('00000000-0000-0000-0000-000000000001', 'key 1')$$);
SELECT what, outcome(format('SELECT apikey.restore_key(%L, new_name => %L)', '00000000-0000-0000-0000-000000000001', name)) FROM (VALUES
	('empty', ''), ('201 characters', repeat('n', 201)), ('a space behind', 'one '), ('a control character', E'a\nb'), ('not NFC', U&'u\0308'),
	('a provider''s key', openai('name')), ('a uuid', '01234567-89ab-cdef-0123-456789abcdef')) AS t(what, name);
SELECT name FROM apikey.deleted_keys;
SELECT apikey.restore_key('00000000-0000-0000-0000-000000000001', new_name => 'key one');
SELECT apikey.reveal_key('key one'), apikey.reveal_key('key 1');
-- Several deleted keys with the same name.
SELECT apikey.delete_key('key 1') = :'other';
SELECT apikey.update_key('key one', new_name => 'key 1');
SELECT apikey.delete_key('key 1');
SELECT count(*), count(DISTINCT name) FROM apikey.deleted_keys;
SELECT apikey.restore_key(:'other') = :'other';
SELECT outcome($$SELECT apikey.restore_key('00000000-0000-0000-0000-000000000001')$$);

-- A key whose value cannot be decrypted can only be restored with its own name.
RESET ROLE;
UPDATE apikey.api_keys SET name = 'altered' WHERE id = '00000000-0000-0000-0000-000000000001';
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.restore_key('00000000-0000-0000-0000-000000000001', 'renamed')$$);
SELECT apikey.restore_key('00000000-0000-0000-0000-000000000001');
SELECT outcome($$SELECT apikey.reveal_key('altered')$$);

-- Purge: only a deleted key, and only once.
SELECT outcome($$SELECT apikey.purge_key('00000000-0000-0000-0000-000000000001')$$);
SELECT outcome($$SELECT apikey.purge_key('00000000-0000-0000-0000-000000000001'::uuid)$$);
SELECT apikey.delete_key('altered'), apikey.delete_key('key 2');
SELECT apikey.purge_key('00000000-0000-0000-0000-000000000001');
SELECT apikey.purge_key(id => '00000000-0000-0000-0000-000000000002'::uuid);
SELECT call, outcome('SELECT apikey.' || call) FROM (VALUES
	('purge_key(''00000000-0000-0000-0000-000000000001'')'), ('purge_key(''00000000-0000-0000-0000-000000000009'')'),
	('purge_key(''00000000-0000-0000-0000-000000000009''::uuid)'), ('purge_key(''key 4'')'),
	('purge_key(NULL::text)'), ('purge_key(NULL::uuid)')) AS t(call);
SELECT name, deleted FROM listed ORDER BY name;

-- All keys of the caller, and none of other users.
SELECT apikey.delete_key('key 4');
SELECT apikey.purge_own_keys();
SELECT apikey.purge_own_keys();
SELECT count(*) FROM listed;
SET apikey.user_id = 'bob';
SELECT id, name, deleted FROM listed;
SELECT apikey.purge_own_keys();
RESET ROLE;
SELECT count(*) FROM apikey.api_keys;
DROP VIEW listed;
