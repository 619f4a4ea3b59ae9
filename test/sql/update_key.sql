-- update_key: arguments that are NULL leave the attribute unchanged.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
CREATE VIEW listed AS
	SELECT name, key_type, hint, env_var, metadata, expires_at, disabled_reason, is_active
	FROM apikey.keys ORDER BY name COLLATE "C";
GRANT SELECT ON listed TO PUBLIC;

-- Without an identity, and without the privilege.
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.update_key('one')$$);
SELECT outcome($$SELECT apikey.update_key('00000000-0000-0000-0000-000000000001'::uuid)$$);
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_admin;
SELECT outcome($$SELECT apikey.update_key('one')$$);
-- Fixed ids, so that the expected output can contain them.
SELECT apikey.create_key_for('alice', 'one', 'openai', openai('one'), '2100-01-01 00:00+00', '{"a": 1}', 'ONE_KEY', '00000000-0000-0000-0000-000000000001');
SELECT apikey.create_key_for('alice', 'two', 'anthropic', anthropic('two'), id => '00000000-0000-0000-0000-000000000002');
SELECT apikey.create_key_for('bob', 'bob''s', 'openai', openai('bob'), id => '00000000-0000-0000-0000-000000000003');
SET ROLE regress_apikey_worker;

-- Only updated_at changes.
SELECT apikey.update_key('one');
SELECT apikey.update_key('one', NULL, NULL, NULL, NULL, NULL);
SELECT apikey.update_key('one', new_metadata => 'null');
SELECT * FROM listed WHERE name = 'one';
SELECT updated_at > created_at FROM apikey.keys WHERE name = 'one';
SELECT apikey.reveal_key('one') = openai('one');

-- The value: by name, by id as text and by id; trimmed and validated.
SELECT apikey.update_key('one', openai('1') || E'\n');
SELECT apikey.reveal_key('one') = openai('1'), hint = 'sk-...' || right(openai('1'), 4) FROM listed WHERE name = 'one';
SELECT apikey.update_key('00000000-0000-0000-0000-000000000001', new_value => openai('2'));
SELECT apikey.reveal_key('one') = openai('2');
SELECT apikey.update_key('00000000-0000-0000-0000-000000000001'::uuid, openai('3'));
SELECT apikey.update_key(id => '00000000-0000-0000-0000-000000000001', new_value => openai('4'));
SELECT apikey.update_key(name => 'one', new_value => openai('5'));
SELECT apikey.reveal_key('one') = openai('5');
SELECT what, outcome(format('SELECT apikey.update_key(%L, %L)', 'one', value)) FROM (VALUES
	('empty', ''), ('white space', ' '), ('another type''s', anthropic()), ('a space inside', overlay(openai() PLACING ' ' FROM 30)),
	('too long', repeat('abcdefgh', 1025))) AS t(what, value);
SELECT outcome($$SELECT apikey.update_key('00000000-0000-0000-0000-000000000001'::uuid, anthropic())$$);
SELECT apikey.reveal_key('one') = openai('5');

-- Expiry, metadata and variable: set, kept, removed.
SELECT apikey.update_key('one', new_expires_at => '2101-01-01 00:00+00');
SELECT apikey.update_key('one', new_metadata => '{"b": {"c": 2}}');
SELECT apikey.update_key('one', new_env_var => 'OTHER_TOKEN');
SELECT * FROM listed WHERE name = 'one';
SELECT apikey.update_key('one', new_expires_at => 'infinity');
SELECT * FROM listed WHERE name = 'one';
SELECT apikey.update_key('one', NULL, NULL, '2102-01-01 00:00+00', '{}', '');
SELECT * FROM listed WHERE name = 'one';
SELECT apikey.update_key('one', new_expires_at => 'infinity', new_env_var => '');
SELECT what, outcome(format('SELECT apikey.update_key(%L, %s)', 'one', argument)) FROM (VALUES
	('expiry past', 'new_expires_at => ''2020-01-01 00:00+00'''),
	('expiry -infinity', 'new_expires_at => ''-infinity'''),
	('metadata no object', 'new_metadata => ''1'''),
	('metadata with a key', 'new_metadata => jsonb_build_object(''x'', openai())'),
	('metadata too large', 'new_metadata => jsonb_build_object(''x'', repeat(''n'', 8192))'),
	('variable', 'new_env_var => ''PATH''')) AS t(what, argument);
SELECT * FROM listed;

