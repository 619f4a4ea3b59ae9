-- Rotation of the data key and of the master key, in one session.  Concurrent
-- sessions are covered by the isolation tests, test/t/100_rotation.pl and
-- test/t/110_kill9.pl.
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '(null)'
SET client_min_messages = warning;
-- A separate database, which contains nothing but this test.
CREATE DATABASE regression_apikey_rotation TEMPLATE template0 ENCODING 'UTF8';
\c regression_apikey_rotation
SET client_min_messages = error;
CREATE EXTENSION apikey;
SET client_min_messages = notice;
-- Runs a statement and returns its error, without random ids.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text; hint text; argument text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT, argument = COLUMN_NAME;
	RETURN regexp_replace(concat_ws(E'\n  ', state || coalesce(' on ' || nullif(argument, ''), '') || ': ' || message,
		nullif(detail, ''), nullif(hint, '')), '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}', '(random id)', 'g');
END $$;

-- Without any keys.
CALL apikey.reencrypt_keys();
SELECT * FROM apikey.rotation_progress;
SELECT apikey.rewrap_data_keys();

-- Thirty keys of three users, including deleted, disabled and expired ones, and one
-- that is long enough to be stored out of line.
SELECT count(apikey.create_key_for('user ' || i % 3, 'key ' || i, 'custom', 'a-value-of-no-use-' || i, env_var => 'SOME_KEY',
		created_at => timestamptz '2020-01-01' + i * interval '1 day', updated_at => timestamptz '2021-01-01' + i * interval '1 day',
		expires_at => CASE WHEN i = 7 THEN timestamptz '2022-01-01' END,
		deleted_at => CASE WHEN i % 10 = 0 THEN timestamptz '2022-01-01' END))
	FROM generate_series(1, 29) i;
SELECT apikey.create_key_for('user 0', 'long', 'custom', repeat('0123456789', 800), env_var => 'SOME_KEY') IS NOT NULL AS created;
SELECT count(apikey.disable_key_for(user_id, id)) FROM apikey.all_keys WHERE name = 'key 5';
CREATE TABLE before AS SELECT * FROM apikey.api_keys;

-- A new data key, and every row re-encrypted with it.
SELECT apikey.rotate_data_key() IS NOT NULL AS rotated;
SELECT state, rows FROM apikey.key_status ORDER BY created_at;
CALL apikey.reencrypt_keys(batch_size => 7, pause => '0.001 s');
-- There is no pause after the last batch.
SELECT apikey.rotate_data_key() IS NOT NULL AS rotated;
CALL apikey.reencrypt_keys(pause => '1 day');
SELECT apikey.retire_data_key(id) IS NOT NULL AS retired FROM apikey.key_status WHERE state = 'inactive' AND rows = 0 ORDER BY created_at DESC LIMIT 1;
SELECT state, rows FROM apikey.key_status ORDER BY created_at;
SELECT state, rows_done, rows_left, rows_failed, rows_per_second > 0 AS rate, estimated_end, ended_at >= started_at AS ended,
		data_key = (SELECT id FROM apikey.key_status k WHERE k.state = 'active') AS to_active
	FROM apikey.rotation_progress;
SELECT * FROM apikey.verify_keys();
-- Value, fingerprint and nonce are new, everything else is unchanged.
SELECT count(*) AS rows, count(*) FILTER (WHERE a.encrypted_value::text <> b.encrypted_value::text) AS new_values,
		count(*) FILTER (WHERE a.fingerprint <> b.fingerprint) AS new_fingerprints,
		count(DISTINCT a.encrypted_value::text) AS different,
		count(*) FILTER (WHERE to_jsonb(a) - '{encrypted_value,fingerprint}'::text[] = to_jsonb(b) - '{encrypted_value,fingerprint}'::text[]) AS else_the_same
	FROM apikey.api_keys a JOIN before b USING (user_id, id);
