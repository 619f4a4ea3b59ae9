-- disable_key, enable_key and delete_key, by name, by id as text and by id.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
CREATE VIEW listed AS
	SELECT id, name, is_active, disabled_at IS NOT NULL AS disabled, disabled_reason, deleted_at IS NOT NULL AS deleted
	FROM (TABLE apikey.keys UNION ALL TABLE apikey.deleted_keys) k ORDER BY id;
GRANT SELECT ON listed TO PUBLIC;

SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('alice', 'key ' || n, 'custom', 'a-value-of-no-use',
	id => ('00000000-0000-0000-0000-00000000000' || n)::uuid) FROM generate_series(1, 4) n;
SELECT apikey.create_key_for('bob', 'key 1', 'custom', 'a-value-of-no-use', id => '00000000-0000-0000-0000-000000000009');

-- Without an identity, and without the privilege.
SET ROLE regress_apikey_web;
SELECT call, outcome('SELECT apikey.' || call) FROM (VALUES
	('disable_key(''key 1'')'), ('disable_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('enable_key(''key 1'')'), ('enable_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('delete_key(''key 1'')'), ('delete_key(''00000000-0000-0000-0000-000000000001''::uuid)')) AS t(call);
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_monitor;
SELECT call, outcome('SELECT apikey.' || call) FROM (VALUES
	('disable_key(''key 1'')'), ('disable_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('enable_key(''key 1'')'), ('enable_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('delete_key(''key 1'')'), ('delete_key(''00000000-0000-0000-0000-000000000001''::uuid)')) AS t(call);

-- Disable, with and without a reason, and again: the time stays that of the first
-- call, and so does the reason unless a new one is given.
SET ROLE regress_apikey_web;
SELECT apikey.disable_key('key 1');
SELECT apikey.disable_key('00000000-0000-0000-0000-000000000002', 'revoked by the provider');
SELECT apikey.disable_key('00000000-0000-0000-0000-000000000003'::uuid, reason => repeat(U&'\00e9', 200));
SELECT apikey.disable_key(name => 'key 4', reason => NULL);
SELECT * FROM listed;
SELECT disabled_at AS first_time FROM apikey.keys WHERE name = 'key 2' \gset
SELECT apikey.disable_key('key 1', 'paused');
SELECT apikey.disable_key('key 2');
SELECT apikey.disable_key(id => '00000000-0000-0000-0000-000000000003', reason => 'short');
SELECT disabled_at = :'first_time', updated_at > disabled_at FROM apikey.keys WHERE name = 'key 2';
SELECT * FROM listed;
-- Reasons that are refused.
SELECT what, outcome(format('SELECT apikey.disable_key(%L, %L)', 'key 4', reason)) FROM (VALUES
	('201 characters', repeat('n', 201)), ('a line break', E'a\nb'), ('a key', 'leaked: ' || openai())) AS t(what, reason);
SELECT outcome(format('SELECT apikey.disable_key(%L::uuid, %L)', '00000000-0000-0000-0000-000000000004', openai()));
-- A worker cannot read a disabled key.
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.reveal_key('key 1')$$);

-- Enable: a key that is enabled stays enabled.
SELECT apikey.enable_key('key 1');
SELECT apikey.enable_key(name => '00000000-0000-0000-0000-000000000002');
SELECT apikey.enable_key(id => '00000000-0000-0000-0000-000000000003');
SELECT apikey.enable_key('key 1');
SELECT * FROM listed;
SELECT apikey.reveal_key('key 1');

-- Delete, also a disabled key: it can no longer be used, but is kept on record.
SELECT apikey.delete_key('key 1');
SELECT apikey.delete_key('00000000-0000-0000-0000-000000000002');
SELECT apikey.delete_key('00000000-0000-0000-0000-000000000003'::uuid);
SELECT apikey.delete_key(name => 'key 4');
SELECT * FROM listed;
SELECT name, disabled_at IS NOT NULL FROM apikey.deleted_keys WHERE updated_at = deleted_at ORDER BY name;
-- Only restore and purge accept a deleted key.
SELECT call, outcome('SELECT apikey.' || call) FROM (VALUES
	('disable_key(''key 1'')'), ('disable_key(''00000000-0000-0000-0000-000000000001'')'), ('disable_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('enable_key(''key 4'')'), ('enable_key(''00000000-0000-0000-0000-000000000004'')'), ('enable_key(''00000000-0000-0000-0000-000000000004''::uuid)'),
	('delete_key(''key 1'')'), ('delete_key(''00000000-0000-0000-0000-000000000001'')'), ('delete_key(''00000000-0000-0000-0000-000000000001''::uuid)'),
	('reveal_key(''key 1'')'), ('reveal_key(''00000000-0000-0000-0000-000000000001'')'), ('reveal_key(''00000000-0000-0000-0000-000000000001''::uuid)')
	) AS t(call);

-- Another user's key, an absent one and NULL.
SELECT call, outcome('SELECT apikey.' || call) FROM (VALUES
	('disable_key(''00000000-0000-0000-0000-000000000009'')'), ('disable_key(''00000000-0000-0000-0000-000000000009''::uuid)'),
	('disable_key(''00000000-0000-0000-0000-000000000008'')'), ('disable_key(''absent'')'),
	('disable_key(NULL::text)'), ('disable_key(NULL::uuid)'),
	('enable_key(''00000000-0000-0000-0000-000000000009'')'), ('enable_key(''00000000-0000-0000-0000-000000000009''::uuid)'),
	('enable_key(''00000000-0000-0000-0000-000000000008'')'), ('enable_key(''absent'')'),
	('enable_key(NULL::text)'), ('enable_key(NULL::uuid)'),
	('delete_key(''00000000-0000-0000-0000-000000000009'')'), ('delete_key(''00000000-0000-0000-0000-000000000009''::uuid)'),
	('delete_key(''00000000-0000-0000-0000-000000000008'')'), ('delete_key(''absent'')'),
	('delete_key(NULL::text)'), ('delete_key(NULL::uuid)')
	) AS t(call);
SET apikey.user_id = 'bob';
SELECT * FROM listed;

-- None of this needs a value that can be decrypted; it also works without a master
-- key.
RESET ROLE;
UPDATE apikey.api_keys SET user_id = 'mallory' WHERE user_id = 'bob';
SET apikey.user_id = 'mallory';
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.reveal_key('key 1')$$);
SELECT apikey.disable_key('key 1'), apikey.enable_key('key 1'), apikey.delete_key('key 1');
SELECT apikey.purge_own_keys();
SET apikey.user_id = 'alice';
SELECT apikey.purge_own_keys();
RESET ROLE;
DROP VIEW listed;
