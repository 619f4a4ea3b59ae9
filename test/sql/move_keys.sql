-- move_keys: a user's keys follow the user to another id.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SELECT set_config('apikey.user_id', 'alice', false);
-- What administrators see of the keys, but for who has them and random columns.
CREATE VIEW moved AS
	SELECT user_id, id, name, key_type, hint, env_var, metadata, created_at, updated_at, expires_at, disabled_at, disabled_reason, deleted_at
	FROM apikey.all_keys;
GRANT SELECT ON moved TO PUBLIC;
-- A key in each state.
SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('alice', name, 'openai', openai(name), expires_at, metadata, env_var, id::uuid, '2020-01-01 00:00+00', '2020-02-02 00:00+00', deleted_at) FROM (VALUES
	('plain', NULL::timestamptz, NULL::jsonb, NULL, '00000000-0000-0000-0000-000000000001', NULL::timestamptz),
	('options', '2100-01-01 00:00+00', '{"a": 1}', 'MY_KEY', '00000000-0000-0000-0000-000000000002', NULL),
	('expired', '2020-01-02 00:00+00', NULL, NULL, '00000000-0000-0000-0000-000000000003', NULL),
	('plain', NULL, NULL, NULL, '00000000-0000-0000-0000-000000000004', '2020-03-03 00:00+00'),
	('disabled', NULL, NULL, NULL, '00000000-0000-0000-0000-000000000005', NULL)) k(name, expires_at, metadata, env_var, id, deleted_at);
SELECT apikey.disable_key_for('alice', '00000000-0000-0000-0000-000000000005', 'paused');
CREATE TEMP TABLE before AS SELECT * FROM moved;
GRANT SELECT ON before TO PUBLIC;

