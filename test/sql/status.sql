-- status(): the output when all is in order, and for each possible problem.
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '(null)'
SET client_min_messages = warning;
-- A separate database, which contains nothing but this test.
CREATE DATABASE regression_apikey_status TEMPLATE template0;
\c regression_apikey_status
SET client_min_messages = warning;
CREATE ROLE regress_apikey_status_monitor IN ROLE apikey_monitor;
CREATE ROLE regress_apikey_status_admin IN ROLE apikey_admin, pg_read_all_settings;
CREATE ROLE regress_apikey_status_user IN ROLE apikey_user, apikey_reveal;
SET client_min_messages = error;
CREATE EXTENSION apikey;
RESET client_min_messages;
-- A new installation; what depends on this server's setup is masked.
SELECT item, CASE item WHEN 'master key fingerprint' THEN regexp_replace(value, '[0-9a-f]{16}', 'F', 'g')
		WHEN 'version' THEN 'V' WHEN 'master key source' THEN 'S'
		-- without the members, which may be any roles of this cluster
		WHEN 'role' THEN split_part(value, ';', 1) ELSE value END AS value, severity, advice
	FROM apikey.status() WHERE item NOT IN ('preload', 'metrics', 'redaction');
SELECT count(*) AS preload, bool_and((value = 'on') = (severity = 'ok') AND (severity = 'ok') = (advice IS NULL)) AS fits
	FROM apikey.status() WHERE item IN ('preload', 'redaction');
SELECT count(*) FROM apikey.status() s, apikey.metrics m WHERE s.item = 'metrics' AND m.name = 'apikey_metrics_shared' AND s.value = CASE m.value WHEN 1 THEN 'of the server' ELSE 'of this session' END;
-- Every row has one of three severities, and advice if and only if it is not ok.
SELECT count(*) FROM apikey.status()
	WHERE item IS NULL OR value IS NULL OR severity NOT IN ('ok', 'warning', 'error') OR (severity = 'ok') <> (advice IS NULL);

-- Who may call it, and who sees the source of the master key.
SET ROLE regress_apikey_status_user;
SELECT count(*) FROM apikey.status();
SELECT count(*) FROM apikey.catalog_status();
SET ROLE regress_apikey_status_admin;
SELECT value = current_setting('apikey.master_key_source') AS whole FROM apikey.status() WHERE item = 'master key source';
SELECT count(*) FROM apikey.catalog_status();
SET ROLE regress_apikey_status_monitor;
SELECT value FROM apikey.status() WHERE item = 'master key source' AND value ~ '^(env|file|command)$' IS FALSE;
RESET ROLE;

-- Rows are counted by state.
SELECT apikey.create_key_for('u', 'k' || i, 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY',
		expires_at => CASE WHEN i = 4 THEN timestamptz '2001-01-02' END,
		created_at => CASE WHEN i = 4 THEN timestamptz '2001-01-01' END) IS NOT NULL AS created
	FROM generate_series(1, 5) i;
SELECT apikey.disable_key_for(user_id, id) IS NOT NULL AS disabled FROM apikey.all_keys WHERE name = 'k1';
SELECT apikey.delete_key_for(user_id, id) IS NOT NULL AS deleted FROM apikey.all_keys WHERE name IN ('k2', 'k3');
SET ROLE regress_apikey_status_monitor;
SELECT * FROM apikey.status() WHERE item IN ('keys', 'data keys for values', 'data keys for columns');
RESET ROLE;
SELECT apikey.rotate_data_key('column') IS NOT NULL AS rotated;
SELECT * FROM apikey.status() WHERE item = 'data keys for columns';

-- Settings of the session.
SET apikey.identity = 'session';
SET apikey.strict_checks = on;
SET apikey.usage_interval = -1;
SELECT * FROM apikey.status() WHERE item IN ('identity', 'strict checks', 'last use');
RESET apikey.usage_interval;
SET apikey.identity = 'claims';
SELECT * FROM apikey.status() WHERE item = 'identity';
RESET apikey.identity;
RESET apikey.strict_checks;

