-- reveal_key: what it refuses, and what happens with rows that were altered.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
CREATE TEMP TABLE ids AS SELECT n, ('00000000-0000-0000-0000-00000000000' || n)::uuid AS id FROM generate_series(1, 9) n;
GRANT SELECT ON ids TO PUBLIC;

SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('alice', 'one', 'openai', openai('one'), id => id) FROM ids WHERE n = 1;
SELECT apikey.create_key_for('alice', 'expired', 'openai', openai('expired'), '2020-01-01 00:00+00', id => id, created_at => '2019-01-01 00:00+00') FROM ids WHERE n = 2;
SELECT apikey.create_key_for('alice', 'disabled', 'openai', openai('disabled'), id => id) FROM ids WHERE n = 3;
SELECT apikey.create_key_for('alice', 'deleted', 'openai', openai('deleted'), id => id) FROM ids WHERE n = 4;
SELECT apikey.create_key_for('bob', 'one', 'openai', openai('bob'), id => id) FROM ids WHERE n = 5;
SELECT apikey.create_key_for('bob', 'bob''s', 'anthropic', anthropic('bob'), id => id) FROM ids WHERE n = 6;

-- Without an identity, and without the privilege: an application that adds keys
-- cannot read them.
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
SELECT outcome($$SELECT apikey.reveal_key('00000000-0000-0000-0000-000000000001'::uuid)$$);
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_web;
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
SELECT outcome($$SELECT apikey.reveal_key('00000000-0000-0000-0000-000000000001'::uuid)$$);
SET ROLE regress_apikey_admin;
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
SELECT outcome($$SELECT apikey.reveal_key('00000000-0000-0000-0000-000000000001'::uuid)$$);

-- By name, by id as text in any form, by id; by position and by name.
SET ROLE regress_apikey_worker;
SELECT apikey.disable_key('disabled', 'leaked'), apikey.delete_key('deleted');
SELECT apikey.reveal_key('one') = openai('one');
SELECT form, apikey.reveal_key(form) = openai('one') FROM unnest(ARRAY['00000000-0000-0000-0000-000000000001',
	'{00000000-0000-0000-0000-000000000001}', '00000000000000000000000000000001', '0000-00000000-0000-0000-000000000001']) form;
