-- No user can reach another user's rows: not through the functions or the views,
-- nor with malicious SQL, nor with privileges granted by mistake.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION state(statement text) RETURNS text LANGUAGE sql AS $$ SELECT left(regress_apikey.outcome(statement), 5) $$;
SELECT count(apikey.create_key_for(u, n, 'custom', secret('v-', 24, u || n), env_var => 'ONE_KEY', id => i::uuid, metadata => jsonb_build_object('of', u)))
	FROM (VALUES ('alice', 'one', '0a000000-0000-4000-8000-000000000001'), ('alice', 'own', '0a000000-0000-4000-8000-000000000002'),
		('alice', 'gone', '0a000000-0000-4000-8000-000000000003'),
		('bob', 'one', '0b000000-0000-4000-8000-000000000001'), ('bob', 'project x', '0b000000-0000-4000-8000-000000000002'),
		('bob', 'bygone', '0b000000-0000-4000-8000-000000000003')) k(u, n, i);
SELECT apikey.delete_key_for('alice', '0a000000-0000-4000-8000-000000000003');
SELECT apikey.delete_key_for('bob', '0b000000-0000-4000-8000-000000000003');
CREATE VIEW after AS SELECT id, user_id, name, encrypted_value::text, hint, fingerprint, metadata, updated_at, disabled_at, deleted_at
	FROM apikey.api_keys WHERE user_id = 'bob';
CREATE TABLE before AS TABLE after;

-- Each function, with another user's key by name and by id, and with a key that
-- does not exist: the answers are identical.
CREATE TABLE attempts (statement text);
GRANT SELECT ON attempts TO PUBLIC;
INSERT INTO attempts VALUES
	('SELECT apikey.reveal_key(%L)'), ('SELECT apikey.reveal_key(%L::uuid)'),
	('SELECT apikey.reveal_env(ARRAY[%L])'), ('SELECT apikey.reveal_env(ARRAY[%L], ARRAY[''openai''])'),
	('SELECT apikey.update_key(%L, new_value => ''a_value_of_no_use'')'), ('SELECT apikey.update_key(%L::uuid, new_value => ''a_value_of_no_use'')'),
	('SELECT apikey.update_key(%L, new_name => ''mine'')'), ('SELECT apikey.update_key(%L::uuid, new_name => ''mine'')'),
	('SELECT apikey.update_key(%L)'), ('SELECT apikey.update_key(%L, new_metadata => ''{"x": 1}'')'),
	('SELECT apikey.disable_key(%L, ''why'')'), ('SELECT apikey.disable_key(%L::uuid)'),
	('SELECT apikey.enable_key(%L)'), ('SELECT apikey.enable_key(%L::uuid)'),
	('SELECT apikey.delete_key(%L)'), ('SELECT apikey.delete_key(%L::uuid)'),
	('SELECT apikey.restore_key(%L)'), ('SELECT apikey.restore_key(%L::uuid, ''mine'')'), ('SELECT apikey.restore_key(%L, ''mine'')'),
	('SELECT apikey.purge_key(%L)'), ('SELECT apikey.purge_key(%L::uuid)');
SET ROLE regress_apikey_worker;
BEGIN;
SELECT apikey.set_user_id('alice');
-- by id: bob's key, bob's deleted key, no key
SELECT left(outcome(format(statement, '0b000000-0000-4000-8000-000000000002')), 5) AS result,
		outcome(format(statement, '0b000000-0000-4000-8000-000000000003'))
			= outcome(format(statement, '0b000000-0000-4000-8000-000000000002')) AS same_deleted,
		outcome(format(statement, '0c000000-0000-4000-8000-00000000000c'))
			= outcome(format(statement, '0b000000-0000-4000-8000-000000000002')) AS same_absent, count(*)
	FROM attempts GROUP BY 1, 2, 3;
-- by name
SELECT left(outcome(format(statement, 'project x')), 5) AS result,
		replace(outcome(format(statement, 'project y')), 'project y', 'project x') = outcome(format(statement, 'project x')) AS same_absent, count(*)
	FROM attempts WHERE statement NOT LIKE '%%::uuid%' AND statement !~ 'restore|purge' GROUP BY 1, 2;
