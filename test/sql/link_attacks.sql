-- Linked users tables: their owners cannot exploit a link, and a table that is no
-- longer what was linked is detected.
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '(null)'
SET client_min_messages = error;
CREATE DATABASE regression_apikey_attacks TEMPLATE template0;
\c regression_apikey_attacks
SET client_min_messages = error;
CREATE EXTENSION apikey;
CREATE ROLE regress_apikey_attacks_app IN ROLE apikey_user, apikey_reveal;
CREATE ROLE regress_apikey_attacks_admin IN ROLE apikey_admin;
CREATE ROLE regress_apikey_attacks_mallory;
CREATE SCHEMA evil AUTHORIZATION regress_apikey_attacks_mallory;
GRANT USAGE ON SCHEMA evil TO PUBLIC;

-- Runs a statement and returns its outcome, with OIDs masked.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', state, regexp_replace(message, '\d{5,}', 'N'), nullif(detail, ''), regexp_replace(nullif(hint, ''), '\d{5,}', 'N'));
END $$;
CREATE FUNCTION add_key(user_id text, name text DEFAULT 'one') RETURNS text LANGUAGE sql AS $$
	SELECT outcome(format('SELECT apikey.create_key_for(%L, %L, ''custom'', ''a-value-of-no-use'', env_var => ''SOME_KEY'')', user_id, name));
$$;
CREATE VIEW held AS SELECT user_id, name, deleted_at IS NOT NULL AS deleted FROM apikey.all_keys ORDER BY 1, 2;
CREATE VIEW links AS SELECT value, severity, regexp_replace(advice, '\d{5,}', 'N') AS advice FROM apikey.status() WHERE item = 'linked users';

-- An index of the users table calls a function of the table's owner, which the
-- planner of a query on the table evaluates.  No such query may run in a session
-- that stores a key: nothing of what follows happens.
SET ROLE regress_apikey_attacks_mallory;
SET search_path = evil, public;
CREATE TABLE users (id int4 PRIMARY KEY);
INSERT INTO users VALUES (1), (2), (3);
CREATE TABLE loot (what text);
CREATE TABLE orders (what text);
INSERT INTO orders VALUES ('nothing');
-- What the caller would then execute at COMMIT.
CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO evil.loot SELECT current_user || ': ' || k.name || ' ' || apikey.reveal_key(k.name) FROM apikey.keys k;
	RETURN NULL;
END $$;
GRANT INSERT ON loot TO PUBLIC;
CREATE TABLE trap (a int4);
CREATE CONSTRAINT TRIGGER t AFTER INSERT ON trap DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION take();
CREATE FUNCTION do_it() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	statement text; state text := 'done';
BEGIN
	SELECT what INTO statement FROM evil.orders;
	IF statement = 'fail' THEN
		RAISE EXCEPTION 'failed on purpose';
	ELSIF statement <> 'nothing' THEN
		BEGIN
			EXECUTE statement;
		EXCEPTION WHEN OTHERS THEN
			state := SQLSTATE || ' ' || SQLERRM;
		END;
		RAISE WARNING '% did % (%)', current_user, statement, state;
	END IF;
	RETURN state;
END $$;
CREATE FUNCTION evil(int4) RETURNS int4 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	PERFORM evil.do_it();
	RETURN $1;
END $$;
CREATE INDEX ON users ((evil(1)));
GRANT TRIGGER ON users TO regress_apikey_attacks_admin;
RESET ROLE;
SET search_path = public;
SET ROLE regress_apikey_attacks_admin;
SELECT apikey.link_users('evil.users', 'id');
RESET ROLE;
SELECT add_key('2', 'of the victim');

