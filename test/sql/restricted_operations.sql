-- Maintenance of a table runs functions of the table's owner, with the owner's
-- privileges but in the session of the role that does the maintenance.  There,
-- no identity is visible, and the extension's functions refuse to run.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

SELECT count(apikey.create_key_for('victim', n, 'custom', secret('v-', 24, n))) FROM unnest(ARRAY['one', 'two']) n;
GRANT CREATE ON SCHEMA regress_apikey TO regress_apikey_worker;

-- Each function of the extension that could return something or do harm, called
-- as an index expression of a table would call it.
SET ROLE regress_apikey_worker;
CREATE TABLE calls (statement text);
INSERT INTO calls VALUES
	($$SELECT apikey.current_user_id()$$), ($$SELECT count(*) FROM apikey.keys$$), ($$SELECT count(*) FROM apikey.deleted_keys$$),
	($$SELECT apikey.reveal_key('one')$$), ($$SELECT apikey.reveal_key('00000000-0000-4000-8000-000000000000'::uuid)$$), ($$SELECT apikey.reveal_env()$$),
	($$SELECT apikey.set_user_id('victim')$$), ($$SELECT apikey.set_user_id(1)$$), ($$SELECT apikey.set_user_id('00000000-0000-4000-8000-000000000000'::uuid)$$),
	($$SELECT apikey.create_key('planted', 'custom', 'a_value_of_no_use')$$), ($$SELECT apikey.set_key('one', 'custom', 'a_value_of_no_use')$$),
	($$SELECT apikey.update_key('one', 'a_value_of_no_use')$$), ($$SELECT apikey.update_key('00000000-0000-4000-8000-000000000000'::uuid)$$),
	($$SELECT apikey.disable_key('one')$$), ($$SELECT apikey.enable_key('one')$$), ($$SELECT apikey.delete_key('one')$$),
	($$SELECT apikey.restore_key('00000000-0000-4000-8000-000000000000')$$), ($$SELECT apikey.purge_key('00000000-0000-4000-8000-000000000000')$$),
	($$SELECT apikey.purge_own_keys()$$),
	($$SELECT apikey.current_user_id() FROM set_config('apikey.user_id', 'victim', true)$$);