COMMIT;
RESET ROLE;
-- None of it changed bob's keys.
SELECT count(*) FROM (SELECT * FROM before INTERSECT SELECT * FROM after) same;

-- Without an identity: KA007 from every function for users, and empty views.
SET ROLE regress_apikey_worker;
SELECT state(format(statement, '0b000000-0000-4000-8000-000000000002')), count(*) FROM attempts GROUP BY 1;
SELECT state(s) FROM unnest(ARRAY[
	$$SELECT apikey.create_key('x', 'custom', 'a_value_of_no_use')$$, $$SELECT apikey.set_key('one', 'custom', 'a_value_of_no_use')$$,
	$$SELECT apikey.purge_own_keys()$$, $$SELECT apikey.reveal_env()$$, $$SELECT apikey.reveal_env('{}')$$, $$SELECT apikey.reveal_env(key_types => '{custom}')$$]) s;
SELECT state('SELECT count(*) FROM apikey.keys'), state('SELECT count(*) FROM apikey.deleted_keys');
SET apikey.empty_without_identity = on;
SELECT (SELECT count(*) FROM apikey.keys), (SELECT count(*) FROM apikey.deleted_keys);
RESET apikey.empty_without_identity;

-- Names are unique per user: a name that another user has can be used, and reveals
-- nothing.
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT outcome($$SELECT apikey.create_key('project x', 'custom', 'a_value_of_no_use')$$);
SELECT outcome($$SELECT apikey.create_key('bygone', 'custom', 'a_value_of_no_use')$$);
SELECT outcome($$SELECT apikey.set_key('bygone', 'custom', 'a_value_of_no_use')$$);
SELECT outcome($$SELECT apikey.delete_key('project x')$$);
SELECT outcome($$SELECT apikey.update_key('own', new_name => 'project x')$$);
SELECT outcome($$SELECT apikey.create_key('one', 'custom', 'a_value_of_no_use')$$);
SELECT outcome($$SELECT apikey.update_key('project x', new_name => 'one')$$);
-- purge_own_keys() affects only the caller's keys.
SELECT apikey.purge_own_keys();
SELECT apikey.set_user_id('bob');
SELECT name FROM apikey.keys ORDER BY 1;
SELECT name FROM apikey.deleted_keys ORDER BY 1;
SELECT apikey.reveal_key('project x') = secret('v-', 24, 'bobproject x');
ROLLBACK;

