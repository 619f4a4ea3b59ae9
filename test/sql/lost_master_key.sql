-- A master key is lost for good: starting over under the present one.  The data keys
-- name another master key here, which is what a lost one looks like.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
-- A separate database, since all of its data keys are lost.
SELECT current_database() AS db \gset
CREATE DATABASE regress_apikey_x TEMPLATE template0;
\c regress_apikey_x
\pset format unaligned
\pset tuples_only on
SET client_min_messages = error;
CREATE EXTENSION apikey;
SET client_min_messages = warning;
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text; hint text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN regexp_replace(concat_ws(E'\n  ', state || ': ' || message, nullif(detail, ''), nullif(hint, '')),
		'[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|fingerprints [0-9a-f]{16}', '(random)', 'g');
END $$;
-- status() about the data keys, without what is random.
CREATE VIEW state AS SELECT item, value, severity, regexp_replace(advice, '[0-9a-f]{8}-[0-9a-f-]{27}', '(id)', 'g') AS advice
	FROM apikey.status() WHERE item LIKE 'data keys%' AND value <> 'none yet';
CREATE PROCEDURE lose(which text) LANGUAGE sql AS $$
	UPDATE apikey.data_keys SET wrapped_key = overlay(wrapped_key PLACING '\x0102030405060708' FROM 3)
		WHERE which = 'all' OR purpose = which $$;

SET apikey.identity = session;
SET apikey.user_id = 'u';
SELECT count(apikey.create_key('k' || n, 'custom', 'some_value_' || n, env_var => 'K' || n || '_KEY')) FROM generate_series(1, 4) n;
SELECT apikey.encrypt('a secret', 'here') IS NULL FROM apikey.rotate_data_key('column');
-- Nothing is abandoned while every data key can be unwrapped.
SELECT apikey.abandon_lost_data_keys();
SELECT * FROM state;

CALL lose('all');
SELECT * FROM state;
CREATE TABLE before AS SELECT * FROM apikey.data_keys;
SELECT outcome($$SELECT apikey.reveal_key('k1')$$);
SELECT outcome($$SELECT apikey.create_key('new', 'custom', 'a_new_value')$$);
SELECT outcome($$SELECT apikey.set_key('k1', 'custom', 'a_new_value')$$);
SELECT outcome($$SELECT apikey.rotate_data_key()$$);
SELECT outcome($$SELECT apikey.rotate_data_key('column')$$);
SELECT outcome($$SELECT apikey.rewrap_data_keys()$$);
SELECT outcome($$SELECT * FROM apikey.find_keys('some_value_1')$$);
SELECT count(*) FROM apikey.data_keys JOIN before b USING (id, wrapped_key) WHERE b.deactivated_at IS NULL;

