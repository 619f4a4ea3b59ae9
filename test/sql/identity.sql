-- The identity in mode "transaction", the default: what counts as an identity,
-- and that no setting left over from elsewhere does.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

-- The caller's identity, and the keys that are visible with it.
CREATE FUNCTION who() RETURNS text LANGUAGE sql SET apikey.empty_without_identity = on AS $$
	SELECT coalesce(apikey.current_user_id(), '(nobody)') || ' sees '
			|| coalesce(string_agg(user_id || '/' || name, ' ' ORDER BY user_id, name), 'nothing')
		FROM apikey.keys
$$;
-- For PostgreSQL's own errors the SQLSTATE is enough.
CREATE FUNCTION state(statement text) RETURNS text LANGUAGE sql AS $$ SELECT left(regress_apikey.outcome(statement), 5) $$;
-- The statements that begin a new session of an application.
\set new_session 'SET SESSION AUTHORIZATION regress_apikey_worker; SET search_path = regress_apikey;'

SELECT count(apikey.create_key_for(u, 'key of ' || u, 'custom', secret('v-', 16, u)))
	FROM unnest(ARRAY['alice', 'bob', '42', '00000000-0000-4000-8000-00000000000a']) u;
:new_session

-- No identity at first.
SELECT who();
SELECT outcome($$SELECT apikey.reveal_key('key of alice')$$);
SELECT apikey.current_user_id() IS NULL;

-- Each way to set it for the duration of the transaction.
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT who();
SELECT apikey.reveal_key('key of alice') = secret('v-', 16, 'alice');
COMMIT;
SELECT who();
SELECT current_setting('apikey.user_id') = '' AS left_empty;
BEGIN;
SELECT who();
COMMIT;
BEGIN;
SELECT apikey.set_user_id(42);
SELECT who();
SELECT apikey.set_user_id(42::smallint);
SELECT apikey.set_user_id('00000000-0000-4000-8000-00000000000A'::uuid);
SELECT who();
ROLLBACK;
SELECT who();
BEGIN; SELECT set_config('apikey.user_id', 'bob', true); SELECT who(); COMMIT; SELECT who();
BEGIN; SET LOCAL apikey.user_id = 'bob'; SELECT who(); COMMIT; SELECT who();
BEGIN; SET LOCAL "APIKEY.User_ID" = 'bob'; SELECT who(); COMMIT; SELECT who();
-- Several statements in one message are one transaction; so is a single one.
SELECT apikey.set_user_id('alice') \; SELECT who();
SELECT who();
SELECT apikey.set_user_id('alice') WHERE who() LIKE '(nobody)%';
SELECT who();
-- With a bound parameter, as applications send it.
PREPARE set_user(text) AS SELECT apikey.set_user_id($1);
BEGIN; EXECUTE set_user('alice'); SELECT who(); EXECUTE set_user('bob'); SELECT who(); COMMIT; SELECT who();

-- A plain SET counts in its own transaction and never after it.
BEGIN; SET apikey.user_id = 'alice'; SELECT who(); COMMIT;
SELECT current_setting('apikey.user_id');
SELECT who();
SELECT outcome($$SELECT apikey.reveal_key('key of alice')$$);
BEGIN;
SELECT who();
-- Nor after a savepoint, an aborted subtransaction or an exception block ...
SAVEPOINT a;
SELECT who();
SET LOCAL apikey.user_id = 'bob';
SELECT who();
ROLLBACK TO a;
SELECT current_setting('apikey.user_id'), who();
RELEASE a;
SELECT current_setting('apikey.user_id'), who();
DO $$ BEGIN PERFORM apikey.set_user_id('bob'); RAISE NOTICE '%', who(); RAISE division_by_zero;
	EXCEPTION WHEN division_by_zero THEN RAISE NOTICE '%', who(); END $$;
SELECT current_setting('apikey.user_id'), who();
DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN RAISE NOTICE '%', who(); END $$;
-- ... nor after a function with a SET clause, although it counts inside it ...
CREATE FUNCTION pg_temp.as_bob() RETURNS text LANGUAGE plpgsql SET apikey.user_id = 'bob' AS $$ BEGIN RETURN who(); END $$;
SELECT pg_temp.as_bob();
SELECT current_setting('apikey.user_id'), who();
-- ... nor after RESET or SET TO DEFAULT.
RESET apikey.user_id;
SELECT who();
SET LOCAL apikey.user_id TO DEFAULT;
SELECT who();
ROLLBACK;
SELECT current_setting('apikey.user_id'), who();

