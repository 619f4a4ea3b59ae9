-- The views of keys: an error without an identity, the columns label and usable,
-- and an error that tells what to call for whoever writes to them.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || statement; END $$;
CREATE TABLE something (id int);
INSERT INTO something VALUES (1);
GRANT SELECT ON something TO PUBLIC;

-- No identity, no silence: even while no key is stored at all, and whatever is
-- asked of the views.
SET ROLE regress_apikey_worker;
SELECT s, left(outcome(s), 5) FROM unnest(ARRAY[
	'SELECT count(*) FROM apikey.keys', 'SELECT count(*) FROM apikey.deleted_keys',
	'SELECT FROM apikey.keys LIMIT 1', 'SELECT FROM apikey.keys FOR UPDATE',
	'SELECT FROM something WHERE EXISTS (SELECT FROM apikey.keys)',
	'SELECT FROM something WHERE id NOT IN (SELECT 1 FROM apikey.keys)',
	'SELECT (SELECT max(name) FROM apikey.keys)',
	'SELECT FROM something LEFT JOIN apikey.keys ON true',
	'SELECT FROM apikey.keys RIGHT JOIN something ON true',
	'SELECT FROM apikey.keys FULL JOIN apikey.deleted_keys USING (id)',
	'SELECT FROM apikey.keys UNION ALL SELECT FROM something',
	'SELECT FROM apikey.keys GROUP BY name HAVING count(*) > 1',
	'WITH k AS MATERIALIZED (SELECT * FROM apikey.keys) SELECT count(*) FROM k',
	'SELECT FROM something, LATERAL (SELECT FROM apikey.keys WHERE something.id = 1) k',
	'EXPLAIN ANALYZE SELECT FROM apikey.keys',
	'CREATE TEMP TABLE copy_of_keys AS SELECT * FROM apikey.keys',
	$$SELECT name FROM apikey.keys WHERE user_id = 'alice'$$]) s;
\set VERBOSITY sqlstate
SELECT * FROM apikey.keys;
COPY (SELECT * FROM apikey.keys) TO STDOUT;
EXPLAIN SELECT * FROM apikey.keys;
EXPLAIN SELECT FROM something WHERE id = (SELECT count(*) FROM apikey.deleted_keys);
DECLARE c CURSOR WITH HOLD FOR SELECT * FROM apikey.keys;
\set VERBOSITY default
-- The empty list is there for those who want it.
BEGIN;
SET LOCAL apikey.empty_without_identity = on;
SELECT count(*) FROM apikey.keys;
SELECT count(*) FROM apikey.deleted_keys;
EXPLAIN SELECT FROM apikey.keys \g /dev/null
COMMIT;
-- An identity that the same statement sets counts, with each kind of plan, and for
-- EXPLAIN; so does a condition that keeps the view from being read.
SELECT count(k.id) FROM apikey.set_user_id('alice'), apikey.keys k;
EXPLAIN SELECT FROM apikey.set_user_id('alice'), apikey.keys \g /dev/null
PREPARE list(text) AS SELECT count(k.id) FROM apikey.set_user_id($1), apikey.keys k;
SET plan_cache_mode = force_generic_plan;
EXECUTE list('alice');
EXECUTE list('bob');
-- EXPLAIN plans nothing where the plan is generic and is there already, so it shows
-- that plan; executing it is an error.
BEGIN;
SELECT apikey.set_user_id('alice');
PREPARE listed AS SELECT count(*) FROM apikey.keys;
EXECUTE listed;
COMMIT;
EXPLAIN EXECUTE listed \g /dev/null
EXECUTE listed;
EXPLAIN ANALYZE EXECUTE listed \g /dev/null
DEALLOCATE listed;
RESET plan_cache_mode;
SELECT CASE WHEN apikey.current_user_id() IS NULL THEN 'nobody' ELSE (SELECT count(*)::text FROM apikey.keys) END;
RESET ROLE;

-- A view is defined, dumped and replaced without an identity.
CREATE VIEW of_mine AS SELECT name FROM apikey.keys;
CREATE OR REPLACE VIEW of_mine AS SELECT name, label FROM apikey.keys;
DROP VIEW of_mine;

-- usable: neither deleted, nor disabled, nor expired.
SELECT count(apikey.create_key_for('alice', n, 'openai', openai(n), created_at => '2020-01-01', expires_at => e::timestamptz))
	FROM (VALUES ('plain', NULL), ('expired', '2021-01-01'), ('expires', '2050-01-01'), ('disabled', NULL), ('deleted', NULL)) k(n, e);