-- An administrator of keys starts over.
CREATE ROLE regress_apikey_keeper IN ROLE apikey_admin;
SET ROLE regress_apikey_keeper;
BEGIN;
SELECT apikey.abandon_lost_data_keys();
ROLLBACK;
SELECT count(*) FROM apikey.key_status WHERE state = 'lost';
SELECT apikey.abandon_lost_data_keys();
SELECT apikey.abandon_lost_data_keys();
SELECT purpose, state, rows FROM apikey.key_status ORDER BY 1;
RESET ROLE;
SELECT * FROM state;
-- New values are stored, and decrypted.
SELECT apikey.create_key('new', 'custom', 'a_new_value', env_var => 'NEW_KEY') IS NULL;
SELECT apikey.reveal_key('new');
SELECT outcome($$SELECT apikey.encrypt('a secret', 'here')$$);
SELECT apikey.decrypt(apikey.encrypt('a secret', 'here'), 'here') FROM apikey.rotate_data_key('column');
-- The old ones are listed, say so, and are left out where not asked for.
SELECT name, is_active, usable FROM apikey.keys ORDER BY name;
SELECT name, usable FROM apikey.all_keys ORDER BY name;
SELECT outcome($$SELECT apikey.reveal_key('k1')$$);
SELECT outcome($$SELECT apikey.update_key('k1', new_name => 'renamed')$$);
SELECT outcome($$SELECT apikey.reveal_env('{k1}')$$);
SET client_min_messages = error;
SELECT apikey.reveal_env();
SELECT count(*), min(regexp_replace(problem, '[0-9a-f]{8}-[0-9a-f-]{27}', '(id)')) FROM apikey.verify_keys();
-- What needs every data key does without them.
SELECT name FROM apikey.find_keys('a_new_value');
SELECT name FROM apikey.find_keys('some_value_1');
SELECT apikey.rewrap_data_keys();
SELECT apikey.rotate_data_key() IS NULL;
CALL apikey.reencrypt_keys();
RESET client_min_messages;
SELECT outcome(format('SELECT apikey.retire_data_key(%L)', id)) FROM apikey.key_status WHERE state = 'lost' AND purpose = 'value';
-- They are replaced, deleted or removed like any other.
SELECT apikey.set_key('k1', 'custom', 'another_value_1') IS NULL;
SELECT apikey.update_key('k2', new_value => 'another_value_2') IS NULL;
SELECT apikey.restore_key(apikey.delete_key('k2')) IS NULL;
SELECT apikey.reveal_key('k1'), apikey.reveal_key('k2');
SELECT name, usable FROM apikey.keys ORDER BY 1;
SELECT apikey.purge_key(apikey.delete_key(name)) IS NULL FROM unnest('{k3,k4}'::text[]) name;
-- Then the advice of status() can be followed to its end.
SELECT * FROM state;
SELECT outcome(substring(advice FROM 'run (.*)\.$')) FROM apikey.status() WHERE item LIKE 'data keys%' AND severity <> 'ok';
SELECT * FROM state;
SELECT count(*) FROM apikey.verify_keys();

-- The master key is found again: the mark is removed.
SELECT apikey.create_key('found', 'custom', 'value_to_find', env_var => 'FOUND_KEY') IS NULL;
CREATE TABLE kept AS SELECT * FROM apikey.data_keys;
CALL lose('value');
SELECT apikey.abandon_lost_data_keys() > 0;
SELECT usable FROM apikey.keys WHERE name = 'found';
UPDATE apikey.data_keys d SET wrapped_key = k.wrapped_key FROM kept k WHERE k.id = d.id;
SELECT apikey.reveal_key('found');
SELECT apikey.rewrap_data_keys() > 0;
SELECT usable FROM apikey.keys WHERE name = 'found';
SELECT DISTINCT state FROM apikey.key_status WHERE state <> 'destroyed';
SELECT count(*) FROM state WHERE severity <> 'ok';

-- A damaged data key can be abandoned, too; a destroyed one and one that does not
-- exist are lost anyway.
SELECT apikey.create_key('damaged', 'custom', 'value_to_damage', env_var => 'DAMAGED_KEY') IS NULL;
UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 60, get_byte(wrapped_key, 60) # 1)
	WHERE id = (SELECT apikey.data_key_id(encrypted_value) FROM apikey.api_keys WHERE name = 'damaged');
SELECT outcome($$SELECT apikey.reveal_key('damaged')$$);
SELECT advice FROM state WHERE severity <> 'ok';
SELECT apikey.abandon_lost_data_keys();
SELECT outcome($$SELECT apikey.reveal_key('damaged')$$);
SELECT apikey.update_key('damaged', new_value => 'value_again') IS NULL;
SELECT apikey.reveal_key('damaged');
SELECT bool_and(apikey.is_lost(id)) FROM apikey.key_status WHERE state = 'destroyed';
SELECT apikey.is_lost('00000000-0000-4000-8000-000000000000'), apikey.is_lost(NULL);
-- Not in a read-only transaction.
BEGIN READ ONLY;
SELECT apikey.abandon_lost_data_keys();
ROLLBACK;
SELECT apikey.purge_own_keys();
\c :db
DROP DATABASE regress_apikey_x;
DROP ROLE regress_apikey_keeper;
