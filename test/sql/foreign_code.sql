-- No code of anybody else runs in a session that holds a value: whatever the owner of
-- a linked users table, or the owner of a schema in the caller's search_path, puts in
-- the way of the functions that take or return one.
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SET client_min_messages = error;
CREATE DATABASE regression_apikey_foreign TEMPLATE template0;
\c regression_apikey_foreign
SET client_min_messages = error;
CREATE EXTENSION apikey;
CREATE ROLE regress_apikey_foreign_app IN ROLE apikey_user, apikey_reveal;
CREATE ROLE regress_apikey_foreign_admin IN ROLE apikey_admin;
CREATE ROLE regress_apikey_foreign_mallory;
GRANT CREATE ON SCHEMA public TO regress_apikey_foreign_mallory;
CREATE SCHEMA evil AUTHORIZATION regress_apikey_foreign_mallory;
-- For the casts; taken back afterwards.
GRANT USAGE ON SCHEMA apikey TO regress_apikey_foreign_mallory;

-- Every trap says that it sprang, in a way that no error and no rollback takes back.
SET ROLE regress_apikey_foreign_mallory;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.sprang(what text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING 'sprang: %', what;
	RETURN true;
END $$;
CREATE FUNCTION evil.trap(what text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN evil.sprang(what); END $$;
CREATE FUNCTION evil.trap(what text, i int8) RETURNS int8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM evil.sprang(what); RETURN i; END $$;
CREATE FUNCTION evil.trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.sprang('trigger ' || TG_NAME); RETURN coalesce(NEW, OLD); END $$;

-- The users table: expressions and predicates of indexes, statistics, row-level
-- security, triggers, constraints, defaults, rules.
CREATE TABLE evil.users (id int8 PRIMARY KEY, email text);
INSERT INTO evil.users VALUES (1, 'a'), (2, 'b'), (3, 'c');
ANALYZE evil.users;
SET client_min_messages = error;
CREATE INDEX ON evil.users (email) WHERE evil.trap('index predicate');
CREATE INDEX ON evil.users (id) WHERE evil.trap('index predicate', 1) = id;
CREATE INDEX ON evil.users (evil.trap('index expression', 1));
CREATE UNIQUE INDEX ON evil.users (id, evil.trap('index expression', id));
CREATE STATISTICS evil.statistics ON (evil.trap('statistics', id)), email FROM evil.users;
ALTER TABLE evil.users ADD CHECK (evil.trap('constraint', id) = id) NOT VALID, ALTER email SET DEFAULT evil.trap('default')::text;
CREATE POLICY own ON evil.users USING (evil.trap('policy')) WITH CHECK (evil.trap('policy'));
ALTER TABLE evil.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE evil.users FORCE ROW LEVEL SECURITY;
CREATE TRIGGER evil BEFORE INSERT OR UPDATE OR DELETE ON evil.users FOR EACH ROW EXECUTE FUNCTION evil.trap();
CREATE TRIGGER evil_statement BEFORE INSERT OR UPDATE OR DELETE ON evil.users EXECUTE FUNCTION evil.trap();
CREATE RULE evil AS ON UPDATE TO evil.users DO ALSO SELECT evil.trap('rule');
GRANT TRIGGER, SELECT ON evil.users TO PUBLIC;

-- A type with casts from and to others, which are implicit.
CREATE TYPE evil.thing AS (t text);
CREATE FUNCTION evil.cast_from(text) RETURNS evil.thing LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM evil.sprang('cast'); RETURN ROW($1)::evil.thing; END $$;
CREATE FUNCTION evil.cast_from(apikey.encrypted) RETURNS evil.thing LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM evil.sprang('cast'); RETURN ROW($1)::evil.thing; END $$;
CREATE FUNCTION evil.cast_to(evil.thing) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM evil.sprang('cast'); RETURN $1.t; END $$;
CREATE CAST (text AS evil.thing) WITH FUNCTION evil.cast_from(text) AS IMPLICIT;
CREATE CAST (apikey.encrypted AS evil.thing) WITH FUNCTION evil.cast_from(apikey.encrypted) AS IMPLICIT;
CREATE CAST (evil.thing AS text) WITH FUNCTION evil.cast_to(evil.thing) AS IMPLICIT;
RESET ROLE;
REVOKE USAGE ON SCHEMA apikey FROM regress_apikey_foreign_mallory;
SET ROLE regress_apikey_foreign_mallory;

-- Operators and functions that hide PostgreSQL's from whoever has the schema first in
-- the search_path.
DO $$
DECLARE
	shadow record;
BEGIN
	FOR shadow IN
		SELECT DISTINCT oprname, oprleft::regtype AS l, oprright::regtype AS r, oprresult::regtype AS result
			FROM pg_operator WHERE oprname IN ('=', '<>', '<', '>', '<=', '>=', '||', '+', '-', '->', '->>', '~', '!~', '@>', '&&')
				AND oprleft::regtype::text = ANY ('{text,name,uuid,oid,bytea,boolean,jsonb,integer,bigint,interval,timestamp with time zone,"\"char\"",anyarray}')
				AND oprresult::regtype::text NOT LIKE 'any%'
	LOOP
		EXECUTE format('CREATE FUNCTION evil.%I(l %s, r %s) RETURNS %s LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN PERFORM evil.sprang(%L); RETURN NULL; END $f$',
			'op ' || shadow.oprname, shadow.l, shadow.r, shadow.result, 'operator ' || shadow.oprname);
		EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.%I)', shadow.oprname, shadow.l, shadow.r, 'op ' || shadow.oprname);
	END LOOP;
	FOR shadow IN
		SELECT proname, pg_get_function_identity_arguments(oid) AS arguments, prorettype::regtype AS result
			FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND NOT proretset AND provariadic = 0
				AND proname IN ('now', 'clock_timestamp', 'starts_with', 'substr', 'substring', 'encode', 'length', 'char_length', 'lower', 'upper',
					'trim', 'btrim', 'replace', 'format', 'coalesce', 'quote_ident', 'gen_random_uuid', 'to_jsonb', 'jsonb_build_object', 'array_length', 'normalize')
				AND prorettype::regtype::text !~ 'any|internal' AND pg_get_function_identity_arguments(oid) !~ 'any|internal|cstring'
	LOOP
		EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN PERFORM evil.sprang(%L); RETURN NULL; END $f$',
			shadow.proname, shadow.arguments, shadow.result, 'function ' || shadow.proname);
	END LOOP;