SELECT apikey.reveal_key('00000000-0000-0000-0000-000000000001'::uuid) = openai('one');
SELECT apikey.reveal_key(name => 'one') = openai('one'), apikey.reveal_key(id => '00000000-0000-0000-0000-000000000001') = openai('one');
PREPARE by_text(text) AS SELECT apikey.reveal_key($1) = openai('one');
PREPARE by_id(uuid) AS SELECT apikey.reveal_key($1) = openai('one');
EXECUTE by_text('one');
EXECUTE by_text('00000000-0000-0000-0000-000000000001');
EXECUTE by_id('00000000-0000-0000-0000-000000000001');
-- Names are compared byte by byte.
SELECT name, outcome(format('SELECT apikey.reveal_key(%L)', name)) FROM unnest(ARRAY['One', 'one ', ' one', 'on%', '']) name;
-- Expired, disabled, deleted.
SELECT name, outcome(format('SELECT apikey.reveal_key(%L)', name)) FROM unnest(ARRAY['expired', 'disabled', 'deleted']) name;
SELECT n, outcome(format('SELECT apikey.reveal_key(%L)', id)) FROM ids WHERE n IN (2, 3, 4);
SELECT n, outcome(format('SELECT apikey.reveal_key(%L::uuid)', id)) FROM ids WHERE n IN (2, 3, 4);
-- Expired and disabled: the error says disabled.
SELECT apikey.disable_key('expired') IS NOT NULL;
SELECT outcome($$SELECT apikey.reveal_key('expired')$$);
SELECT apikey.enable_key('expired') IS NOT NULL;
SELECT apikey.update_key('expired', new_expires_at => 'infinity') IS NOT NULL;
SELECT apikey.reveal_key('expired') = openai('expired');
-- A key can expire during a transaction: the current time counts, not now().
RESET ROLE;
BEGIN;
UPDATE apikey.api_keys SET expires_at = clock_timestamp() WHERE name = 'expired';
SELECT expires_at > now() FROM apikey.api_keys WHERE name = 'expired';
SELECT split_part(outcome($$SELECT apikey.reveal_key('expired')$$), E'\n', 1);
COMMIT;
SET ROLE regress_apikey_worker;
-- A key that does not exist and another user's key: the same error.
SELECT replace(outcome($$SELECT apikey.reveal_key('nobody''s')$$), 'nobody''s', '...') = replace(outcome($$SELECT apikey.reveal_key('bob''s')$$), 'bob''s', '...');
SELECT outcome($$SELECT apikey.reveal_key('bob''s')$$);
SELECT n, outcome(format('SELECT apikey.reveal_key(%L)', id)) FROM ids WHERE n IN (5, 9);
SELECT n, outcome(format('SELECT apikey.reveal_key(%L::uuid)', id)) FROM ids WHERE n IN (5, 9);
SELECT outcome($$SELECT apikey.reveal_key(NULL::text)$$);
SELECT outcome($$SELECT apikey.reveal_key(NULL::uuid)$$);
SELECT outcome(format('SELECT apikey.reveal_key(%L)', name)) FROM (VALUES (openai()), (repeat('n', 201))) t(name);
-- A value with characters that are special in quoting, JSON and LIKE.
SELECT apikey.create_key('odd', 'custom', E'''"\\%_$1{}--;/*') IS NOT NULL;
SELECT apikey.reveal_key('odd');

-- Rows altered by someone who can write to the table: another user, id, type or
-- name, and another row's value.
RESET ROLE;
CREATE CAST (bytea AS apikey.encrypted) WITHOUT FUNCTION;
CREATE CAST (apikey.encrypted AS bytea) WITHOUT FUNCTION;
CREATE TEMP TABLE kept AS TABLE apikey.api_keys;
-- Alters alice's first key by the assignment, reveals it with the identity of
-- new_user, verifies all keys, and restores the row.
CREATE FUNCTION altered(assignment text, new_user text DEFAULT 'alice', new_id uuid DEFAULT '00000000-0000-0000-0000-000000000001')
RETURNS TABLE (revealed text, verified text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'UPDATE apikey.api_keys SET ' || assignment || ' WHERE user_id = ''alice'' AND id = ''00000000-0000-0000-0000-000000000001''';
	PERFORM set_config('apikey.user_id', new_user, true);
	revealed := regress_apikey.outcome(format('SELECT apikey.reveal_key(%L::uuid)', new_id));
	SELECT string_agg(concat_ws(' ', user_id, id::text, problem), '; ') INTO verified FROM apikey.verify_keys();
	UPDATE apikey.api_keys a SET user_id = k.user_id, id = k.id, name = k.name, key_type = k.key_type, encrypted_value = k.encrypted_value
		FROM kept k WHERE a.user_id = new_user AND a.id = new_id AND k.user_id = 'alice' AND k.id = '00000000-0000-0000-0000-000000000001';
	PERFORM set_config('apikey.user_id', 'alice', true);
	RETURN NEXT;
END $$;
SELECT * FROM altered('name = name');
SELECT * FROM altered('user_id = ''carol''', new_user => 'carol');
SELECT * FROM altered('id = ''00000000-0000-0000-0000-000000000007''', new_id => '00000000-0000-0000-0000-000000000007');
SELECT * FROM altered('key_type = ''custom''');
SELECT * FROM altered('name = ''uno''');
SELECT * FROM altered('name = ''one ''');
SELECT * FROM altered('encrypted_value = (SELECT encrypted_value FROM kept WHERE user_id = ''bob'' AND name = ''one'')');
SELECT * FROM altered('encrypted_value = (SELECT encrypted_value FROM kept WHERE user_id = ''alice'' AND name = ''deleted'')');
-- Everything but the id is copied from bob's key.
SELECT * FROM altered('user_id = ''bob'', name = ''again'', encrypted_value = (SELECT encrypted_value FROM kept WHERE user_id = ''bob'' AND name = ''one'')', new_user => 'bob');
-- Each byte of the envelope: version, suite, data key id, nonce, ciphertext, tag.
CREATE FUNCTION flipped(byte int) RETURNS text LANGUAGE sql AS $$
	SELECT format('encrypted_value = set_byte(encrypted_value::bytea, %s, get_byte(encrypted_value::bytea, %s) # 1)::apikey.encrypted', byte, byte)
$$;
SELECT part, masked, verified FROM (VALUES ('version', 0), ('suite', 1), ('data key id', 2), ('nonce', 18), ('ciphertext', 42), ('tag', 108)) t(part, byte),
	LATERAL (SELECT regexp_replace(revealed, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '(a data key)', 'g') AS masked,
		regexp_replace(verified, '(data key) [0-9a-f-]+', '\1 (unknown)') AS verified FROM altered(flipped(byte))) a;
SELECT state, count(*), min(byte), max(byte) FROM generate_series(0, 42 + 51 + 16 - 1) byte,
	LATERAL (SELECT left(revealed, 5) AS state FROM altered(flipped(byte)) WHERE verified LIKE 'alice 00000000-0000-0000-0000-000000000001 %') a
	GROUP BY 1 ORDER BY 1;
-- Truncated, empty, and with an extra byte.
SELECT size, revealed, verified FROM unnest(ARRAY[109, 108, 58, 57, 18, 110]) size,
	LATERAL altered(format('encrypted_value = substr(encrypted_value::bytea || ''x'', 1, %s)::apikey.encrypted', size)) ORDER BY size DESC;
SELECT size, outcome(format('SELECT * FROM altered(%L)', format('encrypted_value = substr(encrypted_value::bytea, 1, %s)::apikey.encrypted', size)))
	FROM unnest(ARRAY[17, 0]) size;
-- Text that is not an envelope.
SELECT * FROM altered('encrypted_value = convert_to(repeat(openai(), 2), ''UTF8'')::apikey.encrypted');
-- All is as before.
SELECT * FROM altered('name = name');
SELECT count(*) FROM apikey.verify_keys();

-- A data key that is missing, damaged or for the other purpose.
BEGIN;
DELETE FROM apikey.data_keys;
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
SELECT DISTINCT regexp_replace(problem, '[0-9a-f]{8}-.*', '(its id)') FROM apikey.verify_keys();
ROLLBACK;
BEGIN;
UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 40, get_byte(wrapped_key, 40) # 1);
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
SELECT outcome($$SELECT apikey.create_key('new', 'openai', openai())$$);
ROLLBACK;
BEGIN;
UPDATE apikey.data_keys SET wrapped_key = substr(wrapped_key, 1, 20);
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
ROLLBACK;
BEGIN;
UPDATE apikey.data_keys SET purpose = 'column';
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
ROLLBACK;
BEGIN;
UPDATE apikey.data_keys SET wrapped_key = NULL, destroyed_at = now();
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
SELECT count(*) FROM apikey.find_keys(openai('one'));
SELECT apikey.create_key('new', 'openai', openai('new')) IS NOT NULL;
SELECT apikey.reveal_key('new') = openai('new');
ROLLBACK;
-- A data key wrapped with another master key: the error names the master key that
-- is required.
BEGIN;
UPDATE apikey.data_keys SET wrapped_key = overlay(wrapped_key PLACING '\x0102030405060708' FROM 3);
SELECT regexp_replace(outcome($$SELECT apikey.reveal_key('one')$$), 'have the fingerprints .*?\.', 'have the fingerprints (...).');
SELECT regexp_replace(outcome($$SELECT apikey.create_key('new', 'openai', openai())$$), 'have the fingerprints .*?\.', 'have the fingerprints (...).');
SELECT DISTINCT regexp_replace(problem, '[0-9a-f]{8}-[0-9a-f-]{27}', '(its id)') FROM apikey.verify_keys();
-- A new data key would only hide that, and a search by value would miss rows.
SELECT call, split_part(outcome('SELECT apikey.' || call), E'\n', 1)
	FROM unnest(ARRAY['rotate_data_key()', 'rotate_data_key(''column'')', 'find_keys(openai())']) call;
SELECT count(*) FROM apikey.data_keys;
-- Operations that need no value still work.
SELECT apikey.disable_key('one'), apikey.enable_key('one'), apikey.update_key('one', new_metadata => '{"x": 1}');
SELECT apikey.delete_key('one'), apikey.restore_key('00000000-0000-0000-0000-000000000001'::uuid);
ROLLBACK;
SELECT apikey.reveal_key('one') = openai('one');

-- An error in a PL/pgSQL function tells its line, but quotes no statement.
CREATE FUNCTION call(statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
END $$;
SELECT call($$SELECT apikey.reveal_key('absent' || substr('a secret', 9))$$);
SELECT call($$SELECT apikey.delete_key('absent' || substr('a secret', 9))$$);
SELECT call($$SELECT call('SELECT apikey.reveal_env(names => ''{absent}'')')$$);
SELECT call($$SELECT apikey.set_key('one', 'openai', 'a secret')$$);
SELECT call($$SELECT apikey.update_key('one', 'a secret')$$);
SELECT call($$SELECT apikey.find_keys(NULL) FROM (SELECT 'a secret') s$$);
DROP FUNCTION call(text);

DROP CAST (bytea AS apikey.encrypted);
DROP CAST (apikey.encrypted AS bytea);
DROP FUNCTION altered(text, text, uuid), flipped(int);
DROP TABLE kept, ids;
SELECT apikey.purge_user('alice'), apikey.purge_user('bob');