-- It tries to queue a deferred trigger, to read what the session may read, and to
-- change the session's settings.
CREATE FUNCTION attack(statement text) RETURNS void LANGUAGE sql AS 'UPDATE evil.orders SET what = statement';
SET client_min_messages = warning;
SELECT attack('INSERT INTO evil.trap VALUES (1)');
\c -
SET client_min_messages = warning;
\pset format unaligned
SET ROLE regress_apikey_attacks_app;
BEGIN;
SELECT apikey.set_user_id(1);
SELECT apikey.create_key('mine', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
COMMIT;
RESET ROLE;
SELECT * FROM evil.loot;
SELECT attack('SELECT set_config(''apikey.user_id'', ''2'', true)');
\c -
SET client_min_messages = warning;
SET ROLE regress_apikey_attacks_app;
BEGIN;
SELECT apikey.set_user_id(1);
SELECT apikey.create_key('mine too', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
SELECT apikey.current_user_id();
SELECT name FROM apikey.keys ORDER BY 1;
COMMIT;
RESET ROLE;
SELECT attack('SELECT set_config(''search_path'', ''evil'', false), set_config(''datestyle'', ''German'', true)');
\c -
SET client_min_messages = warning;
SET ROLE regress_apikey_attacks_app;
BEGIN;
SELECT apikey.set_user_id(1);
SELECT apikey.create_key('last', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
SELECT current_setting('search_path'), current_setting('datestyle') = 'German, DMY' AS german;
COMMIT;
SELECT current_setting('search_path'), current_setting('datestyle') = 'German, DMY' AS german;
RESET ROLE;
SELECT attack('SELECT apikey.current_user_id(), apikey.reveal_key(''mine'')');
GRANT apikey_reveal, apikey_user TO regress_apikey_attacks_mallory;
\c -
SET client_min_messages = warning;
SET ROLE regress_apikey_attacks_app;
BEGIN;
SELECT apikey.set_user_id(1);
SELECT apikey.create_key('four', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
COMMIT;
RESET ROLE;
REVOKE apikey_reveal, apikey_user FROM regress_apikey_attacks_mallory;
SELECT attack('fail');
\c -
SET client_min_messages = warning;
SET ROLE regress_apikey_attacks_app;
BEGIN;
SELECT apikey.set_user_id(1);
SAVEPOINT s;
SELECT apikey.create_key('five', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY') IS NOT NULL AS created;
ROLLBACK TO s;
SELECT current_user, apikey.current_user_id();
COMMIT;
RESET ROLE;
SELECT attack('nothing');
SELECT apikey.unlink_users('evil.users');
SELECT apikey.purge_user(n::text) FROM generate_series(1, 3) n;
SELECT * FROM evil.loot;

-- A linked table becomes a partition: a row that moves to another partition is
-- deleted from the table, although its user still exists.
CREATE TABLE people (region text NOT NULL DEFAULT 'eu', id int4 PRIMARY KEY);
CREATE TABLE people_us (region text NOT NULL, id int4 NOT NULL);
INSERT INTO people VALUES ('eu', 1), ('eu', 2);
SELECT apikey.link_users('people', 'id');
SELECT add_key('1'), add_key('2');
CREATE TABLE everybody (region text NOT NULL, id int4 NOT NULL) PARTITION BY LIST (region);
ALTER TABLE everybody ATTACH PARTITION people FOR VALUES IN ('eu');
ALTER TABLE everybody ATTACH PARTITION people_us FOR VALUES IN ('us');
SELECT * FROM links;
SELECT outcome('UPDATE everybody SET region = ''us'' WHERE id = 1');
SELECT outcome('DELETE FROM everybody WHERE id = 1');
SELECT outcome('UPDATE people SET id = 3 WHERE id = 1');
SELECT outcome('TRUNCATE everybody');
SELECT add_key('1', 'two');
SELECT * FROM held;
ALTER TABLE everybody DETACH PARTITION people;
SELECT * FROM links;
SELECT add_key('1', 'two');
DELETE FROM people WHERE id = 1;
SELECT * FROM held;
-- Or it becomes a table that a crash would empty.
ALTER TABLE people SET UNLOGGED;
SELECT * FROM links;
SELECT add_key('2', 'two'), outcome('DELETE FROM people');
ALTER TABLE people SET LOGGED;
SELECT add_key('2', 'two'), outcome('DELETE FROM people');
SELECT * FROM held;

-- Without the trigger on deletion, no key is stored for users of this table, and
-- status() says what to do.
INSERT INTO people (id) VALUES (1);
ALTER TABLE people DISABLE TRIGGER apikey_users_delete;
SELECT add_key('1');
SELECT * FROM links;
ALTER TABLE people ENABLE REPLICA TRIGGER apikey_users_delete;
SELECT add_key('1');
ALTER TABLE people ENABLE ALWAYS TRIGGER apikey_users_delete;
SELECT add_key('1');
DROP TRIGGER apikey_users_delete ON people;
CREATE TRIGGER apikey_users_delete AFTER DELETE ON people FOR EACH STATEMENT EXECUTE FUNCTION apikey.users_delete_trigger();
SELECT add_key('1', 'two');
SELECT apikey.unlink_users('people');
SELECT apikey.link_users('people', 'id');
SELECT add_key('1', 'two');
-- A link restored from a dump, whose OID now belongs to another table with the
-- same column, to an index, or to nothing.
CREATE TABLE strangers (id int4 PRIMARY KEY);
INSERT INTO strangers VALUES (7);
SELECT apikey.purge_user('1') AS purged;
SELECT apikey.unlink_users('people');
INSERT INTO apikey.user_links VALUES ('strangers', 'purge', 's:'), ('strangers_pkey', 'purge', 'i:'), (4294967295, 'purge', 'n:');
SELECT add_key('s:7'), add_key('i:7'), add_key('n:7'), add_key('other');
SELECT * FROM links ORDER BY value COLLATE "C";
SELECT apikey.unlink_users('strangers'), apikey.unlink_users('strangers_pkey'), apikey.unlink_users(4294967295);
SELECT add_key('s:7');
SELECT apikey.purge_user('s:7'), apikey.purge_user('other');

-- unlink_users() does not lock a table without our triggers.
GRANT TRIGGER ON strangers, people TO regress_apikey_attacks_admin;
SELECT apikey.link_users('people', 'id', prefix => 'p:');
SET ROLE regress_apikey_attacks_admin;
BEGIN;
SELECT apikey.unlink_users('strangers');
SELECT apikey.unlink_users('people');
SELECT relation::regclass, mode FROM pg_locks WHERE relation IN ('strangers'::regclass, 'people'::regclass) AND mode = 'AccessExclusiveLock';
COMMIT;
RESET ROLE;

-- After a link is removed, its user ids belong to the next shorter prefix: stored
-- keys stay, and no keys are added for users that are not in that table.
INSERT INTO people (id) VALUES (5);
SELECT apikey.link_users('people', 'id');
SELECT apikey.link_users('strangers', 'id', prefix => 'org:');
SELECT add_key('org:7'), add_key('5');
SELECT apikey.unlink_users('strangers');
SELECT * FROM held;
SELECT add_key('org:7', 'two');
SELECT outcome('TRUNCATE people');

-- Clean up.
\c contrib_regression
SET client_min_messages = error;
DROP DATABASE regression_apikey_attacks;
DROP ROLE regress_apikey_attacks_app, regress_apikey_attacks_admin, regress_apikey_attacks_mallory;