END $$;
CREATE VIEW evil.pg_trigger AS SELECT * FROM pg_catalog.pg_trigger WHERE evil.trap('view');
CREATE VIEW evil.pg_extension AS SELECT * FROM pg_catalog.pg_extension WHERE evil.trap('view');
CREATE VIEW evil.api_keys AS SELECT evil.trap('view') AS id;
CREATE VIEW evil.data_keys AS SELECT evil.trap('view') AS id;
GRANT SELECT ON ALL TABLES IN SCHEMA evil TO PUBLIC;
RESET ROLE;
SELECT count(*) > 90 AS traps FROM pg_proc WHERE pronamespace = 'evil'::regnamespace;

SET client_min_messages = warning;
SET ROLE regress_apikey_foreign_admin;
SELECT apikey.link_users('evil.users', 'id');
RESET ROLE;

-- Each function in a session of its own, so that nothing is planned or cached before
-- it runs under this search_path.
ALTER DATABASE regression_apikey_foreign SET search_path = evil, pg_catalog, public;
ALTER DATABASE regression_apikey_foreign SET client_min_messages = warning;
\c -
SET ROLE regress_apikey_foreign_app;
BEGIN;
SELECT apikey.set_user_id(1);
SELECT apikey.create_key('one', 'custom', 'a-value-of-no-use', NULL, '{"a": "b"}', 'SOME_KEY') IS NOT NULL;
SELECT apikey.create_key('three', 'custom', 'a-value-of-no-use', env_var => 'OTHER_KEY') IS NOT NULL;
COMMIT;
\c -
SET ROLE regress_apikey_foreign_app;
BEGIN;
SELECT apikey.set_user_id(2::int8);
SELECT apikey.set_key('one', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL;
SELECT apikey.set_key('one', 'custom', 'another-value-of-no-use') IS NOT NULL;
COMMIT;
\c -
SET ROLE regress_apikey_foreign_app;
BEGIN;
SELECT apikey.set_user_id(1);
SELECT apikey.update_key('one', new_value => 'another-value-of-no-use', new_name => 'two') IS NOT NULL;
COMMIT;
\c -
SET ROLE regress_apikey_foreign_app;
BEGIN;
SELECT apikey.set_user_id(1);
SELECT apikey.reveal_key('two');
SELECT apikey.reveal_env();
COMMIT;
\c -
SET ROLE regress_apikey_foreign_app;
BEGIN;
SELECT apikey.set_user_id(1);
SELECT apikey.delete_key('two') IS NOT NULL;
SELECT apikey.restore_key(k.id) IS NOT NULL FROM apikey.deleted_keys k;
SELECT apikey.disable_key('two', 'why') IS NOT NULL;
SELECT apikey.enable_key('two') IS NOT NULL;
COMMIT;
\c -
SET ROLE regress_apikey_foreign_app;
SELECT count(*) FROM apikey.check_key('openai', 'sk-not-a-key');
SELECT count(*) FROM apikey.detect_key_type('sk-not-a-key');
\c -
SET ROLE regress_apikey_foreign_admin;
SELECT apikey.create_key_for('3', 'one', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL;
SELECT apikey.create_key_for('4', 'one', 'custom', 'a-value-of-no-use');
SELECT count(*) FROM apikey.find_keys('a-value-of-no-use');
\c -
SELECT apikey.rotate_data_key('column') IS NOT NULL;
SELECT apikey.decrypt(apikey.encrypt('a value', 'context'), 'context');
\c -
SET ROLE regress_apikey_foreign_admin;
SELECT count(*) IS NOT NULL FROM apikey.status();
SELECT count(*) FROM apikey.verify_keys();
SELECT apikey.unlink_users('evil.users');
SELECT apikey.link_users('evil.users', 'id');
SELECT apikey.create_key_for('3', 'two', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL;
SELECT apikey.move_keys('3', '1', ' of 3');
SELECT apikey.rotate_data_key() IS NOT NULL;
CALL apikey.reencrypt_keys();
SELECT apikey.rewrap_data_keys();
SELECT apikey.abandon_lost_data_keys();
SELECT count(apikey.retire_data_key(d.id)) FROM apikey.key_status d WHERE d.purpose OPERATOR(pg_catalog.=) 'value' AND d.state OPERATOR(pg_catalog.=) 'inactive';
SELECT apikey.purge_user('3');
SELECT apikey.purge_deleted('1 day');
RESET ROLE;

-- A model view in a schema of mallory's: what the owner of the schema can add to it,
-- and what runs when the application writes to it.
CREATE SCHEMA models AUTHORIZATION regress_apikey_foreign_mallory;
GRANT USAGE, CREATE ON SCHEMA models TO regress_apikey_foreign_app;
\c -
SET ROLE regress_apikey_foreign_app;
SELECT apikey.create_model_view('models.keys', 'evil.users');
SET ROLE regress_apikey_foreign_mallory;
\set VERBOSITY sqlstate
CREATE TRIGGER a INSTEAD OF INSERT ON models.keys FOR EACH ROW EXECUTE FUNCTION evil.trap();
CREATE RULE r AS ON INSERT TO models.keys DO ALSO SELECT evil.trap('rule');
CREATE OR REPLACE VIEW models.keys AS SELECT evil.trap('view');
ALTER VIEW models.keys ALTER value SET DEFAULT evil.trap('default')::text;
ALTER FUNCTION apikey.model_view_trigger() RENAME TO other;
\set VERBOSITY default
\c -
SET ROLE regress_apikey_foreign_app;
BEGIN;
SELECT apikey.set_user_id(1);
INSERT INTO models.keys (user_id, name, key_type, value, metadata, env_var) VALUES (1, 'model', 'custom', 'a-value-of-no-use', '{"a": 1}', 'MODEL_KEY') RETURNING user_id, name, value, is_active;
UPDATE models.keys SET value = 'another-value-of-no-use', is_active = true WHERE name OPERATOR(pg_catalog.=) 'model' RETURNING user_id, name, value;
UPDATE models.keys SET is_active = false, disabled_reason = 'why' WHERE name OPERATOR(pg_catalog.=) 'model' RETURNING disabled_reason;
DELETE FROM models.keys WHERE name OPERATOR(pg_catalog.=) 'model';
SELECT apikey.purge_key(k.id) IS NOT NULL FROM apikey.deleted_keys k;
COMMIT;

-- What the owner of a linked table can still change in it.
SET ROLE regress_apikey_foreign_mallory;
SET client_min_messages = error;
CREATE TABLE evil.more (CHECK (evil.trap('child'))) INHERITS (evil.users);
CREATE RULE read AS ON INSERT TO evil.users DO ALSO SELECT evil.trap('rule');
ALTER TABLE evil.users ADD shout text GENERATED ALWAYS AS (evil.trap('generated', id)::text || 'x') STORED;
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE OR DELETE ON evil.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION evil.trap();
\c -
SET ROLE regress_apikey_foreign_app;
BEGIN;
SELECT apikey.set_user_id(1);
SELECT apikey.create_key('later', 'custom', 'a-value-of-no-use') IS NOT NULL;
INSERT INTO models.keys (name, key_type, value) VALUES ('model', 'custom', 'a-value-of-no-use') RETURNING name;
COMMIT;
RESET ROLE;
-- A user is deleted: the traps of the application's own statement spring, of which
-- there is one for each row and one for the statement; nothing of ours adds to them.
SET ROLE regress_apikey_foreign_mallory;
ALTER TABLE evil.users DISABLE ROW LEVEL SECURITY;
\set VERBOSITY terse
SET client_min_messages = error;
DELETE FROM evil.users WHERE id OPERATOR(pg_catalog.=) 2;
SET client_min_messages = warning;
RESET ROLE;
SELECT count(*) FROM apikey.all_keys k WHERE k.user_id OPERATOR(pg_catalog.=) '2';

-- The traps do work.
\c -
SELECT 1 FROM evil.users WHERE id OPERATOR(pg_catalog.=) 1;
SELECT 'a'::text = 'b'::text;
SELECT starts_with('a', 'b');
SELECT ('a'::text)::evil.thing;
SELECT count(*) FROM pg_trigger LIMIT 0;

-- Not even the owner of the database can put code into the way on our own objects, nor
-- create what would run in everybody's session.
ALTER DATABASE regression_apikey_foreign RESET ALL;
ALTER DATABASE regression_apikey_foreign OWNER TO regress_apikey_foreign_mallory;
\c -
CREATE FUNCTION state_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SET ROLE regress_apikey_foreign_mallory;
SELECT state_of(s), s FROM (VALUES
	('CREATE TRIGGER t BEFORE INSERT ON apikey.api_keys FOR EACH ROW EXECUTE FUNCTION evil.trap()'),
	('CREATE TRIGGER t BEFORE INSERT ON apikey.custom_key_types FOR EACH ROW EXECUTE FUNCTION evil.trap()'),
	('CREATE INDEX ON apikey.api_keys (name) WHERE evil.trap(name)'),
	('CREATE POLICY p ON apikey.api_keys USING (evil.trap(name))'),
	('CREATE RULE r AS ON INSERT TO apikey.api_keys DO ALSO SELECT evil.trap(new.name)'),
	('CREATE OR REPLACE VIEW apikey.key_types AS SELECT evil.trap(''x'')'),
	('CREATE STATISTICS evil.s ON (evil.trap(name)) FROM apikey.api_keys'),
	('ALTER TABLE apikey.api_keys ALTER hint SET DEFAULT evil.trap(''x'')::text'),
	('ALTER TABLE apikey.api_keys ADD CHECK (evil.trap(name))'),
	('CREATE TABLE evil.child () INHERITS (apikey.api_keys)'),
	('CREATE FUNCTION apikey.now() RETURNS timestamptz LANGUAGE sql AS ''SELECT pg_catalog.now()'''),
	('CREATE OR REPLACE FUNCTION apikey.current_user_id() RETURNS text LANGUAGE sql AS ''SELECT NULL::text'''),
	('CREATE FUNCTION pg_catalog.now(x int) RETURNS timestamptz LANGUAGE sql AS ''SELECT pg_catalog.now()'''),
	('CREATE CAST (text AS uuid) WITH INOUT AS IMPLICIT'),
	('CREATE OPERATOR CLASS evil.o DEFAULT FOR TYPE text USING btree AS OPERATOR 3 evil.= (text, text)'),
	('CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION apikey.link_guard()'),
	('CREATE FUNCTION evil.conversion(integer, integer, cstring, internal, integer, boolean) RETURNS integer LANGUAGE plpgsql AS ''BEGIN RETURN 1; END'''),
	('CREATE FUNCTION evil.conversion(integer, integer, cstring, internal, integer, boolean) RETURNS integer LANGUAGE sql AS ''SELECT 1'''),
	('ALTER DATABASE regression_apikey_foreign SET apikey.identity = ''session'''),
	('ALTER DATABASE regression_apikey_foreign SET session_preload_libraries = ''x''')) v(s);
RESET ROLE;

-- Clean up.
\c contrib_regression
SET client_min_messages = error;
DROP DATABASE regression_apikey_foreign;
DROP ROLE regress_apikey_foreign_app, regress_apikey_foreign_admin, regress_apikey_foreign_mallory;
