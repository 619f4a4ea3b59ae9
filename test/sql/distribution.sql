-- A server that is a part of a distributed database: settings, and what status() says.
-- test/t/185_distribution.pl has two servers.
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SELECT current_database() AS db \gset
CREATE DATABASE regress_apikey_d TEMPLATE template0 ENCODING 'UTF8';
\c regress_apikey_d
SET client_min_messages = error;
CREATE EXTENSION apikey;
SET client_min_messages = notice;
CREATE ROLE regress_apikey_d LOGIN;
GRANT apikey_reveal TO regress_apikey_d;
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n  ', SQLSTATE || ': ' || message, nullif(detail, ''), nullif(hint, ''));
END $$;

-- Where data keys are not created, nothing makes one, of either purpose.
SELECT count(*) FROM apikey.status() WHERE item IN ('new data keys', 'distribution');
SET apikey.create_data_keys = off;
SELECT outcome($$SELECT apikey.create_key_for('alice', 'one', 'custom', 'a_value_of_no_use')$$);
SELECT outcome('SELECT apikey.rotate_data_key()');
SELECT outcome($$SELECT apikey.encrypt('text', 'here')$$);
SELECT count(*) FROM apikey.data_keys;
SELECT value, severity, advice IS NULL FROM apikey.status() WHERE item = 'new data keys';
-- Only superusers decide that.
SET ROLE regress_apikey_d;
SELECT outcome('SET apikey.create_data_keys = on'), outcome('SET apikey.distributed = on');
RESET ROLE;
-- With a data key, everything else works; a second one is not made.
SET apikey.create_data_keys = on;
SELECT outcome($$SELECT apikey.create_key_for('alice', 'one', 'custom', 'a_value_of_no_use')$$);
SET apikey.create_data_keys = off;
SELECT outcome($$SELECT apikey.create_key_for('alice', 'two', 'custom', 'another_value')$$);
SELECT outcome('SELECT apikey.rotate_data_key()');
SELECT count(*) FROM apikey.data_keys;
RESET apikey.create_data_keys;

-- A disabled key has the time of the transaction, and keeps it.
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT count(apikey.disable_key('one'));
SELECT disabled_at = now(), updated_at = now(), disabled_reason FROM apikey.api_keys WHERE name = 'one';
COMMIT;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT count(apikey.disable_key('one', 'leaked'));
SELECT disabled_at < now(), updated_at = now(), disabled_reason FROM apikey.api_keys WHERE name = 'one';
COMMIT;

-- Internal roles that can log in, and the policy for the owner, are faults, unless the
-- database is distributed; other attributes, roles and policies are faults even then.
CREATE VIEW report AS SELECT item, regexp_replace(value, '; members: .*', '') AS value, severity FROM apikey.status()
	WHERE item IN ('distribution', 'row-level security') OR item IN ('internal role', 'role') AND severity <> 'ok';
BEGIN;
ALTER ROLE apikey_owner LOGIN;
ALTER ROLE apikey_maintenance LOGIN;
CREATE POLICY owner_all ON apikey.api_keys TO apikey_owner USING (true) WITH CHECK (true);
SELECT * FROM report;
SET LOCAL apikey.distributed = on;
SELECT * FROM report;
ALTER ROLE apikey_owner CREATEROLE;
ALTER ROLE apikey_user LOGIN;
ALTER POLICY owner_all ON apikey.api_keys TO PUBLIC;
SELECT * FROM report;
ALTER POLICY owner_all ON apikey.api_keys TO apikey_owner;
CREATE POLICY another ON apikey.api_keys TO apikey_owner USING (true);
SELECT item, value FROM report WHERE item = 'row-level security';
ROLLBACK;
SELECT * FROM report;
DROP VIEW report;

-- The same when the extension is created, as a restore does.
BEGIN;
SET LOCAL apikey.allow_drop = on;
DROP EXTENSION apikey CASCADE;
ALTER ROLE apikey_owner LOGIN;
ALTER ROLE apikey_maintenance LOGIN;
SAVEPOINT s;
SET LOCAL client_min_messages = error;
SELECT split_part(outcome('CREATE EXTENSION apikey'), E'\n', 2);
SET LOCAL apikey.distributed = on;
SELECT outcome('CREATE EXTENSION apikey');
ROLLBACK TO s;
ALTER ROLE apikey_owner SUPERUSER;
SELECT split_part(outcome('CREATE EXTENSION apikey'), E'\n', 2);
ROLLBACK;

DROP OWNED BY regress_apikey_d;
DROP ROLE regress_apikey_d;
SET apikey.allow_drop = on;
DROP EXTENSION apikey CASCADE;
\c :db
DROP DATABASE regress_apikey_d;