SET ROLE regress_apikey_worker;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT apikey.disable_key('disabled') = apikey.delete_key('deleted') AS same;
SELECT name, label, is_active, usable FROM apikey.keys UNION ALL SELECT name, label, is_active, usable FROM apikey.deleted_keys ORDER BY name;
-- It says what reveal_key() does, later in a transaction, too.
SELECT name, usable = (outcome(format('SELECT apikey.reveal_key(%L::uuid)', id)) = 'done') FROM apikey.keys ORDER BY name;
SELECT apikey.update_key('expires', new_expires_at => clock_timestamp() + '1 s') IS NOT NULL;
SELECT pg_sleep(1.1);
SELECT usable FROM apikey.keys WHERE name = 'expires';
COMMIT;
RESET ROLE;
SELECT name, usable FROM apikey.all_keys WHERE user_id = 'alice' ORDER BY name;
SELECT count(*) FROM apikey.find_keys(openai('plain')) f JOIN apikey.all_keys a ON f = a;

-- The label comes from the cache of key types, without a join: so the plan does
-- not depend on statistics.
SET ROLE regress_apikey_worker;
BEGIN; SELECT apikey.set_user_id('alice'); SELECT count(*) FILTER (WHERE p ~ 'key_types'), count(*) FILTER (WHERE p ~ 'One-Time Filter') FROM plan('SELECT name, label FROM apikey.keys') p; COMMIT;
RESET ROLE;
SELECT count(*) > 80, bool_and(apikey.key_type_label(key_type) = label) FROM apikey.key_types;
SELECT apikey.key_type_label('no such type') IS NULL, apikey.key_type_label(NULL) IS NULL;
BEGIN;
INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('openai', 'Our OpenAI');
SELECT apikey.set_user_id('alice');
SELECT DISTINCT label FROM apikey.keys;
ROLLBACK;
SELECT DISTINCT label FROM apikey.set_user_id('alice'), apikey.keys;

-- Whoever writes to the views is told what to call, even if no row matches.
SET ROLE regress_apikey_web;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT outcome($$INSERT INTO apikey.keys (name) VALUES ('x')$$);
SELECT outcome($$UPDATE apikey.keys SET name = 'x' WHERE false$$);
SELECT outcome($$DELETE FROM apikey.keys$$);
SELECT outcome($$DELETE FROM apikey.deleted_keys$$);
SELECT outcome($$UPDATE apikey.deleted_keys SET deleted_at = NULL$$);
COPY apikey.keys (name) FROM STDIN;
x
\.
COMMIT;
SET ROLE regress_apikey_admin;
SELECT outcome($$DELETE FROM apikey.all_keys$$);
SELECT outcome($$UPDATE apikey.all_keys SET user_id = 'bob'$$);
RESET ROLE;
SELECT outcome($$DELETE FROM apikey.all_keys$$);
CREATE VIEW through AS SELECT id, name FROM apikey.all_keys;
SELECT outcome($$DELETE FROM through$$);
DROP VIEW through;
CREATE TABLE other (id int);
CREATE TRIGGER t BEFORE INSERT ON other EXECUTE FUNCTION apikey.read_only_view();
SELECT outcome($$INSERT INTO other VALUES (1)$$);
SELECT outcome($$SELECT apikey.read_only_view()$$);
-- Each row of the caller's can be locked, and no others.
SET ROLE regress_apikey_web;
BEGIN; SELECT apikey.set_user_id('bob'); SELECT name FROM apikey.keys FOR UPDATE; COMMIT;
BEGIN; SELECT apikey.set_user_id('alice'); SELECT name FROM apikey.keys WHERE usable FOR NO KEY UPDATE; COMMIT;
RESET ROLE;

-- row_security = off, which the owner of the database or of a role can set, makes
-- the views fail: status() says how to remove it.
ALTER DATABASE :"DBNAME" SET row_security = off;
ALTER ROLE regress_apikey_web SET row_security = 'no';
ALTER ROLE regress_apikey_worker SET row_security = on;
ALTER ROLE regress_apikey_admin IN DATABASE :"DBNAME" SET row_security = 0;
SELECT replace(value, :'DBNAME', '(db)'), severity, replace(advice, :'DBNAME', '(db)') FROM apikey.status() WHERE item = 'row_security setting';
-- The advice is followed.
DO $$ DECLARE s text; BEGIN
	FOR s IN SELECT unnest(regexp_matches(advice, 'ALTER ROLE [^,]* RESET row_security', 'g')) FROM apikey.status() WHERE item = 'row_security setting' LOOP EXECUTE s; END LOOP;
END $$;
ALTER ROLE regress_apikey_worker RESET row_security;
SELECT value, severity, advice FROM apikey.status() WHERE item = 'row_security setting';

SELECT apikey.purge_user('alice');
DROP TABLE something, other;
DROP FUNCTION plan(text);