-- An identity set after a savepoint is kept by RELEASE and lost by ROLLBACK TO.
BEGIN;
SELECT apikey.set_user_id('alice');
SAVEPOINT a;
SELECT apikey.set_user_id('bob');
SAVEPOINT b;
SET apikey.user_id = '42';
SELECT who();
ROLLBACK TO b;
SELECT who();
RELEASE a;
SELECT who();
COMMIT;
SELECT who();
BEGIN;
SAVEPOINT a;
SELECT apikey.set_user_id('bob');
RELEASE a;
SELECT who();
SAVEPOINT b;
SELECT apikey.set_user_id('alice');
ROLLBACK TO b;
SELECT who();
COMMIT;
SELECT who();
-- An error in the transaction also clears it.
BEGIN; SELECT apikey.set_user_id('bob'); SELECT 1 / 0; ROLLBACK; SELECT who();

-- A chained transaction is a new transaction.
BEGIN; SELECT apikey.set_user_id('bob'); COMMIT AND CHAIN; SELECT who(); SELECT apikey.set_user_id('bob'); ROLLBACK AND CHAIN; SELECT who(); COMMIT;
BEGIN; SET apikey.user_id = 'bob'; COMMIT AND CHAIN; SELECT who(); COMMIT;
RESET apikey.user_id;

-- A procedure that commits loses it: each transaction must set it again.
CREATE PROCEDURE pg_temp.two_transactions() LANGUAGE plpgsql AS $$
BEGIN
	PERFORM apikey.set_user_id('bob');
	RAISE NOTICE '%', regress_apikey.who();
	COMMIT;
	RAISE NOTICE '%', regress_apikey.who();
	SET apikey.user_id = 'bob';
	ROLLBACK;
	RAISE NOTICE '%', regress_apikey.who();
END $$;
CALL pg_temp.two_transactions();
SELECT who();

-- An empty setting is no identity, wherever it comes from.
BEGIN;
SELECT apikey.set_user_id('alice');
SET LOCAL apikey.user_id = '';
SELECT who();
SELECT outcome($$SELECT apikey.create_key('one', 'custom', 'a_value_of_no_use')$$);
ROLLBACK;

-- An invalid user id is refused, and the identity stays as it was.
BEGIN;
SELECT apikey.set_user_id('bob');
SELECT outcome($$SELECT apikey.set_user_id('')$$);
SELECT outcome($$SELECT apikey.set_user_id(NULL)$$);
SELECT outcome($$SELECT apikey.set_user_id(NULL::bigint)$$);
SELECT outcome($$SELECT apikey.set_user_id(NULL::uuid)$$);
SELECT outcome($$SELECT apikey.set_user_id(E'alice\nbob')$$);
SELECT outcome($$SELECT apikey.set_user_id(repeat('x', 256))$$);
SELECT state($$SET LOCAL apikey.user_id = E'alice\x01'$$);
SELECT state($$SELECT set_config('apikey.user_id', repeat('x', 256), true)$$);
SELECT who();
SELECT length(apikey.set_user_id(repeat(U&'\00e9', 255)));
SELECT apikey.current_user_id() = repeat(U&'\00e9', 255);
-- Nothing is trimmed, folded or normalized: these are different users.
SELECT apikey.set_user_id('al ice'); SELECT who();
SELECT apikey.set_user_id('Alice'); SELECT who();
SELECT apikey.set_user_id('042'); SELECT who();
SELECT apikey.set_user_id('or true --'); SELECT who();
SELECT apikey.set_user_id('%'); SELECT who();
COMMIT;

-- A setting that a session starts with does not count: the database's, ...
RESET SESSION AUTHORIZATION;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET apikey.user_id = 'alice';
\c
SET search_path = regress_apikey;
SELECT current_setting('apikey.user_id'), who();
:new_session
BEGIN;
SELECT who();
SAVEPOINT a; SET LOCAL apikey.user_id = 'bob'; SELECT who(); ROLLBACK TO a; SELECT who();
SET LOCAL apikey.user_id = 'bob'; SELECT who();
SET LOCAL apikey.user_id TO DEFAULT; SELECT current_setting('apikey.user_id'), who();
RESET apikey.user_id; SELECT current_setting('apikey.user_id'), who();
RESET ALL; SELECT current_setting('apikey.user_id'), regress_apikey.who();
COMMIT;
SET apikey.user_id = 'bob';
DISCARD ALL;
SELECT current_setting('apikey.user_id'), regress_apikey.who();
-- ... the role's, ...
ALTER DATABASE :"db" RESET apikey.user_id;
ALTER ROLE CURRENT_USER IN DATABASE :"db" SET apikey.user_id = 'alice';
\c
:new_session
SELECT current_setting('apikey.user_id'), who();
BEGIN; SELECT who(); SAVEPOINT a; SELECT 1 / 0; ROLLBACK TO a; SELECT who(); COMMIT;
\c
ALTER ROLE CURRENT_USER IN DATABASE :"db" RESET apikey.user_id;
-- ... and the connection's.
\c -reuse-previous=on "options='-c apikey.user_id=alice'"
:new_session
SELECT current_setting('apikey.user_id'), who();
BEGIN; SELECT who(); SAVEPOINT a; SET LOCAL apikey.user_id = 'bob'; ROLLBACK TO a; SELECT who(); COMMIT;
\c -reuse-previous=on "options=''"