-- Safeguards disabled, and objects or privileges added.
CREATE VIEW bad AS SELECT item, value, severity, advice FROM apikey.status() WHERE severity = 'error';
BEGIN;
ALTER TABLE apikey.api_keys DISABLE ROW LEVEL SECURITY;
SELECT * FROM bad;
ROLLBACK;
BEGIN;
ALTER TABLE apikey.key_usage DISABLE ROW LEVEL SECURITY;
SELECT item, value FROM bad;
ROLLBACK;
BEGIN;
DROP POLICY own_keys ON apikey.key_usage;
ALTER TABLE apikey.api_keys NO FORCE ROW LEVEL SECURITY;
SELECT item, value, substring(advice FROM 'on (.*), and make') FROM bad;
ROLLBACK;
BEGIN;
ALTER TABLE apikey.api_keys NO FORCE ROW LEVEL SECURITY;
SELECT item, value FROM bad;
ROLLBACK;
BEGIN;
CREATE POLICY more ON apikey.api_keys USING (true);
SELECT item, value FROM bad;
ROLLBACK;
BEGIN;
ALTER POLICY maintenance ON apikey.api_keys TO PUBLIC;
SELECT item, value FROM bad;
ROLLBACK;
BEGIN;
ALTER EVENT TRIGGER apikey_drop_guard DISABLE;
SELECT * FROM bad;
ROLLBACK;
BEGIN;
ALTER EVENT TRIGGER apikey_drop_guard ENABLE REPLICA;
SELECT item, value FROM bad;
ROLLBACK;
BEGIN;
ALTER TABLE apikey.data_keys DISABLE TRIGGER ALL;
ALTER TABLE apikey.custom_key_types ENABLE TRIGGER ALL;
SELECT * FROM bad;
ROLLBACK;
BEGIN;
ALTER ROLE apikey_owner LOGIN;
GRANT apikey_maintenance TO regress_apikey_status_user;
SELECT item, value, severity, replace(advice, quote_ident(current_user), '(me)') AS advice FROM bad;
ROLLBACK;
BEGIN;
ALTER ROLE apikey_maintenance CREATEROLE BYPASSRLS CREATEDB REPLICATION SUPERUSER;
GRANT regress_apikey_status_user TO apikey_owner;
SELECT item, value FROM bad;
ROLLBACK;
-- The roles that are granted: attributes and names.
BEGIN;
ALTER ROLE apikey_reveal LOGIN SUPERUSER;
ALTER ROLE apikey_monitor RENAME TO regress_apikey_status_renamed;
SELECT item, split_part(value, ';', 1) AS value, severity, advice FROM apikey.status() WHERE item = 'role' AND severity <> 'ok';
ROLLBACK;
-- Names of the extension that were changed: what the report then has.
BEGIN;
ALTER ROLE apikey_owner RENAME TO "regress_apikey_status O";
SELECT item, value, severity, advice FROM apikey.status() WHERE severity = 'error';
SELECT count(*) > 2 AS more FROM apikey.status();
SELECT count(*) FROM apikey.key_types WHERE key_type = 'openai';
ALTER ROLE apikey_maintenance RENAME TO regress_apikey_status_m;
SELECT item, value, advice FROM apikey.status() WHERE severity = 'error';
ROLLBACK;
BEGIN;
ALTER SCHEMA apikey RENAME TO "Elsewhere";
SELECT item, value, severity, advice FROM "Elsewhere".status() WHERE severity = 'error';
ALTER SCHEMA "Elsewhere" RENAME TO apikey;
SELECT count(*) FROM bad;
ROLLBACK;

