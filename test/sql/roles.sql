-- Roles belong to the whole cluster, so they may exist before the extension is
-- created.  It is not created if someone could become one of the internal roles, or
-- if any of the others has an attribute.
-- Changes made here to the cluster are rolled back.
CREATE ROLE regress_apikey_creator CREATEROLE;
CREATE DATABASE regress_apikey_x TEMPLATE template0;
SELECT current_database() AS db \gset
\c regress_apikey_x
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET client_min_messages = error;

-- What happens to CREATE EXTENSION, and again after the statements of the hint
-- have been run.
CREATE FUNCTION attempt() RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text;
BEGIN
	CREATE EXTENSION apikey;
	RETURN 'created';
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	EXECUTE substring(hint FROM '^Run (.*); then run CREATE EXTENSION again\.$');
	CREATE EXTENSION apikey;
	RETURN concat_ws(E'\n  ', message, detail, replace(hint, quote_ident(current_user), '(me)'), 'created');
END $$;

-- Each attribute.
BEGIN; ALTER ROLE apikey_owner LOGIN; SELECT attempt(); ROLLBACK;
BEGIN; ALTER ROLE apikey_owner SUPERUSER; SELECT attempt(); ROLLBACK;
BEGIN; ALTER ROLE apikey_owner CREATEROLE; SELECT attempt(); ROLLBACK;
BEGIN; ALTER ROLE apikey_owner CREATEDB; SELECT attempt(); ROLLBACK;
BEGIN; ALTER ROLE apikey_owner REPLICATION; SELECT attempt(); ROLLBACK;
BEGIN; ALTER ROLE apikey_owner BYPASSRLS; SELECT attempt(); ROLLBACK;
BEGIN; ALTER ROLE apikey_maintenance LOGIN BYPASSRLS; SELECT attempt(); ROLLBACK;
BEGIN; ALTER ROLE apikey_reveal LOGIN PASSWORD 'x'; SELECT attempt(); ROLLBACK;
BEGIN; ALTER ROLE apikey_user SUPERUSER BYPASSRLS; SELECT attempt(); ROLLBACK;
BEGIN; ALTER ROLE apikey_admin CREATEROLE CREATEDB; SELECT attempt(); ROLLBACK;
BEGIN; ALTER ROLE apikey_monitor REPLICATION; SELECT attempt(); ROLLBACK;
-- Members, and memberships.
BEGIN; GRANT apikey_owner TO regress_apikey_nobody, apikey_user; SELECT attempt(); ROLLBACK;
BEGIN; GRANT apikey_maintenance TO regress_apikey_nobody WITH ADMIN OPTION; SELECT attempt(); ROLLBACK;
BEGIN; GRANT regress_apikey_nobody TO apikey_owner; SELECT attempt(); ROLLBACK;
BEGIN; GRANT apikey_admin TO apikey_maintenance; ALTER ROLE apikey_maintenance LOGIN; SELECT attempt(); ROLLBACK;
-- The roles that are granted may have members.  A membership of their own, which
-- all members inherit, is reported.  (With client_min_messages = error there is no
-- message.)
SET check_function_bodies = off;
CREATE FUNCTION report() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' | ', value, severity, replace(advice, quote_ident(current_user), '(me)'))
		FROM apikey.status() WHERE item = 'role' AND value ~ 'apikey_user' $$;
BEGIN;
ALTER ROLE apikey_user RENAME TO regress_apikey_3;
CREATE ROLE apikey_user;
GRANT pg_read_all_data TO apikey_user;
GRANT regress_apikey_nobody TO apikey_user;
GRANT apikey_user TO regress_apikey_creator;
CREATE EXTENSION apikey;
SELECT report();
REVOKE regress_apikey_nobody, pg_read_all_data FROM apikey_user;
SELECT report();
ROLLBACK;
-- Created by someone who may create roles.
BEGIN;
ALTER ROLE apikey_owner RENAME TO regress_apikey_owner;
SET LOCAL ROLE regress_apikey_creator;
CREATE ROLE apikey_owner LOGIN;
RESET ROLE;
\set VERBOSITY sqlstate
CREATE EXTENSION apikey;
ROLLBACK;
BEGIN;
ALTER ROLE apikey_owner RENAME TO regress_apikey_owner;
SET LOCAL ROLE regress_apikey_creator;
CREATE ROLE apikey_owner ROLE regress_apikey_creator;
RESET ROLE;
CREATE EXTENSION apikey;
ROLLBACK;
\set VERBOSITY default

-- INHERIT does not matter, nor do a connection limit and settings.
BEGIN;
ALTER ROLE apikey_owner NOINHERIT CONNECTION LIMIT 3 VALID UNTIL 'infinity';
ALTER ROLE apikey_maintenance SET work_mem = '8MB';
CREATE EXTENSION apikey;
SELECT count(*) FROM pg_extension WHERE extname = 'apikey';
ROLLBACK;

