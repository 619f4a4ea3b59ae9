-- Plans that outlive an identity or a role: each execution uses the current
-- identity, whether the plan is generic or custom.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION state(statement text) RETURNS text LANGUAGE sql AS $$ SELECT left(regress_apikey.outcome(statement), 5) $$;
SELECT count(apikey.create_key_for(u, n, 'custom', secret('v-', 24, u || n)))
	FROM (VALUES ('alice', 'one'), ('alice', 'two'), ('bob', 'one'), ('bob', 'project x')) k(u, n);
CREATE VIEW over AS SELECT user_id, name FROM apikey.keys;
GRANT SELECT ON over TO regress_apikey_web, regress_apikey_worker;
CREATE FUNCTION names_of_mine() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT user_id || '/' || name FROM apikey.keys ORDER BY 1; END $$;
CREATE FUNCTION inlined() RETURNS SETOF text LANGUAGE sql STABLE AS $$ SELECT user_id || '/' || name FROM apikey.keys ORDER BY 1 $$;

SET SESSION AUTHORIZATION regress_apikey_worker;
PREPARE from_view AS SELECT user_id, name FROM apikey.keys ORDER BY 1, 2;
PREPARE from_over(text) AS SELECT user_id, name FROM over WHERE name >= $1 ORDER BY 1, 2;
PREPARE from_cte AS WITH k AS MATERIALIZED (SELECT user_id, name FROM apikey.keys) SELECT * FROM k ORDER BY 1, 2;
PREPARE from_subselect AS SELECT (SELECT string_agg(user_id || '/' || name, ' ' ORDER BY name) FROM apikey.keys) FROM generate_series(1, 1);
PREPARE from_in(text) AS SELECT name IN (SELECT name FROM apikey.keys) FROM (VALUES ($1)) v(name);
PREPARE me AS SELECT apikey.current_user_id();
PREPARE reveal(text) AS SELECT apikey.reveal_key($1) = secret('v-', 24, apikey.current_user_id() || $1);

-- All of them, once for each identity, with different planner settings.
\set all_of_them 'EXECUTE from_view; EXECUTE from_over(\'\'); EXECUTE from_cte; EXECUTE from_subselect; EXECUTE from_in(\'project x\'); EXECUTE me; EXECUTE reveal(\'one\'); SELECT * FROM names_of_mine(); SELECT * FROM inlined();'
SET plan_cache_mode = force_generic_plan;
BEGIN; SELECT apikey.set_user_id('alice'); :all_of_them COMMIT;
BEGIN; SELECT apikey.set_user_id('bob'); :all_of_them COMMIT;
BEGIN; SELECT apikey.set_user_id('carol'); EXECUTE from_view; EXECUTE from_over(''); EXECUTE from_cte; EXECUTE from_subselect; EXECUTE from_in('one'); EXECUTE me; SELECT * FROM names_of_mine(); COMMIT;
-- Without an identity, also where an empty list is wanted.
\set VERBOSITY sqlstate
EXECUTE from_view; EXECUTE from_over(''); EXECUTE from_cte; EXECUTE from_subselect; EXECUTE from_in('one'); SELECT * FROM names_of_mine(); SELECT * FROM inlined();
\set VERBOSITY default
SET apikey.empty_without_identity = on;
EXECUTE from_view; EXECUTE from_over(''); EXECUTE from_cte; EXECUTE from_subselect; EXECUTE from_in('one'); EXECUTE me; SELECT * FROM names_of_mine(); SELECT * FROM inlined();
\set VERBOSITY sqlstate
EXECUTE reveal('one');
\set VERBOSITY default
SET plan_cache_mode = force_custom_plan;
BEGIN; SELECT apikey.set_user_id('bob'); :all_of_them COMMIT;
BEGIN; SELECT apikey.set_user_id('alice'); :all_of_them COMMIT;
EXECUTE from_view; EXECUTE from_over(''); EXECUTE from_cte; EXECUTE from_subselect; EXECUTE from_in('one'); EXECUTE me;
-- Also within one transaction; after a rollback to a savepoint the former identity
-- counts again.
SET plan_cache_mode = force_generic_plan;
BEGIN;
SELECT apikey.set_user_id('alice');
EXECUTE from_subselect;
SAVEPOINT a;
SELECT apikey.set_user_id('bob');
EXECUTE from_subselect;
ROLLBACK TO a;
EXECUTE from_subselect;
SELECT * FROM names_of_mine();
COMMIT;

-- The role changes between executions: its privileges are checked again.
RESET SESSION AUTHORIZATION;
SET ROLE regress_apikey_worker;
BEGIN; SELECT apikey.set_user_id('alice'); EXECUTE from_view; EXECUTE reveal('one');
SET LOCAL ROLE regress_apikey_web; EXECUTE from_view; SELECT state($$EXECUTE reveal('one')$$), state($$SELECT apikey.reveal_key('one')$$);
SET LOCAL ROLE regress_apikey_monitor; SELECT state($$SELECT * FROM apikey.keys$$);
SET LOCAL ROLE regress_apikey_nobody; SELECT state($$SELECT * FROM names_of_mine()$$);
ROLLBACK;
RESET ROLE;
-- A superuser's plan executed by an ordinary role, and the other way round.
BEGIN;
SELECT apikey.set_user_id('bob');
PREPARE whole AS SELECT user_id, name FROM apikey.api_keys WHERE user_id IN ('alice', 'bob') ORDER BY 1, 2;
EXECUTE whole;
SET LOCAL ROLE apikey_owner;
EXECUTE whole;
SET LOCAL ROLE apikey_maintenance;
EXECUTE whole;
SET LOCAL ROLE apikey_owner;
EXECUTE whole;
SELECT apikey.current_user_id();
SET LOCAL row_security = off;
SAVEPOINT a;
EXECUTE whole;
ROLLBACK TO a;
SET LOCAL ROLE regress_apikey_worker;
EXECUTE whole;
ROLLBACK;
RESET ROLE;
-- The extension's own statements are planned once; later callers share the plans.
BEGIN; SET LOCAL ROLE regress_apikey_admin; SELECT name FROM apikey.find_keys(secret('v-', 24, 'bobproject x')); COMMIT;
BEGIN; SELECT apikey.set_user_id('alice'); SELECT state($$SELECT apikey.reveal_key('project x')$$), state($$SELECT apikey.reveal_key('two')$$); COMMIT;
BEGIN; SELECT apikey.set_user_id('bob'); SELECT state($$SELECT apikey.reveal_key('project x')$$), state($$SELECT apikey.reveal_key('two')$$); COMMIT;
-- The table changes between executions.
ALTER TABLE apikey.api_keys SET (fillfactor = 90);
ANALYZE apikey.api_keys;
BEGIN; SELECT apikey.set_user_id('alice'); SELECT state($$SELECT apikey.reveal_key('project x')$$), state($$SELECT apikey.reveal_key('two')$$); EXECUTE from_subselect; COMMIT;
ALTER TABLE apikey.api_keys RESET (fillfactor);
BEGIN; SELECT apikey.set_user_id('bob'); EXECUTE from_subselect; COMMIT;

DEALLOCATE ALL;
RESET plan_cache_mode;
DROP VIEW over;
DROP FUNCTION names_of_mine(), inlined(), state(text);
SELECT apikey.purge_user('alice'), apikey.purge_user('bob');