-- Malicious SQL.
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT user_id, name FROM apikey.keys WHERE user_id = 'bob' OR true ORDER BY 1, 2;
SELECT count(*) FROM apikey.keys WHERE user_id = 'bob';
SELECT user_id FROM apikey.keys k WHERE EXISTS (SELECT FROM apikey.keys WHERE user_id <> k.user_id) UNION SELECT user_id FROM apikey.deleted_keys;
WITH k AS MATERIALIZED (SELECT * FROM apikey.keys), d AS NOT MATERIALIZED (SELECT * FROM apikey.deleted_keys) SELECT user_id, name FROM k UNION ALL SELECT user_id, name FROM d ORDER BY 1, 2;
SELECT DISTINCT l.user_id FROM apikey.keys k, LATERAL (SELECT * FROM apikey.keys) l;
SELECT count(*) FROM apikey.keys a LEFT JOIN apikey.keys b ON a.user_id <> b.user_id AND b.id IS NOT NULL WHERE b.id IS NOT NULL;
-- The caller's own functions, which would report any data that is not alice's.
CREATE FUNCTION pg_temp.tell(given text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
	IF given !~ '^(alice|one|own|gone|one gone|own gone|custom|v-...[0-9a-f]{4}|\.\.\.[0-9a-f]{4}|{"of": "alice"})$' THEN RAISE NOTICE 'given %', given; END IF;
	RETURN true;
END $$;
SELECT pg_temp.tell('bob');
SELECT count(*) FROM apikey.keys WHERE pg_temp.tell(user_id) AND pg_temp.tell(name) AND pg_temp.tell(hint) AND pg_temp.tell(metadata::text);
SELECT count(*) FROM apikey.deleted_keys WHERE pg_temp.tell(user_id) AND pg_temp.tell(name);
SELECT count(*) FROM apikey.keys k JOIN apikey.deleted_keys d ON pg_temp.tell(k.name || ' ' || d.name);
SELECT count(*) FROM apikey.keys WHERE 1 / (CASE WHEN user_id = 'alice' THEN 1 ELSE 0 END) = 1;
SELECT count(*) FROM apikey.keys WHERE metadata ->> 'of' <> 'alice' AND (metadata ->> 'of')::int > 0;
SELECT user_id FROM apikey.keys GROUP BY user_id HAVING pg_temp.tell(user_id);
COMMIT;

-- The views cannot be written through, and the tables cannot be accessed; locks
-- are only on the caller's rows.
RESET ROLE;
GRANT CREATE ON SCHEMA regress_apikey TO regress_apikey_worker;
SET SESSION AUTHORIZATION regress_apikey_worker;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT s, state(s) FROM unnest(ARRAY[
	$$UPDATE apikey.keys SET name = 'x'$$, $$DELETE FROM apikey.keys$$, $$DELETE FROM apikey.deleted_keys$$, $$INSERT INTO apikey.keys (user_id, name) VALUES ('bob', 'x')$$,
	$$SELECT * FROM apikey.all_keys$$, $$SELECT * FROM apikey.key_status$$,
	$$SELECT * FROM apikey.api_keys$$, $$SELECT count(*) FROM apikey.api_keys$$, $$SELECT ctid FROM apikey.api_keys$$, $$TABLE apikey.data_keys$$,
	$$UPDATE apikey.api_keys SET user_id = 'alice'$$, $$DELETE FROM apikey.api_keys$$, $$TRUNCATE apikey.api_keys$$, $$LOCK TABLE apikey.api_keys$$,
	$$ALTER TABLE apikey.api_keys NO FORCE ROW LEVEL SECURITY$$, $$CREATE POLICY p ON apikey.api_keys USING (true)$$, $$DROP POLICY own_keys ON apikey.api_keys$$,
	$$CREATE TABLE child () INHERITS (apikey.api_keys)$$, $$CREATE TABLE referrer (u text, i uuid, FOREIGN KEY (u, i) REFERENCES apikey.api_keys)$$,
	$$CREATE STATISTICS s ON user_id, name FROM apikey.api_keys$$, $$CREATE INDEX ON apikey.api_keys (name)$$,
	$$CREATE OR REPLACE FUNCTION apikey.current_user_id() RETURNS text LANGUAGE sql RETURN 'bob'$$, $$CREATE FUNCTION apikey.x() RETURNS int LANGUAGE sql RETURN 1$$,
	$$SET ROLE apikey_owner$$, $$SET ROLE apikey_maintenance$$, $$SET ROLE apikey_admin$$, $$GRANT apikey_owner TO regress_apikey_worker$$,
	$$ALTER VIEW apikey.keys OWNER TO regress_apikey_worker$$, $$ALTER EXTENSION apikey DROP TABLE apikey.api_keys$$, $$DROP EXTENSION apikey CASCADE$$]) s;
-- A user's own view of our view shows the same rows, whoever owns it.
CREATE VIEW pg_temp.v1 AS SELECT user_id, name FROM apikey.keys;
CREATE VIEW pg_temp.v2 WITH (security_invoker = true) AS SELECT user_id, name FROM apikey.keys;
SELECT * FROM pg_temp.v1 UNION ALL SELECT * FROM pg_temp.v2 ORDER BY 1, 2;
COPY (SELECT user_id, name FROM apikey.keys ORDER BY name) TO STDOUT;
COPY apikey.api_keys TO STDOUT;
ROLLBACK;
RESET SESSION AUTHORIZATION;
CREATE VIEW superusers AS SELECT user_id, name FROM apikey.keys;
GRANT SELECT ON superusers TO regress_apikey_web;
SET ROLE regress_apikey_web;
BEGIN; SELECT apikey.set_user_id('alice'); SELECT * FROM superusers ORDER BY 1, 2; COMMIT; SET apikey.empty_without_identity = on; SELECT * FROM superusers; RESET apikey.empty_without_identity;
RESET ROLE;
-- Superusers too see only the rows of their identity through the views.
BEGIN; SELECT apikey.set_user_id('bob'); SELECT * FROM superusers ORDER BY 1, 2; COMMIT; SET apikey.empty_without_identity = on; SELECT * FROM superusers; RESET apikey.empty_without_identity;
DROP VIEW superusers;

-- SECURITY DEFINER: another role's privileges, the caller's identity.
CREATE FUNCTION as_worker(name text) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ SELECT apikey.reveal_key(name) = regress_apikey.secret('v-', 24, 'alice' || name) $$;
ALTER FUNCTION as_worker(text) OWNER TO regress_apikey_worker;
SET ROLE regress_apikey_web;
BEGIN;
SELECT outcome($$SELECT as_worker('one')$$);
SELECT apikey.set_user_id('alice');
SELECT as_worker('one'), state($$SELECT apikey.reveal_key('one')$$), outcome($$SELECT as_worker('project x')$$);
COMMIT;
RESET ROLE;
DROP FUNCTION as_worker(text);

-- row_security = off: an error where it would matter, never more rows; the
-- functions work as usual.
SET ROLE regress_apikey_worker;
SET row_security = off;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT state($$SELECT * FROM apikey.keys$$), state($$SELECT * FROM apikey.deleted_keys$$);
SELECT apikey.reveal_key('one') = secret('v-', 24, 'aliceone'), outcome($$SELECT apikey.reveal_key('project x')$$);
SELECT outcome($$SELECT apikey.update_key('one', new_name => 'two')$$), current_setting('row_security');
ROLLBACK;
RESET row_security;
RESET ROLE;

-- The caller's objects that precede pg_catalog in the search path or are in pg_temp
-- are not called by code that runs as another role.
CREATE SCHEMA regress_apikey_trap AUTHORIZATION regress_apikey_worker;
SET ROLE regress_apikey_worker;
SET search_path = regress_apikey_trap, pg_catalog;
CREATE FUNCTION trapped(l text, r text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'trap sprung as %', current_user; RETURN true; END $$;
CREATE FUNCTION trapped(l uuid, r uuid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'trap sprung as %', current_user; RETURN true; END $$;
CREATE FUNCTION trapped(l bytea, r bytea) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'trap sprung as %', current_user; RETURN true; END $$;
CREATE FUNCTION trapped(l timestamptz, r timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'trap sprung as %', current_user; RETURN true; END $$;
DO $$
DECLARE t text; o text;
BEGIN
	FOREACH t IN ARRAY ARRAY['text', 'uuid', 'bytea', 'timestamptz'] LOOP
		FOREACH o IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>='] LOOP
			EXECUTE format('CREATE OPERATOR regress_apikey_trap.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = trapped)', o, t, t);
		END LOOP;
	END LOOP;
END $$;
CREATE FUNCTION now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'trap sprung as %', current_user; RETURN 'epoch'; END $$;
CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'trap sprung as %', current_user; RETURN 'epoch'; END $$;
CREATE FUNCTION current_user_id() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'trap sprung as %', current_user; RETURN 'bob'; END $$;
CREATE DOMAIN jsonb AS text;
CREATE DOMAIN uuid AS text;
\c
SET SESSION AUTHORIZATION regress_apikey_worker;
CREATE TEMP TABLE api_keys (LIKE apikey.keys);
CREATE TEMP TABLE pg_extension (extname name, extversion text);
SET search_path = pg_temp, regress_apikey_trap, pg_catalog;
BEGIN;
SELECT apikey.set_user_id('alice'::pg_catalog.text);
SELECT (apikey.create_key('trap', 'custom', 'a_value_of_no_use') IS NULL), (apikey.set_key('trap', 'custom', 'a_value_of_some_use') IS NULL),
	(apikey.update_key('trap', new_name => 'trap 2') IS NULL), (apikey.disable_key('trap 2') IS NULL), (apikey.enable_key('trap 2') IS NULL);
SELECT apikey.reveal_key('trap 2');
SELECT apikey.reveal_env('{one}') OPERATOR(pg_catalog.->>) 'ONE_KEY' OPERATOR(pg_catalog.=) regress_apikey.secret('v-', 24, 'aliceone');
SELECT (apikey.delete_key('trap 2') IS NULL);
SELECT (apikey.restore_key((SELECT id FROM apikey.deleted_keys WHERE name OPERATOR(pg_catalog.=) 'trap 2'), 'trap 3') IS NULL);
SELECT user_id, name FROM apikey.keys ORDER BY name USING OPERATOR(pg_catalog.<);
SELECT apikey.purge_own_keys();
ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT apikey.purge_deleted('1000 years'), apikey.purge_user('nobody at all');
SELECT name FROM apikey.find_keys(regress_apikey.secret('v-', 24, 'bobproject x'));
SELECT pg_catalog.count(*) FROM apikey.verify_keys();
SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 10 FROM apikey.status();
SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 0 FROM apikey.key_status WHERE state OPERATOR(pg_catalog.=) 'active';
\c
SET client_min_messages = warning;
DROP SCHEMA regress_apikey_trap CASCADE;
RESET client_min_messages;
SET search_path = regress_apikey;

-- Statistics: none for columns derived from a value, and users see none of our
-- tables, not even through an operator that reports its arguments.
ANALYZE apikey.api_keys;
SELECT attname FROM pg_statistic s JOIN pg_attribute a ON a.attrelid = s.starelid AND a.attnum = s.staattnum
	WHERE starelid = 'apikey.api_keys'::regclass AND attname IN ('hint', 'fingerprint');
SET ROLE regress_apikey_worker;
SELECT count(*) FROM pg_stats WHERE schemaname = 'apikey' AND tablename IN ('api_keys', 'data_keys');
RESET ROLE;
SET ROLE regress_apikey_worker;
CREATE FUNCTION telling(given text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0000001 AS $$
BEGIN
	IF given NOT IN ('alice', 'one', 'own', 'gone') THEN RAISE NOTICE 'given %', given; END IF;
	RETURN true;
END $$;
CREATE OPERATOR <<< (LEFTARG = text, RIGHTARG = text, FUNCTION = telling, RESTRICT = scalarltsel);
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = telling, RESTRICT = eqsel, JOIN = eqjoinsel);
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT count(*) FROM apikey.keys WHERE name <<< 'zzz' AND user_id <<< 'zzz';
SELECT count(*) FROM apikey.keys WHERE user_id === 'bob' AND name === 'project x';
SELECT count(*) FROM apikey.keys k JOIN apikey.deleted_keys d ON k.name === d.name;
COMMIT;
RESET ROLE;

-- A plan shows how many rows the filter removed, and nothing more.
SET ROLE regress_apikey_worker;
CREATE FUNCTION plan_tells(statement text, wanted text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text; result boolean := false;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, SUMMARY OFF) ' || statement LOOP result := result OR line ~ wanted; END LOOP;
	RETURN result;
END $$;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT plan_tells('SELECT * FROM apikey.keys', 'project x|bygone|0b000000'), plan_tells('SELECT * FROM apikey.keys', 'actual rows=2');
COMMIT;
-- Parallel plans neither lose rows nor show rows of others.
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT user_id, count(*) FROM apikey.keys GROUP BY 1;
SELECT count(*) FROM pg_class a, pg_class b WHERE a.oid = b.oid AND apikey.current_user_id() = 'alice' AND a.relname = 'pg_class';
COMMIT;
RESET ALL;
SET search_path = regress_apikey;
RESET ROLE;

-- With the table itself granted by mistake, still only one user's rows are visible.
GRANT USAGE ON SCHEMA apikey TO regress_apikey_nobody;
GRANT SELECT, INSERT, UPDATE, DELETE ON apikey.api_keys TO regress_apikey_nobody;
SET ROLE regress_apikey_nobody;
SELECT count(*) FROM apikey.api_keys;
SELECT count(*) FROM pg_stats WHERE schemaname = 'apikey' AND tablename = 'api_keys';
SELECT state($$DELETE FROM apikey.api_keys$$), state($$UPDATE apikey.api_keys SET metadata = '{}'$$);
BEGIN;
SELECT set_config('apikey.user_id', 'alice', true);
SELECT user_id, name FROM apikey.api_keys ORDER BY 2;
SELECT count(*) FROM apikey.api_keys WHERE telling(user_id, name) AND telling(name, name);
SELECT count(*) FROM apikey.api_keys WHERE name <<< 'zzz';
SELECT outcome($$UPDATE apikey.api_keys SET user_id = 'bob' WHERE name = 'one'$$);
SELECT outcome($$INSERT INTO apikey.api_keys (user_id, id, name, key_type, encrypted_value, hint, fingerprint) SELECT 'bob', gen_random_uuid(), 'project x', key_type, encrypted_value, hint, fingerprint FROM apikey.api_keys WHERE name = 'one'$$);
SELECT outcome($$INSERT INTO apikey.api_keys (user_id, id, name, key_type, encrypted_value, hint, fingerprint) SELECT 'bob', id, name, key_type, encrypted_value, hint, fingerprint FROM apikey.api_keys WHERE name = 'one' ON CONFLICT DO NOTHING$$);
SELECT outcome($$MERGE INTO apikey.api_keys k USING (SELECT 'bob' u, 'project x' n) s ON k.user_id = s.u AND k.name = s.n WHEN MATCHED THEN DELETE$$);
SELECT outcome($$UPDATE apikey.api_keys SET metadata = '{"m": 1}' WHERE user_id = 'bob'$$), outcome($$DELETE FROM apikey.api_keys WHERE user_id = 'bob'$$);
SET LOCAL row_security = off;
SELECT state($$SELECT * FROM apikey.api_keys$$), state($$DELETE FROM apikey.api_keys$$);
-- Even in rows that a user may write, values cannot be decrypted elsewhere: the
-- envelope is bound to its row, and plaintext is not an envelope.
SET LOCAL row_security = on;
UPDATE apikey.api_keys SET encrypted_value = (SELECT encrypted_value FROM apikey.api_keys WHERE name = 'one') WHERE name = 'own';
SELECT state($$UPDATE apikey.api_keys SET encrypted_value = 'plaintext' WHERE name = 'one'$$);
RESET ROLE;
SELECT outcome($$SELECT apikey.reveal_key('own')$$), outcome($$SELECT apikey.reveal_key('one')$$);
UPDATE apikey.api_keys SET key_type = 'openai' WHERE name = 'one' AND user_id = 'alice';
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
ROLLBACK;
RESET ROLE;
-- Even a superuser who moves a row to another user cannot decrypt it there.
BEGIN;
UPDATE apikey.api_keys SET user_id = 'alice', name = 'taken over' WHERE name = 'project x';
SELECT apikey.set_user_id('alice');
SELECT outcome($$SELECT apikey.reveal_key('taken over')$$);
SELECT user_id, id, problem FROM apikey.verify_keys();
ROLLBACK;
REVOKE ALL ON apikey.api_keys FROM regress_apikey_nobody;
REVOKE ALL ON SCHEMA apikey FROM regress_apikey_nobody;

-- All of bob's rows are unchanged.
SELECT count(*) FROM (SELECT * FROM before INTERSECT SELECT * FROM after) same;
DROP VIEW after;
DROP TABLE before, attempts;
DROP OPERATOR <<< (text, text);
DROP OPERATOR === (text, text);
DROP FUNCTION telling(text, text), plan_tells(text, text), state(text);
REVOKE CREATE ON SCHEMA regress_apikey FROM regress_apikey_worker;
SELECT apikey.purge_user('alice'), apikey.purge_user('bob');