-- Nor does a setting made before the library was loaded.  (If it is preloaded,
-- this repeats the tests above.)
:new_session
SET apikey.user_id = 'alice';
BEGIN;
SAVEPOINT a;
SET LOCAL apikey.user_id = 'bob';
ROLLBACK TO a;
SELECT current_setting('apikey.user_id'), who();
COMMIT;
\c
:new_session
SET apikey.user_id = 'alice';
BEGIN;
SET LOCAL apikey.user_id = 'bob';
SELECT who();
COMMIT;
SELECT current_setting('apikey.user_id'), who();
\c
:new_session
BEGIN;
SAVEPOINT a;
SELECT set_config('apikey.user_id', 'alice', false);
SAVEPOINT b;
SELECT set_config('apikey.user_id', 'bob', true);
SELECT who();
ROLLBACK TO b;
SELECT who();
COMMIT;
SELECT current_setting('apikey.user_id'), who();

-- Resetting the session between clients, as connection poolers do.
DISCARD ALL;
SELECT current_setting('apikey.user_id') = '', regress_apikey.who();
SET apikey.user_id = 'alice';
RESET ALL;
SELECT current_setting('apikey.user_id') = '', regress_apikey.who();
:new_session

-- A cursor uses the identity that is set when rows are fetched; a held cursor is
-- read at the end of its transaction.
BEGIN;
SELECT apikey.set_user_id('alice');
DECLARE plain CURSOR FOR SELECT user_id, name FROM apikey.keys;
DECLARE held CURSOR WITH HOLD FOR SELECT user_id, name FROM apikey.keys;
FETCH ALL plain;
COMMIT;
FETCH ALL held;
CLOSE held;
BEGIN;
SET LOCAL apikey.empty_without_identity = on;
DECLARE held CURSOR WITH HOLD FOR SELECT user_id, name FROM apikey.keys;
COMMIT;
SET apikey.user_id = 'alice';
BEGIN;
SELECT apikey.set_user_id('bob');
FETCH ALL held;
COMMIT;
CLOSE held;

-- A deferred trigger still has the identity of its transaction.
CREATE TEMP TABLE deferred (n int);
CREATE FUNCTION pg_temp.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', regress_apikey.who(); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER tell AFTER INSERT ON deferred DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.tell();
BEGIN; SELECT apikey.set_user_id('bob'); INSERT INTO deferred VALUES (1); COMMIT;
INSERT INTO deferred VALUES (2);

-- Only superusers can set the modes and safeguards.
SELECT state($$SET apikey.identity = 'session'$$);
SELECT state($$SET LOCAL apikey.identity = 'role'$$);
SELECT state($$SELECT set_config('apikey.identity', 'claims', true)$$);
SELECT state($$CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql SET apikey.identity = 'session' RETURN 1; SELECT pg_temp.f()$$);
SELECT state($$ALTER ROLE regress_apikey_worker SET apikey.identity = 'session'$$);
SELECT state($$SET apikey.strict_checks = on$$);
SELECT state($$SET apikey.allow_drop = on$$);
SELECT state($$SET apikey.master_key_source = 'env:HOME'$$);
SELECT state($$SHOW apikey.master_key_source$$);
SELECT state($$SET apikey.no_such_setting = 'x'$$);
\set VERBOSITY sqlstate
ALTER SYSTEM SET apikey.identity = 'session';
SELECT who();

RESET SESSION AUTHORIZATION;
SELECT sum(apikey.purge_user(u)) FROM unnest(ARRAY['alice', 'bob', '42', '00000000-0000-4000-8000-00000000000a']) u;
DROP FUNCTION who(), state(text);