CREATE FUNCTION steal(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE s text; got text; state text;
BEGIN
	IF current_setting('regress_apikey.armed', true) = 'yes' THEN
		FOR s IN SELECT statement FROM regress_apikey.calls LOOP
			BEGIN
				EXECUTE s INTO got;
				IF got IS NOT NULL AND got <> '0' THEN RAISE WARNING '% brought %', s, got; END IF;
			EXCEPTION WHEN OTHERS THEN
				IF SQLSTATE <> '42501' THEN RAISE WARNING '% failed with % %', s, SQLSTATE, SQLERRM; END IF;
			END;
		END LOOP;
		RAISE NOTICE 'tried as %', current_user;
	END IF;
	RETURN $1;
END $$;
CREATE TABLE bait (n int);
INSERT INTO bait VALUES (1);
CREATE INDEX bait_idx ON bait (steal(n));
CREATE MATERIALIZED VIEW bait_view AS SELECT steal(n) AS n FROM bait;
CREATE UNIQUE INDEX ON bait_view (n);
RESET ROLE;

-- The victim is a superuser with an identity; also in mode "session", where the
-- setting counts in every transaction.
SELECT set_config('regress_apikey.armed', 'yes', false);
BEGIN; SELECT apikey.set_user_id('victim'); ANALYZE bait; SELECT apikey.current_user_id(); COMMIT;
BEGIN; SELECT apikey.set_user_id('victim'); REINDEX TABLE bait; COMMIT;
BEGIN; SELECT apikey.set_user_id('victim'); REFRESH MATERIALIZED VIEW bait_view; COMMIT;
BEGIN; SELECT apikey.set_user_id('victim'); CLUSTER bait USING bait_idx; COMMIT;
BEGIN; SELECT apikey.set_user_id('victim'); CREATE INDEX bait_idx2 ON bait (steal(n + 1)); ROLLBACK;
SET apikey.identity = 'session';
SET apikey.user_id = 'victim';
SELECT apikey.current_user_id();
ANALYZE bait;
VACUUM ANALYZE bait;
VACUUM FULL bait;
REINDEX INDEX bait_idx;
REINDEX TABLE CONCURRENTLY bait;
REFRESH MATERIALIZED VIEW bait_view;
REFRESH MATERIALIZED VIEW CONCURRENTLY bait_view;
CREATE INDEX CONCURRENTLY bait_idx2 ON bait (steal(n + 1));
SELECT count(*) FROM bait;
-- In mode "role", the table's owner is not the identity either.
SELECT apikey.create_key_for('regress_apikey_worker', 'one', 'custom', secret('v-', 24)) IS NULL;
SET apikey.identity = 'role';
ANALYZE bait;
REFRESH MATERIALIZED VIEW bait_view;
SET ROLE regress_apikey_worker;
SELECT apikey.current_user_id();
ANALYZE bait;
RESET ROLE;
SET apikey.identity = 'claims';
SET request.jwt.claims = '{"sub": "victim"}';
BEGIN; SELECT set_config('request.jwt.claims', '{"sub": "victim"}', true); SELECT apikey.current_user_id(); ANALYZE bait; COMMIT;
RESET apikey.identity;
RESET apikey.user_id;

-- Every function, with a superuser's privileges: all refuse except those that
-- reveal nothing about anyone's keys.
CREATE TABLE every AS SELECT p.oid::regprocedure::text AS function,
		format('%s %s(%s)', CASE prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT count(*) FROM' END, p.oid::regproc,
			coalesce(string_agg(format('%s::%s', CASE t::regtype::text WHEN 'text' THEN '''x''' WHEN 'name' THEN '''x''' WHEN 'uuid' THEN '''00000000-0000-4000-8000-000000000000'''
				WHEN 'bigint' THEN '1' WHEN 'integer' THEN '1' WHEN 'boolean' THEN 'true' WHEN 'interval' THEN '''1 day''' WHEN 'regclass' THEN '''regress_apikey.bait'''
				ELSE 'NULL' END, t::regtype), ', ' ORDER BY n) FILTER (WHERE n IS NOT NULL), '')) AS statement
	FROM pg_proc p LEFT JOIN LATERAL unnest(proargtypes) WITH ORDINALITY a(t, n) ON true
	WHERE pronamespace = 'apikey'::regnamespace AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
		AND NOT 'internal'::regtype = ANY (proargtypes) AND NOT 'cstring'::regtype = ANY (proargtypes)
	GROUP BY p.oid;
CREATE FUNCTION call_every(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE e record; refused int := 0;
BEGIN
	IF current_setting('regress_apikey.armed', true) = 'yes' THEN
		FOR e IN SELECT * FROM regress_apikey.every ORDER BY function COLLATE "C" LOOP
			BEGIN
				EXECUTE e.statement;
				RAISE NOTICE '% passed', e.function;
			EXCEPTION WHEN insufficient_privilege THEN
				IF SQLERRM LIKE '%security-restricted%' THEN refused := refused + 1; ELSE RAISE NOTICE '% %', e.function, SQLERRM; END IF;
			WHEN OTHERS THEN
				RAISE NOTICE '% failed: % %', e.function, SQLSTATE, SQLERRM;
			END;
		END LOOP;
		RAISE NOTICE 'refused by more than 30: %', refused > 30;
	END IF;
	RETURN $1;
END $$;
SELECT set_config('regress_apikey.armed', 'no', false);
CREATE TABLE bait_of_admin (n int);
INSERT INTO bait_of_admin VALUES (1);
CREATE INDEX ON bait_of_admin (call_every(n));
SELECT set_config('regress_apikey.armed', 'yes', false);
BEGIN; SELECT apikey.set_user_id('victim'); ANALYZE bait_of_admin; COMMIT;
CREATE FUNCTION told_what() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM apikey.reveal_key('one'); RETURN 1; END $$;
CREATE MATERIALIZED VIEW m AS SELECT told_what() WITH NO DATA;
BEGIN; SELECT apikey.set_user_id('victim'); REFRESH MATERIALIZED VIEW m; ROLLBACK;

-- The victim's keys are unchanged, and can be decrypted outside.
SELECT set_config('regress_apikey.armed', 'no', false);
SELECT name, disabled_at IS NULL, deleted_at IS NULL FROM apikey.all_keys WHERE user_id = 'victim' ORDER BY 1;
BEGIN; SELECT apikey.set_user_id('victim'); SELECT apikey.reveal_key('one') = secret('v-', 24, 'one'); COMMIT;
SET client_min_messages = warning;
DROP TABLE bait, bait_of_admin, calls, every CASCADE;
DROP MATERIALIZED VIEW m;
DROP FUNCTION steal(int), call_every(int), told_what();
REVOKE CREATE ON SCHEMA regress_apikey FROM regress_apikey_worker;
SELECT apikey.purge_user('victim'), apikey.purge_user('regress_apikey_worker');
