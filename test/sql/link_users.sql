-- Linking user ids to the application's own users tables.
\set SHOW_CONTEXT never
\pset format unaligned
SET client_min_messages = error;
-- A separate database, since other tests leave keys behind.
CREATE DATABASE regression_apikey_link TEMPLATE template0;
\c regression_apikey_link
SET client_min_messages = error;
CREATE EXTENSION apikey;

CREATE ROLE regress_apikey_link_admin LOGIN IN ROLE apikey_admin;
CREATE ROLE regress_apikey_link_app LOGIN IN ROLE apikey_user;
CREATE SCHEMA regress_apikey_link AUTHORIZATION regress_apikey_link_app;
GRANT USAGE ON SCHEMA regress_apikey_link TO regress_apikey_link_admin;
SET search_path = regress_apikey_link;

-- Runs a statement and returns its outcome: all that a driver sees of an error.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text; argument text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, argument = COLUMN_NAME;
	RETURN concat_ws(' | ', state, nullif(argument, ''), message, nullif(detail, ''), nullif(hint, ''));
END $$;
CREATE FUNCTION add_key(user_id text, name text DEFAULT 'one') RETURNS text LANGUAGE sql AS $$
	SELECT outcome(format('SELECT apikey.create_key_for(%L, %L, ''custom'', ''a-value-of-no-use'', env_var => ''SOME_KEY'')', user_id, name));
$$;
CREATE VIEW held AS SELECT user_id, name, deleted_at IS NOT NULL AS deleted FROM apikey.all_keys ORDER BY 1, 2;
GRANT SELECT ON held TO PUBLIC;
GRANT USAGE ON SCHEMA regress_apikey_link TO PUBLIC;

SET ROLE regress_apikey_link_app;
CREATE TABLE users_int4 (id int4 PRIMARY KEY, email text);
CREATE TABLE users_int2 (id int2 PRIMARY KEY);
CREATE TABLE users_int8 (id int8 PRIMARY KEY);
CREATE TABLE users_uuid (id uuid PRIMARY KEY);
CREATE TABLE users_text (id text PRIMARY KEY);
CREATE TABLE users_varchar (id varchar(40) PRIMARY KEY);
INSERT INTO users_int4 VALUES (1), (2), (5), (-7), (0);
INSERT INTO users_int2 VALUES (1), (32767);
INSERT INTO users_int8 VALUES (1), (9223372036854775807), (-9223372036854775808);
INSERT INTO users_uuid VALUES ('0b5c6d7e-0000-4000-8000-00000000000a');
INSERT INTO users_text VALUES ('alice'), ('5'), (' odd '), ('');
INSERT INTO users_varchar VALUES ('bob');
RESET ROLE;

-- Who may link: apikey_admin, with TRIGGER on the table.
SET ROLE regress_apikey_link_app;
SELECT outcome($$SELECT apikey.link_users('users_int4', 'id')$$);
SET ROLE regress_apikey_link_admin;
SELECT outcome($$SELECT apikey.link_users('users_int4', 'id')$$);
SELECT outcome($$SELECT apikey.unlink_users('users_int4')$$);
RESET ROLE;
GRANT TRIGGER ON users_int4, users_int2, users_int8, users_uuid, users_text, users_varchar TO regress_apikey_link_admin;

-- What can be linked.
CREATE VIEW a_view AS SELECT 1 AS id;
CREATE TABLE partitioned (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE a_partition PARTITION OF partitioned FOR VALUES FROM (1) TO (9);
CREATE TEMP TABLE temporary (id int PRIMARY KEY);
CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY);
CREATE TABLE odd (a int4 NOT NULL, b int4 UNIQUE, c numeric PRIMARY KEY, d int4 NOT NULL,
	e int4 NOT NULL UNIQUE DEFERRABLE, f int4 NOT NULL, g int4 NOT NULL, h char(4) NOT NULL UNIQUE,
	UNIQUE (f, g));
CREATE UNIQUE INDEX ON odd (d) WHERE d > 0;
CREATE UNIQUE INDEX ON odd ((g + 1));
-- Indexes whose comparisons, method or validity are not what PostgreSQL's own are.
CREATE OPERATOR CLASS own_int4_ops FOR TYPE int4 USING btree AS
	OPERATOR 1 pg_catalog.<, OPERATOR 2 pg_catalog.<=, OPERATOR 3 pg_catalog.=, OPERATOR 4 pg_catalog.>=, OPERATOR 5 pg_catalog.>,
	FUNCTION 1 pg_catalog.btint4cmp(int4, int4);
