-- The extension cannot be dropped while it holds keys.
\set SHOW_CONTEXT never
\pset format unaligned
SET client_min_messages = warning;
CREATE DATABASE regression_apikey_guard TEMPLATE template0;
\c regression_apikey_guard
SET client_min_messages = warning;
CREATE ROLE regress_apikey_guard_super SUPERUSER;
CREATE ROLE regress_apikey_guard_user;
GRANT CREATE ON DATABASE regression_apikey_guard TO regress_apikey_guard_user;

-- Without the extension nothing is refused.
CREATE SCHEMA somewhere;
DROP SCHEMA somewhere;

-- While empty, it can be dropped.
SET client_min_messages = error;
CREATE EXTENSION apikey;
SET client_min_messages = warning;
DROP EXTENSION apikey;

-- Owned by a role that does not own the database.
SET ROLE regress_apikey_guard_super;
SET client_min_messages = error;
CREATE EXTENSION apikey;
SET client_min_messages = warning;
RESET ROLE;
SELECT apikey.create_key_for('u', 'k', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
DROP EXTENSION apikey;
\echo :SQLSTATE
DROP EXTENSION IF EXISTS apikey CASCADE;
DROP EXTENSION no_such_extension, apikey;
DROP OWNED BY regress_apikey_guard_super;
DROP OWNED BY regress_apikey_guard_user, apikey_owner CASCADE;
SET ROLE regress_apikey_guard_super;
DROP OWNED BY CURRENT_USER CASCADE;
RESET ROLE;
DO 'BEGIN DROP EXTENSION apikey; END';
-- A deleted key can be restored: it counts.
SELECT apikey.delete_key_for(user_id, id) IS NOT NULL AS deleted FROM apikey.all_keys;
DROP EXTENSION apikey;

-- What PostgreSQL itself refuses.
DROP SCHEMA apikey CASCADE;
DROP TABLE apikey.api_keys CASCADE;
DROP TYPE apikey.encrypted CASCADE;
DROP FUNCTION apikey.drop_guard() CASCADE;
DROP EVENT TRIGGER apikey_drop_guard;
\set VERBOSITY sqlstate
DROP OWNED BY apikey_maintenance CASCADE;
DROP ROLE apikey_owner;
\set VERBOSITY default
SET apikey.allow_drop = on;
DROP SCHEMA apikey CASCADE;
RESET apikey.allow_drop;

-- Roles that may not drop it get PostgreSQL's error, do not learn how many keys
-- there are, and may not disable the guard.
\set VERBOSITY terse
SET ROLE regress_apikey_guard_user;
DROP EXTENSION apikey;
DROP OWNED BY apikey_owner;
DROP OWNED BY regress_apikey_guard_super;
SET apikey.allow_drop = on;
\set VERBOSITY default
CREATE SCHEMA mine;
CREATE TABLE mine.t ();
DROP SCHEMA mine CASCADE;
DROP OWNED BY regress_apikey_guard_user;
RESET ROLE;

-- Dropping an extension that apikey depends on drops apikey too, with CASCADE.
BEGIN;
CREATE FUNCTION apikey.one_more() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
ALTER EXTENSION apikey ADD FUNCTION apikey.one_more();
SAVEPOINT s;
DROP EXTENSION plpgsql;
ROLLBACK TO s;
DROP EXTENSION plpgsql CASCADE;
ROLLBACK TO s;
SET LOCAL apikey.allow_drop = on;
DROP EXTENSION plpgsql CASCADE;
SELECT count(*) FROM pg_extension WHERE extname = 'apikey';
ROLLBACK;
-- Without such a dependency apikey stays.
BEGIN;
DROP EXTENSION plpgsql CASCADE;
SELECT count(*) FROM pg_extension WHERE extname = 'apikey';
ROLLBACK;

-- A data key for columns of other tables counts too, an unused one for api_keys
-- does not.
SELECT apikey.purge_user('u');
BEGIN;
DROP EXTENSION apikey;
ROLLBACK;
SELECT apikey.rotate_data_key('column') IS NOT NULL AS rotated;
DROP EXTENSION apikey;

-- The function can only be called by its event trigger.
SELECT apikey.drop_guard();

-- Dropped deliberately.
SET apikey.allow_drop = on;
DROP EXTENSION apikey;
SELECT count(*) FROM pg_namespace WHERE nspname = 'apikey';
SELECT count(*) FROM pg_event_trigger;

-- In sessions that have not used it.
SET client_min_messages = error;
CREATE EXTENSION apikey;
SET client_min_messages = warning;
SELECT apikey.create_key_for('u', 'k', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
\c regression_apikey_guard
DROP EXTENSION apikey;
\c regression_apikey_guard
SET apikey.allow_drop = on;
DROP EXTENSION apikey;

-- Clean up.
\c contrib_regression
SET client_min_messages = error;
DROP DATABASE regression_apikey_guard;
DROP ROLE regress_apikey_guard_super, regress_apikey_guard_user;