-- Who may call it, and with what.
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.move_keys('alice', 'anna')$$);
SET ROLE regress_apikey_admin;
SELECT arguments, outcome(format('SELECT apikey.move_keys(%s)', arguments)) FROM unnest(ARRAY['NULL, ''anna''', '''alice'', NULL', ''''', ''anna''',
	'''alice'', ''''', '''alice'', ''alice''', '''alice'', repeat(''a'', 256)', 'E''a\n'', ''anna''']) arguments;
SELECT apikey.move_keys('nobody', 'anna');
BEGIN READ ONLY;
SELECT outcome($$SELECT apikey.move_keys('alice', 'anna')$$);
COMMIT;

-- All of them, and only who has them changes; the values can be read.
SELECT apikey.move_keys('alice', 'anna');
SELECT count(*), string_agg(DISTINCT m.user_id, ', ') FROM moved m JOIN before b ON (m.id, m.name, m.key_type, m.hint, m.metadata, m.created_at, m.updated_at) =
	(b.id, b.name, b.key_type, b.hint, b.metadata, b.created_at, b.updated_at) AND (m.env_var, m.expires_at, m.disabled_at, m.disabled_reason, m.deleted_at)
	IS NOT DISTINCT FROM (b.env_var, b.expires_at, b.disabled_at, b.disabled_reason, b.deleted_at);
SELECT count(*) FROM apikey.verify_keys();
SELECT count(*) FROM apikey.find_keys(openai('options')) WHERE user_id = 'anna';
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.reveal_key('plain')$$);
SET apikey.user_id = 'anna';
SELECT apikey.reveal_key('plain') = openai('plain'), apikey.reveal_key('options') = openai('options');
SELECT apikey.restore_key('00000000-0000-0000-0000-000000000004'::uuid, 'restored');
SELECT apikey.reveal_key('restored') = openai('plain');
SELECT apikey.delete_key('restored');

-- Names that both have are told before anything changes; deleted keys do not count.
SELECT apikey.create_key('bob''s', 'openai', openai()) IS NOT NULL;
SET apikey.user_id = 'bob';
SELECT apikey.set_key(name, 'openai', openai('bob')) IS NOT NULL FROM unnest('{plain,disabled,own,restored}'::text[]) name;
SET ROLE regress_apikey_admin;
SELECT outcome($$SELECT apikey.move_keys('anna', 'bob')$$);
SELECT outcome($$SELECT apikey.move_keys('anna', 'bob', '')$$);
SELECT outcome($$SELECT apikey.move_keys('anna', 'bob', ' ')$$);
SELECT outcome(format('SELECT apikey.move_keys(%L, %L, %L)', 'anna', 'bob', repeat('x', 200)));
-- The new name is in use, too: of the one user, of the other.
SELECT apikey.create_key_for('bob', 'plain (2)', 'openai', openai(), id => '00000000-0000-0000-0000-000000000006');
SELECT outcome($$SELECT apikey.move_keys('anna', 'bob', ' (2)')$$);
SELECT apikey.create_key_for('anna', 'disabled (3)', 'openai', openai(), id => '00000000-0000-0000-0000-000000000007');
SELECT outcome($$SELECT apikey.move_keys('anna', 'bob', ' (3)')$$);
SELECT user_id, count(*) FROM apikey.all_keys GROUP BY user_id ORDER BY user_id;
SELECT apikey.move_keys('anna', 'bob', ' of anna');
SELECT name, deleted_at IS NOT NULL AS deleted FROM apikey.all_keys WHERE user_id = 'bob' ORDER BY name COLLATE "C", deleted;
SELECT count(*) FROM apikey.verify_keys();
SET ROLE regress_apikey_worker;
SELECT apikey.reveal_key('plain') = openai('bob'), apikey.reveal_key('plain of anna') = openai('plain');

-- An id that both have.
SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('anna', 'same id', 'openai', openai(), id => '00000000-0000-0000-0000-000000000001');
SELECT outcome($$SELECT apikey.move_keys('anna', 'bob')$$);
SELECT apikey.purge_user('anna');

-- More than a batch.
SELECT count(apikey.create_key_for('many', 'key ' || n, 'openai', openai(n::text))) FROM generate_series(1, 250) n;
SELECT apikey.move_keys('many', 'more');
SELECT user_id, count(*) FROM apikey.all_keys WHERE user_id IN ('many', 'more') GROUP BY user_id;
SELECT count(*) FROM apikey.verify_keys();
SELECT apikey.purge_user('more');

-- A value that can never be decrypted is moved as it is, and replaced there.
SELECT apikey.create_key_for('carol', 'good', 'openai', openai('good')) IS NOT NULL, apikey.create_key_for('carol', 'damaged', 'openai', openai('damaged')) IS NOT NULL;
RESET ROLE;
UPDATE apikey.api_keys SET encrypted_value = (SELECT encrypted_value FROM apikey.api_keys WHERE user_id = 'carol' AND name = 'good')
	WHERE user_id = 'carol' AND name = 'damaged';
SET ROLE regress_apikey_admin;
SELECT apikey.move_keys('carol', 'dave');
SET ROLE regress_apikey_worker;
SET apikey.user_id = 'dave';
SELECT outcome($$SELECT apikey.reveal_key('damaged')$$);
SELECT outcome($$SELECT apikey.update_key('damaged', openai('new'))$$);
SELECT apikey.reveal_key('damaged') = openai('new'), apikey.reveal_key('good') = openai('good');

-- Keys that a changed policy hides: an error, not an endless loop.
RESET ROLE;
CREATE POLICY hide ON apikey.api_keys AS RESTRICTIVE FOR DELETE USING (name <> 'good');
SET ROLE regress_apikey_admin;
SET statement_timeout = '60s';
SELECT outcome($$SELECT apikey.move_keys('dave', 'david')$$);
RESET statement_timeout;
SELECT user_id, count(*) FROM apikey.all_keys WHERE user_id IN ('dave', 'david') GROUP BY user_id;
RESET ROLE;
DROP POLICY hide ON apikey.api_keys;

-- Linked users: the other user must exist, with the prefix.
RESET ROLE;
CREATE TABLE accounts (id int PRIMARY KEY, email text);
INSERT INTO accounts VALUES (1, 'one@example.com'), (2, 'two@example.com');
SELECT apikey.link_users('accounts', 'id', prefix => 'account:');
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts TO regress_apikey_admin;
SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('account:1', 'one''s', 'openai', openai('1')) IS NOT NULL;
SELECT outcome($$SELECT apikey.move_keys('account:1', 'account:3')$$);
SELECT outcome($$SELECT apikey.move_keys('account:1', 'account:02')$$) ~ '^22023 on to_user_id:';
SELECT apikey.move_keys('account:1', 'account:2');
-- From and to users who are not of a linked table.
SELECT apikey.move_keys('account:2', 'eve');
SELECT apikey.move_keys('eve', 'account:1');
-- The error of a changed id, and the steps that it tells.
SELECT outcome($$UPDATE accounts SET id = 10 WHERE id = 1$$);
BEGIN;
INSERT INTO accounts SELECT 10, email FROM accounts WHERE id = 1;
SELECT apikey.move_keys('account:1', 'account:10');
DELETE FROM accounts WHERE id = 1;
COMMIT;
SELECT * FROM accounts ORDER BY id;
SET ROLE regress_apikey_worker;
SET apikey.user_id = 'account:10';
SELECT apikey.reveal_key('one''s') = openai('1');

RESET ROLE;
SELECT apikey.unlink_users('accounts');
DROP TABLE accounts, before;
DROP VIEW moved;
SET ROLE regress_apikey_admin;
SELECT user_id, apikey.purge_user(user_id) FROM unnest('{account:10,alice,anna,bob,carol,dave,eve}'::text[]) user_id;
RESET ROLE;