CREATE ACCESS METHOD other_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE DOMAIN an_int4 AS int4;
CREATE TABLE odd_indexes (a int4 NOT NULL, b text NOT NULL, c text COLLATE "C" NOT NULL, d int4 NOT NULL, e an_int4 NOT NULL UNIQUE);
CREATE UNIQUE INDEX ON odd_indexes (a own_int4_ops);
CREATE UNIQUE INDEX ON odd_indexes (b text_pattern_ops);
CREATE UNIQUE INDEX ON odd_indexes (c COLLATE "POSIX") INCLUDE (a);
CREATE UNIQUE INDEX odd_invalid ON odd_indexes (d);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'odd_invalid'::regclass;
CREATE TABLE odd_heap (id int4 PRIMARY KEY) USING other_heap;
SELECT outcome(format('SELECT apikey.link_users(%L, ''id'')', t))
	FROM unnest(ARRAY['a_view', 'partitioned', 'a_partition', 'temporary', 'unlogged', 'pg_catalog.pg_class',
		'apikey.linked_users']) t;
SELECT outcome(format('SELECT apikey.link_users(''odd'', %L)', c))
	FROM unnest(ARRAY['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'nothing', 'ctid']) c;
SELECT outcome(format('SELECT apikey.link_users(''odd_indexes'', %L)', c)) FROM unnest(ARRAY['a', 'b', 'd', 'e']) c;
SELECT outcome($$SELECT apikey.link_users('odd_heap', 'id')$$);
-- The collation does not matter.
BEGIN;
SELECT apikey.link_users('odd_indexes', 'c');
INSERT INTO odd_indexes VALUES (1, 'b', 'Bob', 1, 1);
SELECT add_key('Bob'), add_key('bob');
ROLLBACK;
SELECT outcome($$SELECT apikey.link_users('users_int4', 'id', 'forget')$$);
SELECT outcome($$SELECT apikey.link_users('users_int4', 'id', prefix => repeat('x', 65))$$);
SELECT outcome($$SELECT apikey.link_users('users_int4', 'id', prefix => E'a\tb')$$);
SELECT outcome($$SELECT apikey.link_users(NULL, 'id')$$);
SELECT outcome($$SELECT apikey.link_users('users_int4', NULL)$$);
SELECT outcome($$SELECT apikey.link_users(4294967295::oid, 'id')$$);
SELECT count(*) FROM apikey.linked_users;

-- Without a link, every user id is allowed.  link_users() refuses while keys that
-- are not deleted belong to unknown users.
SELECT add_key('1'), add_key('nobody'), add_key('05'), add_key('5', 'gone');
SELECT outcome($$SELECT apikey.link_users('users_int4', 'id')$$);
SELECT apikey.purge_user('nobody');
SELECT outcome($$SELECT apikey.link_users('users_int4', 'id')$$);
SELECT apikey.delete_key_for(user_id, id) IS NOT NULL AS deleted FROM apikey.all_keys WHERE user_id = '05';
SET ROLE regress_apikey_link_admin;
SELECT apikey.link_users('users_int4', 'id', NULL, NULL);
RESET ROLE;
SELECT * FROM apikey.linked_users;
SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'users_int4'::regclass ORDER BY 1;
SELECT outcome($$SELECT apikey.link_users('users_int4', 'id')$$);
SELECT outcome($$SELECT apikey.link_users('users_int2', 'id')$$);

-- Unknown users and non-canonical user ids are refused.
SELECT u, add_key(u, 'two') FROM unnest(ARRAY['2', '-7', '0', '3', '02', '+2', ' 2', '2 ', '-0', '--2', '-', '2.0', '0x2', '2e0',
	'abc', '2147483648', '99999999999999999999', '2; DROP TABLE users_int4']) u;
SELECT * FROM held;

-- The application itself: with the identity of a user, of one inserted in the same
-- transaction, and of one whose insertion was rolled back.
SET ROLE regress_apikey_link_app;
BEGIN;
SELECT apikey.set_user_id(42);
SELECT outcome($$SELECT apikey.create_key('mine', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY')$$);
INSERT INTO users_int4 VALUES (42);
SELECT outcome($$SELECT apikey.create_key('mine', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY')$$);
ROLLBACK;
BEGIN;
SELECT apikey.set_user_id(42);
SELECT outcome($$SELECT apikey.set_key('mine', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY')$$);
ROLLBACK;
-- The application needs no privilege on a users table to store a key, and the
-- table's row-level security does not matter, forced or not.
ALTER TABLE users_int4 ENABLE ROW LEVEL SECURITY;
ALTER TABLE users_int4 FORCE ROW LEVEL SECURITY;
BEGIN;
SELECT apikey.set_user_id(2);
SELECT outcome($$SELECT apikey.create_key('rls', 'custom', 'a-value-of-no-use', env_var => 'SOME_KEY')$$);
ROLLBACK;
ALTER TABLE users_int4 NO FORCE ROW LEVEL SECURITY;
ALTER TABLE users_int4 DISABLE ROW LEVEL SECURITY;
RESET ROLE;

-- Deleting a user deletes the user's keys.  Updating an id that has keys is
-- refused, and so is TRUNCATE; other columns and ids without keys may change.
SET ROLE regress_apikey_link_app;
SELECT outcome('UPDATE users_int4 SET id = 6 WHERE id = 5');
SELECT outcome('UPDATE users_int4 SET id = id, email = ''x'' WHERE id = 5');
SELECT outcome('TRUNCATE users_int4');
INSERT INTO users_int4 VALUES (8);
UPDATE users_int4 SET id = 9 WHERE id = 8;
BEGIN;
DELETE FROM users_int4 WHERE id IN (5, 9, -7);
SAVEPOINT s;
DELETE FROM users_int4;
SELECT outcome('TRUNCATE users_int4');
SELECT * FROM held;
ROLLBACK TO s;
COMMIT;
RESET ROLE;
SELECT * FROM held;
-- A reused id does not get the old keys.
INSERT INTO users_int4 VALUES (5);
SELECT count(*) FROM apikey.all_keys WHERE user_id = '5';

-- Restoring a key is refused if its user does not exist.
SELECT outcome(format('SELECT apikey.restore_key_for(%L, %L)', user_id, id)) FROM apikey.all_keys WHERE user_id = '05';
SELECT apikey.purge_user('05');

-- Several tables: the longest prefix counts.
SELECT apikey.link_users('users_int2', 'id', 'soft_delete', 'org:');
SELECT apikey.link_users('users_int8', 'id', prefix => 'org:big:');
SELECT apikey.link_users('users_uuid', 'id', prefix => 'u-');
SELECT apikey.link_users('users_text', 'id', prefix => 't:');
SELECT apikey.link_users('users_varchar', 'id', prefix => 'V');
SELECT u, add_key(u) FROM unnest(ARRAY['org:1', 'org:32767', 'org:32768', 'org:2', 'org:', 'org', 'org:big:1', 'org:big:2',
	'org:big:9223372036854775807', 'org:big:9223372036854775808', 'org:big:-9223372036854775808',
	'u-0b5c6d7e-0000-4000-8000-00000000000a', 'u-0B5C6D7E-0000-4000-8000-00000000000A',
	'u-0b5c6d7e000040008000-00000000000a', 'u-{0b5c6d7e-0000-4000-8000-00000000000a}',
	'u-0b5c6d7e-0000-4000-8000-00000000000', 'u-0b5c6d7e-0000-4000-8000-00000000000a0', 'u-', 'U-0b5c6d7e-0000-4000-8000-00000000000a',
	't:alice', 't:Alice', 't:5', 't:05', 't: odd ', 't:odd', 't:', 'Vbob', 'Vbob ', 'vbob']) u;
DELETE FROM users_int2 WHERE id = 1;
DELETE FROM users_int8;
DELETE FROM users_uuid;
DELETE FROM users_text WHERE id IN (' odd ', '');
DELETE FROM users_varchar;
SELECT * FROM held WHERE user_id ~ '^[a-zV]';
-- soft_delete leaves keys unchanged that were deleted before.
SELECT add_key('org:32767', 'two');
SELECT apikey.delete_key_for(user_id, id) IS NOT NULL FROM apikey.all_keys WHERE user_id = 'org:32767' AND name = 'one';
CREATE TEMP TABLE before AS SELECT deleted_at FROM apikey.all_keys WHERE user_id = 'org:32767' AND name = 'one';
DELETE FROM users_int2;
SELECT name, deleted_at IS NOT NULL AS deleted, deleted_at = (SELECT deleted_at FROM before) AS same
	FROM apikey.all_keys WHERE user_id = 'org:32767' ORDER BY 1;
-- TRUNCATE is allowed if all keys belong to a longer prefix, but not if there are
-- deleted keys.
INSERT INTO users_int8 VALUES (1);
SELECT add_key('org:big:1');
SELECT outcome('TRUNCATE users_int2');
SELECT apikey.purge_user('org:1') + apikey.purge_user('org:32767') AS purged;
SELECT outcome('TRUNCATE users_int2');
SELECT outcome('TRUNCATE users_int8');
-- Deleting a user whose id looks like a user id of another link leaves that link's
-- keys.
INSERT INTO users_text VALUES ('big:1');
SELECT apikey.unlink_users('users_int2');
SELECT apikey.unlink_users('users_text');
SELECT apikey.link_users('users_text', 'id', prefix => 'org:');
DELETE FROM users_text WHERE id = 'big:1';
SELECT * FROM held WHERE user_id ~ '^org';

-- Ids are compared byte by byte, even with a collation for which 'Bob' = 'bob'.
CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE users_anycase (id text COLLATE anycase PRIMARY KEY);
INSERT INTO users_anycase VALUES ('Bob'), ('carol');
SELECT apikey.link_users('users_anycase', 'id', prefix => 'any:');
SELECT add_key('any:bob'), add_key('any:Bob'), add_key('any:carol');
BEGIN;
DELETE FROM users_anycase WHERE id = 'carol';
INSERT INTO users_anycase VALUES ('CAROL');
SELECT add_key('any:carol'), add_key('any:CAROL');
ROLLBACK;
SELECT outcome($$UPDATE users_anycase SET id = 'bob' WHERE id = 'Bob'$$);

-- Unusual names, and operators in the caller's search path that hide PostgreSQL's.
CREATE SCHEMA "regress apikey ""odd""";
CREATE TABLE "regress apikey ""odd"""."Users; --" ("the ""id""" int4 PRIMARY KEY);
CREATE FUNCTION lie(int4, int4) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR = (FUNCTION = lie, LEFTARG = int4, RIGHTARG = int4);
SET search_path = regress_apikey_link, pg_catalog;
SELECT apikey.link_users('"regress apikey ""odd"""."Users; --"', 'the "id"', prefix => 'odd:');
SELECT add_key('odd:1');
INSERT INTO "regress apikey ""odd"""."Users; --" VALUES (1);
SELECT add_key('odd:1');
SELECT outcome('UPDATE "regress apikey ""odd"""."Users; --" SET "the ""id""" = 2');
SET search_path = regress_apikey_link;
DROP OPERATOR regress_apikey_link.= (int4, int4);
-- A table that is moved and renamed stays linked.
ALTER TABLE "regress apikey ""odd"""."Users; --" SET SCHEMA regress_apikey_link;
ALTER TABLE "Users; --" RENAME TO moved;
SELECT add_key('odd:1', 'two'), add_key('odd:2');
-- The type of a linked column is changed as the error says.
ALTER TABLE moved ADD other int4;
ALTER TABLE moved ALTER other TYPE int8;
SELECT outcome('ALTER TABLE moved ALTER other TYPE text, ALTER "the ""id""" TYPE int8');
SELECT outcome('ALTER TABLE IF EXISTS nothing ALTER id TYPE int8');
BEGIN;
SELECT apikey.unlink_users('moved');
ALTER TABLE moved ALTER "the ""id""" TYPE int8;
SELECT apikey.link_users('moved', 'the "id"', 'purge', 'odd:');
COMMIT;
SELECT apikey.link_guard();
-- PostgreSQL refuses it in any case.  (The detail ends in a period from PostgreSQL 19
-- on.)
ALTER EVENT TRIGGER apikey_link_guard DISABLE;
SELECT rtrim(regexp_replace(outcome('ALTER TABLE moved ALTER "the ""id""" TYPE text'), 'trigger apikey\w+', 'trigger T'), '.') AS outcome;
ALTER EVENT TRIGGER apikey_link_guard ENABLE;
INSERT INTO moved VALUES (3000000000);
SELECT add_key('odd:3000000000'), add_key('odd:1', 'three'), add_key('odd:2');
-- The link follows its column when that is renamed, also if another one takes the
-- name.
ALTER TABLE moved RENAME "the ""id""" TO number;
ALTER TABLE moved ADD "the ""id""" int8 NOT NULL GENERATED ALWAYS AS (number + 1) STORED UNIQUE;
SELECT add_key('odd:1', 'four'), add_key('odd:2');
SELECT outcome('UPDATE moved SET number = 2 WHERE number = 1');
SELECT outcome('TRUNCATE moved');
SELECT * FROM apikey.linked_users WHERE prefix = 'odd:';
SELECT value, severity, advice FROM apikey.status() WHERE item = 'linked users' AND value ~ 'moved';
DELETE FROM moved WHERE number = 1;
SELECT * FROM held WHERE user_id ~ '^odd:';
SELECT rtrim(regexp_replace(outcome('ALTER TABLE moved DROP number'), 'trigger \w+', 'trigger T'), '.') AS outcome;
INSERT INTO moved VALUES (1);
ALTER TABLE moved DROP "the ""id""";
ALTER TABLE moved RENAME number TO id;
SELECT apikey.unlink_users('moved');
SELECT apikey.link_users('moved', 'id', prefix => 'odd:');
SELECT oid AS moved_oid FROM pg_class WHERE relname = 'moved' \gset
DROP TABLE moved;
SELECT regexp_replace(add_key('odd:1', 'four'), '\d{4,}', 'N', 'g');
SELECT severity, advice ~ 'table no longer exists' AS advised FROM apikey.status() WHERE item = 'linked users' AND severity <> 'ok';
SELECT apikey.unlink_users(:moved_oid);
SELECT apikey.unlink_users(:moved_oid);
SELECT add_key('odd:1', 'four');

-- A link that is rolled back, with a savepoint or a transaction, has no effect.
CREATE TABLE later (id int4 PRIMARY KEY);
BEGIN;
SAVEPOINT s;
SELECT apikey.link_users('later', 'id', prefix => 'later:');
SELECT add_key('later:1');
ROLLBACK TO s;
SELECT add_key('later:1');
SELECT apikey.purge_user('later:1');
SELECT apikey.link_users('later', 'id', prefix => 'later:');
SELECT add_key('later:1');
ROLLBACK;
SELECT add_key('later:1');
BEGIN;
SELECT apikey.unlink_users('users_int4');
SELECT add_key('77');
ROLLBACK;
SELECT add_key('77');
-- The same in a transaction with one snapshot.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM apikey.linked_users WHERE prefix = 'later:';
INSERT INTO later VALUES (1);
SELECT apikey.link_users('later', 'id', prefix => 'later:');
SELECT add_key('later:1', 'two'), add_key('later:2');
DELETE FROM later;
SELECT count(*) FROM apikey.all_keys WHERE user_id = 'later:1';
ROLLBACK;
SELECT * FROM held WHERE user_id ~ '^later';

-- Nobody can delete keys by creating a trigger of their own.
CREATE TABLE mine (id int4 PRIMARY KEY);
INSERT INTO mine VALUES (1);
ALTER TABLE mine OWNER TO regress_apikey_link_app;
SET ROLE regress_apikey_link_app;
SELECT outcome('CREATE TRIGGER t AFTER DELETE ON mine FOR EACH ROW EXECUTE FUNCTION apikey.users_delete_trigger()');
SELECT outcome('CREATE TRIGGER t AFTER DELETE ON users_int4 FOR EACH ROW EXECUTE FUNCTION apikey.users_delete_trigger()');
RESET ROLE;
CREATE TRIGGER t1 AFTER DELETE ON mine FOR EACH ROW EXECUTE FUNCTION apikey.users_delete_trigger();
CREATE TRIGGER t2 AFTER UPDATE ON mine FOR EACH ROW EXECUTE FUNCTION apikey.users_update_trigger();
CREATE TRIGGER t3 BEFORE TRUNCATE ON mine FOR EACH STATEMENT EXECUTE FUNCTION apikey.users_truncate_trigger();
-- On a table that is not linked, triggers do nothing, and status() says how to link
-- it again or to drop them.
SELECT add_key('1', 'of another table''s user');
SELECT outcome('UPDATE mine SET id = 2');
SELECT outcome('DELETE FROM mine');
SELECT outcome('TRUNCATE mine');
SELECT user_id, name FROM held WHERE name ~ 'another';
SELECT * FROM apikey.status() WHERE item = 'users not linked';
SELECT apikey.purge_user('1');
-- Our trigger functions work only in the triggers that link_users() creates.
CREATE TRIGGER t1 AFTER INSERT ON users_int4 FOR EACH ROW EXECUTE FUNCTION apikey.users_delete_trigger();
CREATE TRIGGER t2 BEFORE DELETE ON users_int4 FOR EACH ROW EXECUTE FUNCTION apikey.users_delete_trigger();
CREATE TRIGGER t3 AFTER DELETE ON users_int4 FOR EACH STATEMENT EXECUTE FUNCTION apikey.users_delete_trigger();
CREATE TRIGGER t4 AFTER UPDATE ON users_int4 FOR EACH ROW EXECUTE FUNCTION apikey.users_truncate_trigger();
SELECT outcome('INSERT INTO users_int4 VALUES (1000)');
SELECT outcome('DELETE FROM users_int4');
SELECT outcome('UPDATE users_int4 SET email = ''y''');
DROP TRIGGER t2 ON users_int4;
SELECT outcome('DELETE FROM users_int4');
SELECT outcome('SELECT apikey.users_delete_trigger()');

-- unlink_users drops all of our triggers, for an administrator who does not own
-- the table, and the keys stay; a second call does nothing.
SET ROLE regress_apikey_link_admin;
SELECT apikey.unlink_users('users_int4');
SELECT apikey.unlink_users('users_int4');
RESET ROLE;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'users_int4'::regclass AND tgname <> 't';
SELECT add_key('nobody'), outcome('TRUNCATE users_int4');
SELECT apikey.purge_user(user_id) > 0 AS purged FROM (SELECT DISTINCT user_id FROM held) s;
-- Triggers of ours under other names, and others under ours.
SELECT regexp_replace(outcome($$SELECT apikey.link_users('mine', 'id')$$), '\(\d+\)', '(N)');
SELECT apikey.unlink_users('mine');
CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER apikey_users_update AFTER UPDATE ON mine FOR EACH ROW EXECUTE FUNCTION own();
SELECT outcome($$SELECT apikey.link_users('mine', 'id')$$);
ALTER TRIGGER apikey_users_update ON mine RENAME TO own;
-- Triggers that a dump without our rows has brought are replaced, and enabled, under
-- a lock that readers do not notice.
SELECT apikey.link_users('mine', 'id', 'soft_delete', E'it''s \\a:');
DELETE FROM apikey.user_links WHERE users = 'mine'::regclass;
ALTER TABLE mine DISABLE TRIGGER apikey_users_delete;
SELECT advice FROM apikey.status() WHERE item = 'users not linked';
SELECT link_statement FROM apikey.link_triggers WHERE users = 'mine'::regclass \gset
BEGIN;
:link_statement;
SELECT DISTINCT mode FROM pg_locks WHERE relation = 'mine'::regclass AND mode ~ 'Exclusive' ORDER BY 1;
COMMIT;
SELECT * FROM apikey.linked_users WHERE users = 'mine'::regclass;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'mine'::regclass AND NOT tgisinternal ORDER BY 1;
-- The same under other names.
DELETE FROM apikey.user_links WHERE users = 'mine'::regclass;
ALTER TRIGGER apikey_users_truncate ON mine RENAME TO renamed;
SELECT link_statement FROM apikey.link_triggers WHERE users = 'mine'::regclass \gset
\echo :link_statement
:link_statement;
SELECT * FROM apikey.linked_users WHERE users = 'mine'::regclass;
SELECT apikey.unlink_users('mine');
SELECT apikey.link_users('mine', 'id');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'mine'::regclass AND NOT tgisinternal ORDER BY 1;
-- If the row is removed from the table, the link is gone for other sessions too.
TRUNCATE apikey.user_links;
SELECT add_key('nobody');
SELECT apikey.purge_user('nobody');

-- Not within a security-restricted operation.
CREATE FUNCTION sneak_in() RETURNS void LANGUAGE sql VOLATILE AS 'DELETE FROM regress_apikey_link.mine';
CREATE FUNCTION sneak(int4) RETURNS int4 LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	PERFORM regress_apikey_link.sneak_in();
	RETURN $1;
END $$;
CREATE TABLE trap (a int4);
INSERT INTO trap VALUES (1);
SELECT apikey.link_users('mine', 'id');
INSERT INTO mine VALUES (1);
SELECT outcome('CREATE INDEX ON trap (sneak(a))');
SELECT apikey.unlink_users('mine');

-- Clean up.
\c contrib_regression
SET client_min_messages = error;
DROP DATABASE regression_apikey_link;
DROP ROLE regress_apikey_link_admin, regress_apikey_link_app;