BEGIN;
SELECT apikey.set_user_id('user 0');
SELECT apikey.reveal_key('key 3'), apikey.reveal_key('long') = repeat('0123456789', 800) AS long;
COMMIT;
SELECT user_id, name FROM apikey.find_keys('a-value-of-no-use-8');
-- Again: nothing to do.
CALL apikey.reencrypt_keys(1);
-- Rows encrypted with several data keys, two of which have one row each.
SELECT count(apikey.rotate_data_key()) FROM generate_series(1, 3);
SELECT apikey.create_key_for('user 3', 'middle', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
SELECT apikey.rotate_data_key() IS NOT NULL AS rotated;
SELECT apikey.create_key_for('user 3', 'newest', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
SELECT name FROM apikey.find_keys('a-value-of-no-use') ORDER BY name;
CALL apikey.reencrypt_keys(NULL, NULL);
SELECT state, count(*), sum(rows) FROM apikey.key_status GROUP BY state ORDER BY state;
SELECT name FROM apikey.find_keys('a-value-of-no-use') ORDER BY name;

-- What it refuses.
CALL apikey.reencrypt_keys(0);
CALL apikey.reencrypt_keys(10001);
CALL apikey.reencrypt_keys(pause => '-1 s');
CALL apikey.reencrypt_keys(pause => '1 month');
BEGIN;
CALL apikey.reencrypt_keys();
ROLLBACK;
SELECT outcome('CALL apikey.reencrypt_keys()');
CREATE FUNCTION in_function() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL apikey.reencrypt_keys(); END $$;
SELECT in_function();
DO $$ BEGIN BEGIN CALL apikey.reencrypt_keys(); EXCEPTION WHEN division_by_zero THEN END; END $$;
CREATE PROCEDURE with_set() LANGUAGE plpgsql SET work_mem = '1MB' AS $$ BEGIN CALL apikey.reencrypt_keys(); END $$;
CALL with_set();
BEGIN READ ONLY;
SELECT apikey.rewrap_data_keys();
ROLLBACK;
SET default_transaction_read_only = on;
CALL apikey.reencrypt_keys();
RESET default_transaction_read_only;
-- A block that can commit may call it, whatever the default isolation level is.
SET default_transaction_isolation = 'serializable';
DO $$ BEGIN
	CALL apikey.reencrypt_keys();
	RAISE NOTICE 'goes on as %', current_setting('transaction_isolation');
END $$;
RESET default_transaction_isolation;

-- Who may call it.  The caller's role stays the same at each commit and afterwards.
SET client_min_messages = warning;
CREATE ROLE regress_apikey_rotation_admin IN ROLE apikey_admin;
CREATE ROLE regress_apikey_rotation_monitor IN ROLE apikey_monitor;
CREATE ROLE regress_apikey_rotation_user IN ROLE apikey_user, apikey_reveal;
SET client_min_messages = notice;
SELECT apikey.rotate_data_key() IS NOT NULL AS rotated;
SET ROLE regress_apikey_rotation_user;
CALL apikey.reencrypt_keys();
SELECT apikey.rewrap_data_keys();
SELECT apikey.retire_data_key(NULL);
SELECT count(*) FROM apikey.rotation_progress;
SET ROLE regress_apikey_rotation_monitor;
CALL apikey.reencrypt_keys();
SELECT state FROM apikey.rotation_progress;
SELECT count(*) FROM apikey.reencryption;
SET ROLE regress_apikey_rotation_admin;
SET search_path = public;
CALL apikey.reencrypt_keys(10);
SELECT current_user, current_setting('enable_seqscan') AS enable_seqscan, current_setting('enable_sort') AS enable_sort;
SELECT rows_done, rows_left FROM apikey.rotation_progress;
SELECT count(*) FROM apikey.api_keys;
RESET ROLE;
RESET search_path;

-- Rows that cannot be decrypted: altered, moved, encrypted with a data key that
-- does not exist.
CREATE FUNCTION altered(value apikey.encrypted, at int) RETURNS apikey.encrypted LANGUAGE plpgsql AS $$
DECLARE bytes bytea := apikey.encrypted_send(value);
BEGIN
	bytes := set_byte(bytes, at, 255 - get_byte(bytes, at));
	RETURN ('ak1.' || rtrim(translate(replace(encode(bytes, 'base64'), E'\n', ''), '+/', '-_'), '='))::apikey.encrypted;
END $$;
UPDATE apikey.api_keys SET encrypted_value = altered(encrypted_value, 45) WHERE name = 'key 1';
UPDATE apikey.api_keys SET user_id = 'user 9' WHERE name = 'key 2';
UPDATE apikey.api_keys SET encrypted_value = altered(encrypted_value, 5) WHERE name = 'key 4';
\set VERBOSITY terse
SELECT apikey.rotate_data_key() IS NOT NULL AS rotated;
SET client_min_messages = error;
CALL apikey.reencrypt_keys(5);
SET client_min_messages = notice;
SELECT state, rows_done, rows_left, rows_failed FROM apikey.rotation_progress;
SELECT name, problem ~ 'There is no data key' AS no_data_key FROM apikey.verify_keys() v JOIN apikey.all_keys k USING (user_id, id) ORDER BY name;
-- Each is reported by id and user, and no value is shown.
\set VERBOSITY default
UPDATE apikey.api_keys SET id = '11111111-1111-4111-8111-111111111111' WHERE name = 'key 1';
UPDATE apikey.api_keys SET id = '22222222-2222-4222-8222-222222222222' WHERE name = 'key 2';
DELETE FROM apikey.api_keys WHERE name = 'key 4';
CALL apikey.reencrypt_keys();
-- A user id that no function stores, and that is longer than there is room for, is refused.
\set VERBOSITY terse
UPDATE apikey.api_keys SET user_id = repeat('x', 1021) WHERE name = 'key 1';
CALL apikey.reencrypt_keys();
UPDATE apikey.api_keys SET user_id = 'user 1' WHERE name = 'key 1';
\set VERBOSITY default
-- A value that is lost can be replaced with another.
SET apikey.identity = 'session';
SET apikey.user_id = 'user 1';
SELECT apikey.reveal_key('key 1');
SELECT apikey.update_key('key 1', new_name => 'renamed');
SELECT apikey.update_key('key 1', new_value => 'another-value-of-no-use') IS NOT NULL AS updated;
SELECT apikey.reveal_key('key 1');
SET apikey.user_id = 'user 9';
SELECT apikey.set_key('key 2', 'custom', 'one-more-value-of-no-use') IS NOT NULL AS updated;
SELECT apikey.reveal_key('key 2');
SELECT * FROM apikey.verify_keys();

-- Retiring a data key.
\set VERBOSITY default
SELECT id AS active FROM apikey.key_status WHERE state = 'active' \gset
SELECT outcome(format('SELECT apikey.retire_data_key(%L)', :'active'));
SELECT outcome('SELECT apikey.retire_data_key(gen_random_uuid())');
SELECT outcome('SELECT apikey.retire_data_key(NULL)');
SELECT apikey.rotate_data_key() IS NOT NULL AS rotated;
SELECT outcome(format('SELECT apikey.retire_data_key(%L)', :'active'));
SELECT outcome(format('SELECT apikey.retire_data_key(%L, true)', :'active'));
CALL apikey.reencrypt_keys();
SELECT apikey.retire_data_key(:'active') = :'active' AS retired;
SELECT outcome(format('SELECT apikey.retire_data_key(%L)', :'active'));
SELECT state, purpose, rows, master_key FROM apikey.key_status WHERE id = :'active';
SELECT wrapped_key, destroyed_at IS NOT NULL AS destroyed FROM apikey.data_keys WHERE id = :'active';
-- All the others as well; values can still be decrypted, and the data keys that
-- they need remain.
SELECT count(apikey.retire_data_key(id)) > 0 AS retired FROM apikey.key_status WHERE state = 'inactive';
SELECT state, sum(rows) FROM apikey.key_status GROUP BY state ORDER BY state;
SELECT * FROM apikey.verify_keys();
SELECT name FROM apikey.find_keys('another-value-of-no-use');
-- A rollback undoes it.
SELECT apikey.rotate_data_key() IS NOT NULL AS rotated;
SELECT apikey.create_key_for('user 3', 'after', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
CALL apikey.reencrypt_keys();
BEGIN;
SELECT count(apikey.retire_data_key(id)) FROM apikey.key_status WHERE state = 'inactive';
ROLLBACK;
SELECT state, count(*) FILTER (WHERE master_key IS NOT NULL) AS wrapped FROM apikey.key_status GROUP BY state ORDER BY state;
-- A value encrypted with a destroyed data key (such as a row from a backup): the
-- error says so.
CREATE TABLE old_row AS SELECT * FROM apikey.api_keys WHERE name = 'after';
SELECT apikey.rotate_data_key() IS NOT NULL AS rotated;
CALL apikey.reencrypt_keys();
SELECT count(apikey.retire_data_key(id)) FROM apikey.key_status WHERE state = 'inactive';
UPDATE apikey.api_keys SET encrypted_value = (SELECT encrypted_value FROM old_row) WHERE name = 'after';
SET apikey.user_id = 'user 3';
SELECT outcome($$SELECT apikey.reveal_key('after')$$);
SELECT apikey.update_key('after', new_value => 'a-third-value-of-no-use') IS NOT NULL AS updated;
SELECT apikey.reveal_key('after');

-- A damaged data key affects neither a new one nor values encrypted with others,
-- and can be retired when no value needs it.
UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 40, 255 - get_byte(wrapped_key, 40))
	WHERE id = (SELECT id FROM apikey.key_status WHERE state = 'active' AND purpose = 'value');
SELECT outcome($$SELECT apikey.create_key('later', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY')$$);
SELECT apikey.rotate_data_key() IS NOT NULL AS rotated;
SELECT apikey.create_key('later', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
SELECT apikey.reveal_key('later');
SELECT outcome($$SELECT apikey.find_keys('a-value-of-no-use')$$);
SELECT count(*) AS damaged FROM apikey.verify_keys();
DELETE FROM apikey.api_keys k USING apikey.verify_keys() v WHERE k.user_id = v.user_id AND k.id = v.id;
SELECT count(apikey.retire_data_key(id)) AS retired FROM apikey.key_status WHERE purpose = 'value' AND state = 'inactive';
SELECT name FROM apikey.find_keys('a-value-of-no-use');
SELECT * FROM apikey.verify_keys();

-- Purpose "column": the extension cannot see where it is used.
SELECT apikey.rotate_data_key('column') AS first \gset
CREATE TABLE secrets AS SELECT apikey.encrypt('a secret', 'here') AS v;
SELECT outcome(format('SELECT apikey.retire_data_key(%L, true)', :'first'));
SELECT apikey.rotate_data_key('column') IS NOT NULL AS rotated;
SELECT outcome(format('SELECT apikey.retire_data_key(%L)', :'first'));
SELECT apikey.decrypt(v, 'here') FROM secrets;
SELECT apikey.retire_data_key(:'first', force => true) = :'first' AS retired;
SELECT outcome('SELECT apikey.decrypt(v, ''here'') FROM secrets');

-- The master key: all data keys are already wrapped with the current one.
SELECT apikey.rewrap_data_keys();
SELECT value, severity FROM apikey.status() WHERE item = 'older master keys';
-- A damaged wrapped key stops it, and the error names the data key.
BEGIN;
UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 40, 255 - get_byte(wrapped_key, 40)) WHERE purpose = 'column' AND wrapped_key IS NOT NULL;
SELECT outcome('SELECT apikey.rewrap_data_keys()');
ROLLBACK;
BEGIN;
UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 3, 255 - get_byte(wrapped_key, 3)) WHERE purpose = 'column' AND wrapped_key IS NOT NULL;
SELECT regexp_replace(outcome('SELECT apikey.rewrap_data_keys()'), '[0-9a-f]{16}', 'F', 'g');
ROLLBACK;

-- So does one that was damaged without an invalidation message, for example by a
-- disk, although this session has the key in its cache.
BEGIN;
ALTER TABLE apikey.data_keys DISABLE TRIGGER USER;
SELECT count(*) FROM apikey.find_keys('a-value-of-no-use');
UPDATE apikey.data_keys SET wrapped_key = '\x00' WHERE wrapped_key IS NOT NULL;
SELECT outcome('SELECT apikey.rewrap_data_keys()');
ROLLBACK;

-- Clean up.
\c contrib_regression
SET client_min_messages = error;
DROP DATABASE regression_apikey_rotation;
DROP ROLE regress_apikey_rotation_admin, regress_apikey_rotation_monitor, regress_apikey_rotation_user;