-- Functions of others on the extension's tables, which only a superuser can attach;
-- not those of a superuser, and not in views that read the extension's.
BEGIN;
CREATE FUNCTION mine(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE FUNCTION trusted(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
ALTER FUNCTION mine(text) OWNER TO regress_apikey_status_user;
ALTER FUNCTION mine() OWNER TO regress_apikey_status_user;
CREATE INDEX trusted ON apikey.api_keys (id) WHERE trusted(name);
CREATE VIEW of_others AS SELECT FROM apikey.all_keys WHERE mine(name);
SELECT value, severity FROM apikey.status() WHERE item = 'functions of others';
ROLLBACK;
BEGIN;
CREATE FUNCTION mine(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
ALTER FUNCTION mine(text) OWNER TO regress_apikey_status_user;
ALTER FUNCTION mine() OWNER TO regress_apikey_status_user;
CREATE INDEX expression ON apikey.api_keys (mine(name));
CREATE INDEX predicate ON apikey.builtin_key_types (key_type) WHERE mine(label);
CREATE TRIGGER mine BEFORE INSERT ON apikey.data_keys FOR EACH ROW EXECUTE FUNCTION mine();
CREATE POLICY mine ON apikey.api_keys USING (mine(name));
CREATE RULE mine AS ON INSERT TO apikey.custom_key_types DO ALSO SELECT mine('x');
ALTER TABLE apikey.user_links ADD CONSTRAINT mine CHECK (mine(prefix)), ALTER on_delete SET DEFAULT mine('x')::text;
SELECT * FROM apikey.status() WHERE item = 'functions of others';
ROLLBACK;

-- Privileges of the internal roles, and objects: nothing of it keeps the rest of the
-- report from being made, and the statements in the advice give back everything.
BEGIN;
REVOKE SELECT, DELETE ON apikey.api_keys, apikey.data_keys, apikey.all_keys FROM apikey_maintenance;
REVOKE UPDATE (fingerprint) ON apikey.api_keys FROM apikey_maintenance;
REVOKE ALL ON FUNCTION apikey.catalog_status() FROM apikey_maintenance;
REVOKE ALL ON SCHEMA apikey FROM apikey_maintenance;
SELECT * FROM bad;
SELECT count(*) > 3 AS more FROM apikey.status();
SELECT substring(advice FROM 'Run (.*)\.$') AS statements FROM bad WHERE item LIKE 'privileges%' \gset
:statements;
SELECT count(*) FROM bad;
ROLLBACK;
BEGIN;
REVOKE ALL ON FUNCTION apikey.catalog_status() FROM apikey_maintenance;
SELECT * FROM bad;
ROLLBACK;
BEGIN;
REVOKE ALL ON SCHEMA apikey FROM apikey_owner;
SELECT DISTINCT value FROM bad;
ROLLBACK;
BEGIN;
ALTER TABLE apikey.api_keys RENAME TO other;
ALTER ROLE apikey_owner RENAME TO regress_apikey_status_o;
SELECT item, advice FROM bad;
ROLLBACK;

-- An event trigger that enables row-level security on each new table: not on
-- those of the extension.  Later changes are reported.
CREATE FUNCTION enable_row_security() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
	FOR c IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'CREATE TABLE'
	LOOP
		EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', c.object_identity);
	END LOOP;
END $$;
BEGIN;
CREATE EVENT TRIGGER enable_row_security ON ddl_command_end EXECUTE FUNCTION enable_row_security();
DROP VIEW bad;
SET LOCAL apikey.allow_drop = on;
DROP EXTENSION apikey;
SET LOCAL client_min_messages = error;
CREATE EXTENSION apikey;
SET LOCAL client_min_messages = warning;
CREATE TABLE other ();
SELECT oid::regclass, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind = 'r' AND relrowsecurity ORDER BY relname;
SET LOCAL ROLE regress_apikey_status_admin;
INSERT INTO apikey.custom_key_types (key_type, label, env_vars) VALUES ('mine', 'Mine', '{MY_KEY}');
SELECT count(*) FROM apikey.custom_key_types;
RESET ROLE;
ALTER TABLE apikey.custom_key_types ENABLE ROW LEVEL SECURITY;
ALTER TABLE apikey.data_keys ENABLE ROW LEVEL SECURITY;
SELECT * FROM apikey.status() WHERE item LIKE 'row-level%';
ROLLBACK;
UPDATE pg_extension SET extversion = '0.1' WHERE extname = 'apikey';
SELECT item, regexp_replace(value, '^library [^,]*', 'library V') AS value, advice FROM bad;
SELECT default_version AS version FROM pg_available_extensions WHERE name = 'apikey' \gset
UPDATE pg_extension SET extversion = :'version' WHERE extname = 'apikey';
SELECT count(*) FROM bad;

-- Linked tables.
CREATE TABLE people (id int8 PRIMARY KEY);
CREATE TABLE orgs (id text PRIMARY KEY);
INSERT INTO orgs VALUES ('x');
SELECT apikey.link_users('orgs', 'id', 'soft_delete', 'org:');
SELECT apikey.purge_user('u');
SELECT apikey.link_users('people', 'id');
SELECT * FROM apikey.status() WHERE item = 'linked users';
BEGIN;
ALTER TABLE people DISABLE TRIGGER apikey_users_delete;
SELECT item, value, severity, regexp_replace(advice, '\d+', 'N') AS advice FROM bad;
ROLLBACK;
BEGIN;
ALTER TABLE orgs ENABLE ALWAYS TRIGGER apikey_users_delete;
DROP TRIGGER apikey_users_truncate ON people;
SELECT item, value FROM bad;
ROLLBACK;
BEGIN;
ALTER TABLE people DROP CONSTRAINT people_pkey;
SELECT item, value, severity, regexp_replace(advice, '\d+', 'N') AS advice FROM bad;
ROLLBACK;
BEGIN;
DROP TABLE people;
ALTER TABLE orgs RENAME id TO name;
SELECT item, regexp_replace(value, '\d+', 'N') AS value, severity, regexp_replace(advice, '\d+', 'N') AS advice FROM bad;
ROLLBACK;
SELECT count(*) FROM bad;

-- A data key that cannot be unwrapped: an error if none can, a warning if another
-- can.
UPDATE apikey.data_keys SET wrapped_key = overlay(wrapped_key PLACING '\x0102030405060708' FROM 3) WHERE purpose = 'value';
SELECT item, value, severity, regexp_replace(advice, '[0-9a-f-]{36}', 'ID') AS advice FROM apikey.status() WHERE item = 'data keys for values';
SELECT apikey.rotate_data_key('column') IS NOT NULL AS rotated;
UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 60, get_byte(wrapped_key, 60) # 1)
	WHERE id = (SELECT id FROM apikey.data_keys WHERE purpose = 'column' ORDER BY created_at LIMIT 1);
SELECT item, value, severity, regexp_replace(advice, '[0-9a-f-]{36}', 'ID') AS advice FROM apikey.status() WHERE item = 'data keys for columns';

-- Not within a security-restricted operation.
CREATE FUNCTION peek_in() RETURNS text LANGUAGE sql VOLATILE AS 'SELECT string_agg(s.value, '','') FROM apikey.status() s';
CREATE FUNCTION peek(int8) RETURNS int8 LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN length(public.peek_in()); END';
INSERT INTO people VALUES (1);
CREATE INDEX ON people (peek(id));

-- Clean up.
\c contrib_regression
SET client_min_messages = error;
DROP DATABASE regression_apikey_status;
DROP ROLE regress_apikey_status_monitor, regress_apikey_status_admin, regress_apikey_status_user;