-- A new name: the value can still be decrypted, and the old name is free.
SELECT apikey.update_key('one', new_name => 'uno');
SELECT * FROM listed;
SELECT apikey.reveal_key('uno') = openai('5');
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
SELECT apikey.create_key('one', 'custom', 'a-value-of-no-use') IS NOT NULL;
SELECT apikey.reveal_key('uno') = openai('5'), apikey.reveal_key('one') = 'a-value-of-no-use';
-- Name and value at once; the name that it already has.
SELECT apikey.update_key('uno', openai('6'), U&'\00fcn\00f3');
SELECT apikey.reveal_key(U&'\00fcn\00f3') = openai('6');
SELECT apikey.update_key(U&'\00fcn\00f3', new_name => U&'\00fcn\00f3');
SELECT apikey.update_key(U&'\00fcn\00f3', new_name => 'uno');
SELECT apikey.reveal_key('uno') = openai('6');
-- Names in use, and invalid names.
SELECT outcome($$SELECT apikey.update_key('uno', new_name => 'two')$$);
SELECT outcome($$SELECT apikey.update_key('uno', openai('7'), 'two', '2103-01-01 00:00+00', '{"x": 1}', 'X_KEY')$$);
SELECT what, outcome(format('SELECT apikey.update_key(%L, new_name => %L)', 'uno', name)) FROM (VALUES
	('empty', ''), ('201 characters', repeat('n', 201)), ('a space behind', 'one '), ('a control character', E'a\nb'), ('not NFC', U&'u\0308'),
	('a provider''s key', openai('name')), ('a uuid', '01234567-89ab-cdef-0123-456789abcdef')) AS t(what, name);
SELECT apikey.reveal_key('uno') = openai('6');
SELECT * FROM listed;
-- Other errors are passed on unchanged, but without the row.
RESET ROLE;
ALTER TABLE apikey.api_keys ADD CONSTRAINT regress_apikey_check CHECK (name <> 'forbidden');
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.update_key('uno', new_name => 'forbidden')$$);
RESET ROLE;
ALTER TABLE apikey.api_keys DROP CONSTRAINT regress_apikey_check;
SET ROLE regress_apikey_worker;
SELECT apikey.reveal_key('uno') = openai('6');
-- The names of deleted keys and of other users' keys are free.
SELECT apikey.delete_key('two');
SELECT apikey.update_key('uno', new_name => 'two');
SELECT apikey.update_key('two', new_name => 'bob''s');
SELECT apikey.reveal_key('bob''s') = openai('6');

-- Absent, deleted, another user's: the same error, except for an own deleted key.
SELECT outcome($$SELECT apikey.update_key('absent', openai())$$);
SELECT outcome($$SELECT apikey.update_key('two', openai())$$);
SELECT outcome($$SELECT apikey.update_key('00000000-0000-0000-0000-000000000009', openai())$$);
SELECT outcome($$SELECT apikey.update_key('00000000-0000-0000-0000-000000000003', openai())$$);
SELECT outcome($$SELECT apikey.update_key('00000000-0000-0000-0000-000000000003'::uuid, openai())$$);
SELECT outcome($$SELECT apikey.update_key('00000000-0000-0000-0000-000000000002', openai())$$);
SELECT outcome($$SELECT apikey.update_key(NULL::text, openai())$$);
SELECT outcome($$SELECT apikey.update_key(NULL::uuid, openai())$$);
-- A secret in place of the name is not repeated.
SELECT outcome(format('SELECT apikey.update_key(%L, %L)', openai(), 'one'));

-- Disabled stays disabled; a read-only transaction changes nothing.
SELECT apikey.disable_key('one', 'why') IS NOT NULL;
SELECT apikey.update_key('one', new_name => 'uno') IS NOT NULL;
SELECT * FROM listed;
BEGIN READ ONLY;
SELECT outcome($$SELECT apikey.update_key('uno', new_metadata => '{}')$$);
COMMIT;

-- A key whose value cannot be decrypted can get a new value, but not a new name.
RESET ROLE;
UPDATE apikey.api_keys SET encrypted_value = (SELECT encrypted_value FROM apikey.api_keys WHERE user_id = 'bob')
	WHERE user_id = 'alice' AND id = '00000000-0000-0000-0000-000000000001';
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.reveal_key('bob''s')$$);
SELECT outcome($$SELECT apikey.update_key('bob''s', new_name => 'mine')$$);
SELECT apikey.update_key('bob''s', new_metadata => '{"broken": true}');
SELECT apikey.update_key('bob''s', openai('8'), 'mine');
SELECT apikey.reveal_key('mine') = openai('8');
SET apikey.user_id = 'bob';
SELECT apikey.reveal_key('bob''s') = openai('bob');

-- An update after a rotation: with a new name the value is encrypted with the new
-- data key.
SET ROLE regress_apikey_admin;
SELECT apikey.rotate_data_key() IS NOT NULL;
SELECT state, rows FROM apikey.key_status ORDER BY 1;
SET ROLE regress_apikey_worker;
SELECT apikey.update_key('bob''s', new_metadata => '{"x": 1}');
SELECT apikey.update_key('bob''s', new_name => 'renamed');
SELECT apikey.reveal_key('renamed') = openai('bob');
SET ROLE regress_apikey_admin;
SELECT state, rows FROM apikey.key_status ORDER BY 1;
SELECT name FROM apikey.find_keys(openai('bob'));

SELECT apikey.purge_user('alice'), apikey.purge_user('bob');
RESET ROLE;
DELETE FROM apikey.data_keys;
DROP VIEW listed;