-- Roles that do not exist are created, and nobody can log in as any of them.
BEGIN;
ALTER ROLE apikey_owner RENAME TO regress_apikey_1;
ALTER ROLE apikey_maintenance RENAME TO regress_apikey_2;
ALTER ROLE apikey_user RENAME TO regress_apikey_3;
ALTER ROLE apikey_reveal RENAME TO regress_apikey_4;
ALTER ROLE apikey_admin RENAME TO regress_apikey_5;
ALTER ROLE apikey_monitor RENAME TO regress_apikey_6;
CREATE EXTENSION apikey;
SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolpassword,
		(SELECT count(*) FROM pg_auth_members WHERE roleid = r.oid OR member = r.oid) AS memberships
	FROM pg_authid r WHERE rolname LIKE 'apikey\_%' ORDER BY 1;
SELECT rolname, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname LIKE 'apikey\_%' ORDER BY 1;
ROLLBACK;

-- A notice names existing members of the four public roles, since they receive
-- the privileges granted here.  (With client_min_messages = error there is none.)
BEGIN;
ALTER ROLE apikey_user RENAME TO regress_apikey_3;
ALTER ROLE apikey_reveal RENAME TO regress_apikey_4;
ALTER ROLE apikey_admin RENAME TO regress_apikey_5;
ALTER ROLE apikey_monitor RENAME TO regress_apikey_6;
CREATE ROLE apikey_reveal;
CREATE ROLE apikey_user IN ROLE regress_apikey_nobody;
CREATE ROLE "regress_apikey_Odd one" IN ROLE apikey_reveal;
CREATE ROLE regress_apikey_other IN ROLE apikey_reveal;
SET LOCAL client_min_messages = notice;
\set VERBOSITY terse
CREATE EXTENSION apikey;
\set VERBOSITY default
ROLLBACK;

-- An ordinary role cannot install the extension, not even the database's owner.
GRANT CREATE ON DATABASE regress_apikey_x TO regress_apikey_nobody;
SET ROLE regress_apikey_nobody;
\set VERBOSITY sqlstate
CREATE EXTENSION apikey;
RESET ROLE;
ALTER DATABASE regress_apikey_x OWNER TO regress_apikey_creator;
SET ROLE regress_apikey_creator;
CREATE EXTENSION apikey;
\set VERBOSITY default
RESET ROLE;

-- Privileges granted by the installing superuser's default privileges are revoked.
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC, regress_apikey_nobody, apikey_user;
ALTER DEFAULT PRIVILEGES GRANT ALL ON ROUTINES TO regress_apikey_nobody, apikey_user;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC, regress_apikey_nobody;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO regress_apikey_nobody;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
CREATE EXTENSION apikey;
SELECT has_schema_privilege('regress_apikey_nobody', 'apikey', 'USAGE'), has_schema_privilege('regress_apikey_nobody', 'apikey', 'CREATE');
SELECT oid::regclass FROM pg_class WHERE relnamespace = 'apikey'::regnamespace AND relkind IN ('r', 'v')
	AND (has_table_privilege('regress_apikey_nobody', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
		OR has_table_privilege('apikey_user', oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'))
	ORDER BY oid::regclass::text;
SELECT oid::regclass FROM pg_class WHERE relnamespace = 'apikey'::regnamespace AND relkind IN ('r', 'v') AND has_table_privilege('apikey_user', oid, 'SELECT') ORDER BY oid::regclass::text;
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'apikey'::regnamespace AND EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 'regress_apikey_nobody'::regrole);
SELECT has_function_privilege('apikey_user', 'apikey.reveal_key(text)', 'EXECUTE'), has_function_privilege('apikey_user', 'apikey.create_key(text, text, text, timestamptz, jsonb, text, boolean)', 'EXECUTE');
-- What PUBLIC may execute does not depend on the default privileges.
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'apikey'::regnamespace AND has_function_privilege('regress_apikey_nobody', oid, 'EXECUTE') ORDER BY oid::regprocedure::text COLLATE "C";
BEGIN;
SET LOCAL ROLE regress_apikey_worker;
SELECT apikey.set_user_id('alice');
SELECT apikey.create_key('one', 'custom', 'a_value_of_no_use') IS NULL;
SELECT name, apikey.reveal_key(name) FROM apikey.keys;
ROLLBACK;
DROP EXTENSION apikey;
\c :db
DROP DATABASE regress_apikey_x;
DROP ROLE regress_apikey_creator;
SELECT rolname FROM pg_roles WHERE rolname LIKE 'apikey\_%' ORDER BY 1;
