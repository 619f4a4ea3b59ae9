-- Functions for administrators: keys of named users, searching for a value,
-- verifying, purging and rotating.  No identity is set or needed.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
TRUNCATE apikey.api_keys, apikey.data_keys;
CREATE TEMP TABLE ids AS SELECT n, ('00000000-0000-0000-0000-00000000000' || n)::uuid AS id FROM generate_series(1, 9) n;
GRANT SELECT ON ids TO PUBLIC;
CREATE VIEW listed AS
	SELECT user_id, id, name, key_type, hint, env_var, metadata, expires_at, disabled_reason, is_active, deleted_at IS NOT NULL AS deleted
	FROM apikey.all_keys ORDER BY user_id, id;
GRANT SELECT ON listed TO PUBLIC;
-- Reads a key as its user's worker would.
CREATE FUNCTION revealed(of_user text, key_id uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM apikey.set_user_id(of_user);
	RETURN apikey.reveal_key(key_id);
END $$;

-- Nobody else may call them.
SET ROLE regress_apikey_worker;
SELECT outcome('SELECT apikey.' || call) FROM unnest(ARRAY['create_key_for(''alice'', ''one'', ''custom'', ''a-value-of-no-use'')',
	'disable_key_for(''alice'', NULL)', 'enable_key_for(''alice'', NULL)', 'delete_key_for(''alice'', NULL)', 'restore_key_for(''alice'', NULL)',
	'find_keys(''x'')', 'verify_keys()', 'purge_deleted(''0'')', 'purge_user(''alice'')', 'rotate_data_key()', 'reload_master_key()']) call;

-- create_key_for: by position, by name, and with everything that a migration
-- preserves.
SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('alice', 'plain', 'openai', openai('plain')) IS NOT NULL;
SELECT apikey.create_key_for('alice', 'all', 'openai', openai('all') || ' ', '2100-01-01 00:00+00', '{"from": "elsewhere"}', 'ALL_KEY',
	'00000000-0000-0000-0000-000000000002', '2020-01-01 00:00+00', '2021-01-01 00:00+00', NULL, true);
SELECT apikey.create_key_for(user_id => 'alice', name => 'all', key_type => 'custom', value => secret('', 20), id => id, deleted_at => '2022-01-01 00:00+00',
	updated_at => '2021-06-01 00:00+00', created_at => '2020-06-01 00:00+00', expires_at => '2021-01-01 00:00+00', env_var => 'OLD_KEY', metadata => '{}',
	check_format => NULL) FROM ids WHERE n = 3;
SELECT apikey.create_key_for('bob', 'all', 'openai', openai('all'), id => id) FROM ids WHERE n = 2;
SELECT user_id, name, key_type, hint, env_var, metadata, expires_at, is_active, deleted FROM listed;
SELECT created_at, updated_at, deleted_at FROM apikey.all_keys WHERE id IN (SELECT id FROM ids WHERE n IN (2, 3)) AND user_id = 'alice' ORDER BY id;
-- updated_at defaults to created_at, and created_at to now().
SELECT apikey.create_key_for('carol', 'one', 'custom', 'a-value-of-no-use', created_at => '2020-01-01 00:00+00', id => id) FROM ids WHERE n = 1;
SELECT created_at, updated_at FROM apikey.all_keys WHERE user_id = 'carol';
SELECT count(*) FROM apikey.all_keys WHERE name = 'plain' AND created_at = updated_at AND created_at > now() - interval '1 hour';
RESET ROLE;
SELECT revealed('alice', '00000000-0000-0000-0000-000000000002') = openai('all'), revealed('bob', '00000000-0000-0000-0000-000000000002') = openai('all');
SET ROLE regress_apikey_admin;

-- Ids and names already in use.
SELECT outcome($$SELECT apikey.create_key_for('alice', 'new', 'openai', openai(), id => '00000000-0000-0000-0000-000000000002')$$);
SELECT outcome($$SELECT apikey.create_key_for('alice', 'new', 'openai', openai(), id => '00000000-0000-0000-0000-000000000003')$$);
SELECT outcome($$SELECT apikey.create_key_for('alice', 'all', 'openai', openai(), id => '00000000-0000-0000-0000-000000000009')$$);
SELECT outcome($$SELECT apikey.create_key_for('alice', 'all', 'openai', openai(), id => '00000000-0000-0000-0000-000000000002')$$);
SELECT outcome($$SELECT apikey.create_key_for('alice', 'all', 'openai', openai(), deleted_at => now())$$);

-- User ids.
SELECT what, outcome(format('SELECT apikey.create_key_for(%L, %L, %L, %L)', user_id, 'users', 'custom', 'a-value-of-no-use')) FROM (VALUES
	('NULL', NULL), ('empty', ''), ('256 characters', repeat('u', 256)), ('a control character', E'al\nice'), ('a C1 control character', U&'al\0085ice'),
	('255 characters of two bytes', repeat(U&'\00e9', 255)), ('a space', ' '), ('any other', 'urn:user:"a''b"%')) AS t(what, user_id);
SELECT apikey.purge_user(repeat(U&'\00e9', 255)), apikey.purge_user('urn:user:"a''b"%');
-- Everything else is validated as in create_key.
SELECT what, outcome(format('SELECT apikey.create_key_for(%L, %s)', 'dave', arguments)) FROM (VALUES
	('name NULL', 'NULL, ''custom'', ''a-value-of-no-use'''),
	('name empty', ''''', ''custom'', ''a-value-of-no-use'''),
	('name that looks like a key', 'openai(), ''custom'', ''a-value-of-no-use'''),
	('type NULL', '''one'', NULL, ''a-value-of-no-use'''),
	('type unknown', '''one'', ''costum'', ''a-value-of-no-use'''),
	('value NULL', '''one'', ''custom'', NULL'),
	('value of another type', '''one'', ''openai'', anthropic()'),
	('expiry past', '''one'', ''openai'', openai(), ''2020-01-01 00:00+00'''),
	('metadata no object', '''one'', ''openai'', openai(), NULL, ''"x"'''),
	('variable', '''one'', ''openai'', openai(), env_var => ''PATH''')
	) AS t(what, arguments);
-- Without the format check, only length and characters are checked.
SELECT what, outcome(format('SELECT apikey.create_key_for(%L, %L, %L, %L, check_format => false)', 'dave', 'unchecked ' || what, key_type, value)) FROM (VALUES
	('another type''s', 'openai', anthropic()),
	('not its format', 'openai', 'x'),
	('a placeholder', 'custom', 'an-example-of-a-placeholder'),
	('empty', 'openai', ' '),
	('a space inside', 'openai', 'a b'),
	('a control character', 'openai', E'a\x01b'),
	('too long', 'openai', repeat('abcdefgh', 1025)),
	('of an unknown type', 'openly', 'x')) AS t(what, key_type, value);
SELECT name, hint FROM listed WHERE user_id = 'dave' ORDER BY name;
SELECT apikey.purge_user(user_id => 'dave');

-- disable_key_for, enable_key_for, delete_key_for, restore_key_for.
SELECT apikey.disable_key_for('bob', '00000000-0000-0000-0000-000000000002', 'reported');
SELECT disabled_reason, is_active FROM listed WHERE user_id = 'bob';
SELECT apikey.disable_key_for(user_id => 'bob', id => '00000000-0000-0000-0000-000000000002', reason => NULL);
SELECT apikey.enable_key_for('bob', '00000000-0000-0000-0000-000000000002');
SELECT apikey.enable_key_for(user_id => 'bob', id => '00000000-0000-0000-0000-000000000002');
SELECT apikey.delete_key_for('bob', '00000000-0000-0000-0000-000000000002');
SELECT disabled_reason, is_active, deleted FROM listed WHERE user_id = 'bob';
SELECT apikey.restore_key_for('bob', '00000000-0000-0000-0000-000000000002');
SELECT apikey.delete_key_for(user_id => 'bob', id => '00000000-0000-0000-0000-000000000002');
SELECT apikey.restore_key_for(user_id => 'bob', id => '00000000-0000-0000-0000-000000000002', new_name => 'everything');
SELECT name, is_active, deleted FROM listed WHERE user_id = 'bob';
SELECT outcome($$SELECT apikey.restore_key_for('alice', '00000000-0000-0000-0000-000000000003')$$);
SELECT outcome($$SELECT apikey.restore_key_for('alice', '00000000-0000-0000-0000-000000000003', 'plain')$$);
SELECT call, outcome('SELECT apikey.' || call) FROM unnest(ARRAY['disable_key_for(%s)', 'enable_key_for(%s)', 'delete_key_for(%s)', 'restore_key_for(%s)']) f,
	unnest(ARRAY['''bob'', ''00000000-0000-0000-0000-000000000003''', '''bob'', NULL', 'NULL, ''00000000-0000-0000-0000-000000000003''', ''''', NULL']) a,
	format(f, a) call;
SELECT outcome($$SELECT apikey.restore_key_for('bob', '00000000-0000-0000-0000-000000000002')$$);
SELECT outcome($$SELECT apikey.disable_key_for('alice', '00000000-0000-0000-0000-000000000003')$$);
SELECT outcome(format('SELECT apikey.disable_key_for(%L, %L, %L)', 'bob', '00000000-0000-0000-0000-000000000002', openai()));
RESET ROLE;
SELECT revealed('bob', '00000000-0000-0000-0000-000000000002') = openai('all');
SET ROLE regress_apikey_admin;

-- find_keys: all users, also deleted and disabled keys; the value is trimmed, and
-- finds no other value.
SELECT apikey.delete_key_for('bob', '00000000-0000-0000-0000-000000000002');
SELECT user_id, name, key_type, deleted_at IS NOT NULL FROM apikey.find_keys(openai('all')) ORDER BY user_id, id;
SELECT user_id, name FROM apikey.find_keys(value => E'\t ' || openai('all') || E' \r\n') ORDER BY user_id, id;
SELECT count(*) FROM apikey.find_keys(left(openai('all'), 50));
-- It reads no more than the index on the fingerprint, however small the table is
-- and whatever the planner's statistics are.
RESET ROLE;
BEGIN;
SELECT pg_stat_get_xact_numscans('apikey.api_keys'::regclass) AS seq_scans, pg_stat_get_xact_numscans('apikey.api_keys_fingerprint_idx'::regclass) AS index_scans \gset
SELECT count(*) FROM apikey.find_keys(openai('all'));
SELECT pg_stat_get_xact_numscans('apikey.api_keys'::regclass) - :seq_scans AS seq_scans, pg_stat_get_xact_numscans('apikey.api_keys_fingerprint_idx'::regclass) > :index_scans AS by_index;
COMMIT;
SET ROLE regress_apikey_admin;
SELECT count(*) FROM apikey.find_keys(openai('nobody''s'));
SELECT outcome(format('SELECT apikey.find_keys(%L)', value)) FROM (VALUES (NULL), (''), (E' \n')) AS t(value);
-- The row is the same as in the view.
SELECT f = a FROM apikey.find_keys(openai('plain')) f JOIN apikey.all_keys a USING (user_id, id);
-- With both data keys after a rotation, which leaves the values as they are.
SELECT apikey.rotate_data_key() IS NOT NULL;
SELECT apikey.create_key_for('carol', 'two', 'openai', openai('all'), id => id) FROM ids WHERE n = 4;
SELECT user_id, name FROM apikey.find_keys(openai('all')) ORDER BY user_id, id;
SELECT purpose, state, rows FROM apikey.key_status ORDER BY state;
RESET ROLE;
SELECT revealed('carol', '00000000-0000-0000-0000-000000000004') = openai('all'), revealed('alice', '00000000-0000-0000-0000-000000000002') = openai('all');
SELECT count(DISTINCT fingerprint), count(DISTINCT apikey.data_key_id(encrypted_value)) FROM apikey.api_keys WHERE user_id IN ('alice', 'carol') AND name IN ('all', 'two') AND deleted_at IS NULL;
-- It decrypts nothing, so it also finds a value that cannot be decrypted.
UPDATE apikey.api_keys SET name = 'renamed' WHERE user_id = 'carol' AND name = 'two';
SET ROLE regress_apikey_admin;
SELECT user_id, name FROM apikey.find_keys(openai('all')) ORDER BY user_id, id;

-- verify_keys: every row that cannot be decrypted, including deleted ones.
SELECT * FROM apikey.verify_keys();
RESET ROLE;
UPDATE apikey.api_keys SET name = 'renamed' WHERE id = '00000000-0000-0000-0000-000000000003';
SET ROLE regress_apikey_admin;
SELECT * FROM apikey.verify_keys() ORDER BY user_id, id;
SELECT count(*) FROM apikey.all_keys;

-- purge_deleted: by age, for all users; an interval of zero does not include a key
-- deleted in the same transaction.
SELECT user_id, name, deleted_at < now() - interval '1 year' FROM apikey.all_keys WHERE deleted_at IS NOT NULL ORDER BY user_id, name;
SELECT apikey.purge_deleted('1 year');
SELECT apikey.purge_deleted(older_than => interval '1 hour');
SELECT apikey.purge_deleted('0');
BEGIN;
SELECT apikey.delete_key_for('carol', '00000000-0000-0000-0000-000000000001');
SELECT apikey.purge_deleted('0');
ROLLBACK;
SELECT outcome(format('SELECT apikey.purge_deleted(%L)', age)) FROM (VALUES (NULL), ('-1 second'), ('-1 month')) AS t(age);

-- rotate_data_key: which data key is active, and for which purpose.
SELECT outcome(format('SELECT apikey.rotate_data_key(%L)', purpose)) FROM (VALUES (''), ('values'), ('COLUMN')) AS t(purpose);
SELECT apikey.rotate_data_key(NULL) IS NOT NULL, apikey.rotate_data_key('value') IS NOT NULL, apikey.rotate_data_key(purpose => 'column') IS NOT NULL;
SELECT purpose, state, count(*), sum(rows) FROM apikey.key_status GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(DISTINCT master_key) FROM apikey.key_status;
BEGIN READ ONLY;
SELECT outcome($$SELECT apikey.rotate_data_key()$$);
SELECT outcome($$SELECT apikey.create_key_for('alice', 'read only', 'openai', openai())$$);
SELECT outcome($$SELECT apikey.disable_key_for('carol', '00000000-0000-0000-0000-000000000001')$$);
SELECT outcome($$SELECT apikey.purge_user('carol')$$);
SELECT outcome($$SELECT apikey.purge_deleted('0')$$);
SELECT count(*) FROM apikey.find_keys(openai('all'));
SELECT user_id, id FROM apikey.verify_keys();
COMMIT;
SELECT apikey.reload_master_key();

-- purge_user: all keys of one user, and nobody else's.
SELECT apikey.purge_user('nobody');
SELECT outcome(format('SELECT apikey.purge_user(%L)', user_id)) FROM (VALUES (NULL), ('')) AS t(user_id);
SELECT apikey.purge_user('alice');
SELECT user_id, name FROM listed;
SELECT apikey.purge_user('carol');
SELECT count(*) FROM listed;

RESET ROLE;
DROP VIEW listed;
DROP FUNCTION revealed(text, uuid);
DROP TABLE ids;
DELETE FROM apikey.data_keys;
