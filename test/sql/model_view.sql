-- Views made by create_model_view(): INSERT, UPDATE and DELETE call the functions
-- of keys, as the role that writes.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

-- The outcome of a statement, rolled back if it failed, without its hint.
CREATE FUNCTION brief(statement text) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(regress_apikey.outcome(statement), '\n.*', '', 'n') $$;
CREATE FUNCTION plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || statement; END $$;

CREATE TABLE users (id bigint PRIMARY KEY, email text);
CREATE TABLE people (id text PRIMARY KEY);
CREATE TABLE orgs (id uuid PRIMARY KEY);
CREATE TABLE unlinked (id int PRIMARY KEY);
INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 5000) n;
INSERT INTO people SELECT 'person ' || n FROM generate_series(1, 5000) n;
INSERT INTO orgs VALUES ('0f000000-0000-4000-8000-000000000001');
ANALYZE users, people, orgs;
GRANT SELECT ON users, people, orgs TO regress_apikey_web;
SELECT apikey.link_users('users', 'id'), apikey.link_users('people', 'id', prefix => 'person:'), apikey.link_users('orgs', 'id', prefix => 'org:');

-- Whoever may create a view in the schema, and may use keys, creates one.
CREATE ROLE regress_apikey_builder IN ROLE apikey_user;
SET ROLE regress_apikey_builder;
SELECT outcome($$SELECT apikey.create_model_view('regress_apikey.keys')$$);
RESET ROLE;
GRANT CREATE ON SCHEMA regress_apikey TO regress_apikey_builder;
SET ROLE regress_apikey_builder;
SELECT apikey.create_model_view('keys', 'users'), apikey.create_model_view('regress_apikey."Org keys"', 'orgs'),
	apikey.create_model_view('person_keys', 'people'), apikey.create_model_view('text_keys'), apikey.create_model_view('pg_temp.temp_keys', 'users');
SELECT outcome(s) FROM unnest(ARRAY[
	$$SELECT apikey.create_model_view('keys')$$, $$SELECT apikey.create_model_view(NULL)$$, $$SELECT apikey.create_model_view('a b')$$,
	$$SELECT apikey.create_model_view('')$$, $$SELECT apikey.create_model_view('no_such_schema.keys')$$, $$SELECT apikey.create_model_view('pg_catalog.keys')$$,
	$$SELECT apikey.create_model_view('more', 'unlinked')$$, $$SELECT apikey.create_model_view('more', 'keys')$$, $$SELECT apikey.create_model_view('more', 0)$$,
	$$SELECT apikey.create_model_view('x); DROP TABLE users; --')$$]) s;
GRANT SELECT, INSERT, UPDATE, DELETE ON keys, "Org keys", person_keys, text_keys TO regress_apikey_web, regress_apikey_monitor, regress_apikey_nobody;
RESET ROLE;
SELECT outcome($$SET ROLE regress_apikey_nobody; SELECT apikey.create_model_view('mine')$$);
RESET ROLE;
-- It is its creator's, with the columns of apikey.keys, user_id in the type of the
-- users' ids, and value.
SELECT relname, relowner::regrole, reloptions FROM pg_class WHERE relkind = 'v' AND relnamespace = 'regress_apikey'::regnamespace AND relname ~ 'keys' ORDER BY relname COLLATE "C";
SELECT attrelid::regclass, format_type(atttypid, atttypmod), collname FROM pg_attribute LEFT JOIN pg_collation c ON c.oid = attcollation
	WHERE attrelid = ANY (ARRAY['keys', '"Org keys"', 'person_keys', 'text_keys']::regclass[]) AND attname = 'user_id' ORDER BY 1::text COLLATE "C";
SELECT count(*) FROM (SELECT attname FROM pg_attribute WHERE attrelid = 'keys'::regclass AND attnum > 0 EXCEPT SELECT attname FROM pg_attribute WHERE attrelid = 'apikey.keys'::regclass) c;
SELECT obj_description('keys'::regclass), col_description('keys'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'keys'::regclass AND attname = 'value';

-- INSERT, one row and several; RETURNING has the id and the defaults, and never the
-- value.
SET ROLE regress_apikey_web;
BEGIN;
SELECT apikey.set_user_id(1);
INSERT INTO keys (name, key_type, value) VALUES ('main', 'openai', openai('main'))
	RETURNING id IS NOT NULL, user_id, name, key_type, label, hint = 'sk-...' || right(openai('main'), 4), env_var, metadata, created_at = now(), updated_at = now(), expires_at, disabled_at, disabled_reason, deleted_at, is_active, usable, value;
INSERT INTO keys (user_id, name, key_type, value, expires_at, metadata, env_var) VALUES
	(1, 'second', 'custom', secret('v-', 24, '2'), '2050-01-01', '{"team": "a"}', 'SECOND_KEY'), (NULL, 'third', 'custom', secret('v-', 24, '3'), 'infinity', NULL, '')
	RETURNING user_id, name, expires_at, metadata, env_var;
-- As an ORM sends them: every column, with ids of its own, and its idea of the rest.
INSERT INTO keys (id, user_id, name, key_type, label, hint, env_var, metadata, created_at, updated_at, expires_at, disabled_at, disabled_reason, deleted_at, is_active, usable, value)
	VALUES ('01000000-0000-4000-8000-000000000001', 1, 'orm', 'custom', '', '', '', '{}', '2001-01-01', '2001-01-01', NULL, NULL, '', NULL, true, NULL, secret('v-', 24, 'orm'))
	RETURNING id, label, created_at = now(), is_active, usable, disabled_reason;
INSERT INTO keys (name, key_type, value, is_active, disabled_reason) VALUES ('paused', 'custom', secret('v-', 24, 'p'), false, 'not yet') RETURNING is_active, usable, disabled_at = now(), disabled_reason;
COPY keys (name, key_type, value) FROM STDIN;
copied	custom	a-value-of-no-use-at-all
\.
COMMIT;
SET ROLE regress_apikey_worker;
SELECT n, apikey.reveal_key(n) = v FROM apikey.set_user_id(1), (VALUES ('main', openai('main')), ('second', secret('v-', 24, '2')), ('orm', secret('v-', 24, 'orm')), ('copied', 'a-value-of-no-use-at-all')) k(n, v);
SET ROLE regress_apikey_web;

-- What INSERT refuses: with the functions' errors, or of its own.
BEGIN;
SELECT apikey.set_user_id(1);
SELECT s, outcome(s) FROM unnest(ARRAY[
	$$INSERT INTO keys (name, key_type, value) VALUES ('main', 'custom', 'a-value-of-no-use')$$,
	$$INSERT INTO keys (id, name, key_type, value) VALUES ('01000000-0000-4000-8000-000000000001', 'other', 'custom', 'a-value-of-no-use')$$,
	$$INSERT INTO keys (name, key_type) VALUES ('no value', 'custom')$$,
	$$INSERT INTO keys (key_type, value) VALUES ('custom', 'a-value-of-no-use')$$,
	$$INSERT INTO keys (name, value) VALUES ('no type', 'a-value-of-no-use')$$,
	$$INSERT INTO keys (name, key_type, value) VALUES ('wrong', 'groq', 'a-value-of-no-use')$$,
	$$INSERT INTO keys (name, key_type, value, expires_at) VALUES ('past', 'custom', 'a-value-of-no-use', '2001-01-01')$$,
	$$INSERT INTO keys (user_id, name, key_type, value) VALUES (2, 'foreign', 'custom', 'a-value-of-no-use')$$,
	$$INSERT INTO keys (name, key_type, value, deleted_at) VALUES ('deleted', 'custom', 'a-value-of-no-use', now())$$,
	$$INSERT INTO keys (name, key_type, value, disabled_at) VALUES ('disabled', 'custom', 'a-value-of-no-use', now())$$,
	$$INSERT INTO keys (name, key_type, value, disabled_reason) VALUES ('reason', 'custom', 'a-value-of-no-use', 'why')$$,
	$$INSERT INTO keys (name, key_type, value) VALUES ('main', 'custom', 'a-value-of-no-use') ON CONFLICT DO NOTHING$$,
	$$INSERT INTO keys (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use') ON CONFLICT (id) DO NOTHING$$,
	$$INSERT INTO "Org keys" (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use')$$]) s;
COMMIT;
SELECT outcome($$INSERT INTO keys (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use')$$);
SELECT brief($$SELECT count(*) FROM keys$$), brief($$UPDATE keys SET name = 'x'$$), brief($$DELETE FROM keys$$);
BEGIN; SELECT apikey.set_user_id('not a number'); SELECT outcome($$INSERT INTO keys (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use')$$); ROLLBACK;
BEGIN; SELECT apikey.set_user_id(5001); SELECT brief($$INSERT INTO keys (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use')$$); ROLLBACK;

-- UPDATE: what changes is changed, and what is NULL is cleared, but for the value,
-- which stays.
BEGIN;
SELECT apikey.set_user_id(1);
UPDATE keys SET name = 'primary' WHERE name = 'main' RETURNING name, hint = 'sk-...' || right(openai('main'), 4), value;
UPDATE keys SET value = openai('new'), name = 'main' WHERE name = 'primary' RETURNING name, hint = 'sk-...' || right(openai('new'), 4), value;
UPDATE keys SET expires_at = '2040-01-01', metadata = '{"a": 1}', env_var = 'OTHER_KEY' WHERE name = 'second' RETURNING expires_at, metadata, env_var;
UPDATE keys SET expires_at = NULL WHERE name = 'second' RETURNING expires_at, metadata, env_var;
UPDATE keys SET metadata = NULL, env_var = NULL WHERE name = 'second' RETURNING expires_at, metadata, env_var;
UPDATE keys SET env_var = 'OTHER_KEY' WHERE name = 'second';
UPDATE keys SET env_var = '' WHERE name = 'second' RETURNING env_var;
UPDATE keys SET is_active = false, disabled_reason = '401' WHERE name = 'second' RETURNING is_active, usable, disabled_at = now(), disabled_reason;
UPDATE keys SET disabled_reason = '402' WHERE name = 'second' RETURNING is_active, disabled_reason;
UPDATE keys SET is_active = true WHERE name = 'second' RETURNING is_active, usable, disabled_at, disabled_reason;
UPDATE keys SET is_active = NULL, disabled_reason = '' WHERE name = 'second' RETURNING is_active, disabled_reason;
-- A value together with is_active: it is stored, and the key is in that state then.
SELECT brief($$UPDATE keys SET value = secret('v-', 24, 'q') WHERE name = 'paused'$$);
UPDATE keys SET value = secret('v-', 24, 'q'), is_active = true WHERE name = 'paused' RETURNING hint = '...' || right(secret('v-', 24, 'q'), 4), is_active, usable;
UPDATE keys SET value = secret('v-', 24, 'r'), is_active = false, disabled_reason = 'not yet' WHERE name = 'paused' RETURNING hint = '...' || right(secret('v-', 24, 'r'), 4), is_active, usable, disabled_reason;
-- Every column, as it was read; and several rows.
UPDATE keys SET (id, user_id, name, key_type, label, hint, env_var, metadata, created_at, updated_at, expires_at, disabled_at, disabled_reason, deleted_at, is_active, usable, value)
	= (id, user_id, 'orm 2', key_type, '', '', env_var, metadata, '2001-01-01', '2001-01-01', expires_at, disabled_at, disabled_reason, deleted_at, is_active, true, NULL)
	WHERE name = 'orm' RETURNING id, name, label, created_at = '2001-01-01';
WITH u AS (UPDATE keys SET metadata = metadata || '{"seen": true}' RETURNING name, metadata) SELECT * FROM u ORDER BY name;
UPDATE keys SET name = name WHERE false;
COMMIT;
SET ROLE regress_apikey_worker;
SELECT n, apikey.reveal_key(n) = v FROM apikey.set_user_id(1), (VALUES ('main', openai('new')), ('second', secret('v-', 24, '2')), ('orm 2', secret('v-', 24, 'orm'))) k(n, v);
SET ROLE regress_apikey_web;
BEGIN;
SELECT apikey.set_user_id(1);
SELECT s, outcome(s) FROM unnest(ARRAY[
	$$UPDATE keys SET name = 'second' WHERE name = 'main'$$, $$UPDATE keys SET name = 'same'$$, $$UPDATE keys SET name = NULL WHERE name = 'main'$$,
	$$UPDATE keys SET value = 'not one of openai' WHERE name = 'main'$$, $$UPDATE keys SET value = '' WHERE name = 'main'$$,
	$$UPDATE keys SET expires_at = '2001-01-01' WHERE name = 'main'$$, $$UPDATE keys SET metadata = '[]' WHERE name = 'main'$$,
	$$UPDATE keys SET id = gen_random_uuid() WHERE name = 'main'$$, $$UPDATE keys SET user_id = 2 WHERE name = 'main'$$, $$UPDATE keys SET user_id = NULL WHERE name = 'main'$$,
	$$UPDATE keys SET key_type = 'custom' WHERE name = 'main'$$, $$UPDATE keys SET deleted_at = now() WHERE name = 'main'$$,
	$$UPDATE keys SET disabled_at = now() WHERE name = 'main'$$, $$UPDATE keys SET disabled_reason = 'why' WHERE name = 'main'$$]) s;
COMMIT;

-- DELETE soft-deletes.
BEGIN;
SELECT apikey.set_user_id(1);
DELETE FROM keys WHERE name = 'third' RETURNING name, user_id;
DELETE FROM keys WHERE name = 'third' RETURNING name;
SELECT name FROM apikey.deleted_keys;
SELECT name, user_id FROM keys ORDER BY name;
SELECT name FROM keys WHERE name = 'main' FOR UPDATE;
COMMIT;
-- Another user sees and changes nothing.
BEGIN;
SELECT apikey.set_user_id(2);
SELECT count(*) FROM keys;
UPDATE keys SET name = 'mine' WHERE name = 'main' RETURNING name;
DELETE FROM keys RETURNING name;
COMMIT;

-- Each linked table has its own view: with its prefix, only its users' keys.
BEGIN;
SELECT apikey.set_user_id('org:0f000000-0000-4000-8000-000000000001');
INSERT INTO "Org keys" (user_id, name, key_type, value) VALUES ('0f000000-0000-4000-8000-000000000001', 'of org', 'custom', 'a-value-of-no-use') RETURNING user_id, name;
SELECT user_id, name FROM text_keys;
SELECT (SELECT count(*) FROM "Org keys"), (SELECT count(*) FROM keys), (SELECT count(*) FROM person_keys);
SELECT outcome($$INSERT INTO keys (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use')$$);
SELECT brief($$INSERT INTO keys (user_id, name, key_type, value) VALUES (1, 'x', 'custom', 'a-value-of-no-use')$$);
INSERT INTO text_keys (user_id, name, key_type, value) VALUES ('org:0f000000-0000-4000-8000-000000000001', 'by text', 'custom', 'a-value-of-no-use') RETURNING user_id, name;
COMMIT;
BEGIN;
SELECT apikey.set_user_id('person:person 7');
INSERT INTO person_keys (user_id, name, key_type, value) VALUES ('person 7', 'of person', 'custom', 'a-value-of-no-use') RETURNING user_id, name;
SELECT count(*) FROM keys;
-- Joins go by the primary key of the users table.
SELECT p FROM plan('SELECT FROM person_keys k JOIN people u ON u.id = k.user_id') p WHERE p ~ 'people_pkey|Seq Scan on people';
SELECT p FROM plan('SELECT FROM keys k JOIN users u ON u.id = k.user_id') p WHERE p ~ 'users_pkey|Seq Scan on users';
SELECT p FROM plan('SELECT FROM users u LEFT JOIN keys k ON u.id = k.user_id WHERE u.id = 7') p WHERE p ~ 'users_pkey|Seq Scan on users';
SELECT u.id, k.name FROM person_keys k JOIN people u ON u.id = k.user_id;
COMMIT;
RESET ROLE;

-- The view follows a users table that is renamed, and a link that changes; it says
-- so when ids have another type.
ALTER TABLE users RENAME TO accounts;
SET ROLE regress_apikey_web;
SELECT count(*) FROM apikey.set_user_id(1), keys;
BEGIN; SELECT apikey.set_user_id(1); INSERT INTO keys (name, key_type, value) VALUES ('renamed', 'custom', 'a-value-of-no-use') RETURNING user_id; ROLLBACK;
RESET ROLE;
ALTER TABLE accounts RENAME TO users;
BEGIN;
SELECT apikey.unlink_users('users');
SELECT user_id, count(*) FROM apikey.set_user_id(1), keys GROUP BY 1;
ALTER TABLE users ALTER id TYPE text;
INSERT INTO users VALUES ('one');
SELECT apikey.link_users('users', 'id') FROM apikey.purge_user('1');
SELECT count(apikey.create_key_for('one', 'key', 'custom', 'a-value-of-no-use'));
SELECT outcome('SELECT * FROM keys') FROM apikey.set_user_id('one');
ROLLBACK;
SELECT outcome('DROP TABLE users');

-- Nobody gets more than the functions give: a role without their privileges cannot
-- write through a view that others granted it ...
SET ROLE regress_apikey_monitor;
BEGIN;
SELECT set_config('apikey.user_id', '1', true);
SELECT outcome($$INSERT INTO keys (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use')$$);
SELECT brief($$SELECT * FROM keys$$), brief($$UPDATE keys SET name = 'x'$$), brief($$DELETE FROM keys$$);
COMMIT;
-- ... and who may only create keys cannot change or delete them, whatever the view.
RESET ROLE;
GRANT USAGE ON SCHEMA apikey TO regress_apikey_nobody;
GRANT SELECT ON apikey.keys TO regress_apikey_nobody;
GRANT EXECUTE ON FUNCTION apikey.create_key(text, text, text, timestamptz, jsonb, text, boolean) TO regress_apikey_nobody;
SET ROLE regress_apikey_nobody;
BEGIN;
SELECT set_config('apikey.user_id', '1', true);
INSERT INTO keys (name, key_type, value) VALUES ('by nobody', 'custom', 'a-value-of-no-use') RETURNING name;
SELECT s, brief(s) FROM unnest(ARRAY['INSERT INTO keys (name, key_type, value, is_active) VALUES (''x'', ''custom'', ''a-value-of-no-use'', false)',
	'UPDATE keys SET name = ''x'' WHERE name = ''main''', 'UPDATE keys SET is_active = false WHERE name = ''main''',
	'UPDATE keys SET is_active = true WHERE name = ''paused''', 'DELETE FROM keys WHERE name = ''main''', 'SELECT apikey.create_model_view(''v'')']) s;
ROLLBACK;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION apikey.create_key(text, text, text, timestamptz, jsonb, text, boolean) FROM regress_apikey_nobody;
REVOKE SELECT ON apikey.keys FROM regress_apikey_nobody;
REVOKE USAGE ON SCHEMA apikey FROM regress_apikey_nobody;

-- The trigger on anything else does nothing but raise an error.
SET ROLE regress_apikey_builder;
CREATE TABLE other (LIKE text_keys);
CREATE TRIGGER t BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION apikey.model_view_trigger();
CREATE VIEW fewer AS SELECT id, name FROM text_keys;
CREATE VIEW wrong_type AS SELECT k.*, 1 AS one FROM (SELECT id, user_id, name::varchar AS name, key_type, value, expires_at, metadata, env_var, is_active, disabled_reason, disabled_at, deleted_at FROM text_keys) k;
CREATE VIEW wrong_user AS SELECT id, 'bob'::text AS user_id, name, key_type, value, expires_at, metadata, env_var, is_active, disabled_reason, disabled_at, deleted_at FROM text_keys;
CREATE VIEW wrong_call AS SELECT id, apikey.model_user_id(user_id, NULL, 1::bigint) AS user_id, name, key_type, value, expires_at, metadata, env_var, is_active, disabled_reason, disabled_at, deleted_at FROM text_keys;
-- Its owner may define the view again, with more columns: they are not written.
CREATE VIEW wider AS SELECT *, 'extra' AS extra, 1 AS one FROM text_keys;
CREATE VIEW foreign_rows AS SELECT '01000000-0000-4000-8000-000000000001'::uuid AS id, k.user_id, 'x'::text AS name, 'custom'::text AS key_type, NULL::text AS value, NULL::timestamptz AS expires_at, NULL::jsonb AS metadata,
	NULL::text AS env_var, true AS is_active, NULL::text AS disabled_reason, NULL::timestamptz AS disabled_at, NULL::timestamptz AS deleted_at FROM (SELECT '1'::text AS user_id) k;
CREATE VIEW null_id AS SELECT NULL::uuid AS id, k.user_id, 'x'::text AS name, 'custom'::text AS key_type, NULL::text AS value, NULL::timestamptz AS expires_at, NULL::jsonb AS metadata,
	NULL::text AS env_var, true AS is_active, NULL::text AS disabled_reason, NULL::timestamptz AS disabled_at, NULL::timestamptz AS deleted_at FROM (SELECT '2'::text AS user_id) k;
CREATE VIEW numeric_id AS SELECT '01000000-0000-4000-8000-000000000001'::uuid AS id, apikey.model_user_id(NULL, 'users', 1::numeric) AS user_id, 'x'::text AS name, 'custom'::text AS key_type, NULL::text AS value, NULL::timestamptz AS expires_at,
	NULL::jsonb AS metadata, NULL::text AS env_var, true AS is_active, NULL::text AS disabled_reason, NULL::timestamptz AS disabled_at, NULL::timestamptz AS deleted_at;
DO $$ DECLARE v text; BEGIN
	FOREACH v IN ARRAY ARRAY['fewer', 'wrong_type', 'wrong_user', 'wrong_call', 'wider', 'foreign_rows', 'null_id', 'numeric_id'] LOOP
		EXECUTE format('CREATE TRIGGER t INSTEAD OF INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION apikey.model_view_trigger()', v);
	END LOOP;
END $$;
BEGIN;
SELECT apikey.set_user_id(2);
SELECT s, outcome(s) FROM unnest(ARRAY[
	$$INSERT INTO other (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use')$$, $$INSERT INTO fewer (name) VALUES ('x')$$,
	$$INSERT INTO wrong_type (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use')$$, $$INSERT INTO wrong_user (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use')$$,
	$$INSERT INTO wrong_call (name, key_type, value) VALUES ('x', 'custom', 'a-value-of-no-use')$$,
	$$UPDATE foreign_rows SET name = 'stolen'$$, $$DELETE FROM foreign_rows$$, $$UPDATE null_id SET name = 'y', is_active = false$$, $$UPDATE null_id SET metadata = metadata$$, $$DELETE FROM null_id$$,
	$$INSERT INTO numeric_id (name, key_type, value) VALUES ('n', 'custom', 'a-value-of-no-use')$$, $$UPDATE numeric_id SET name = 'n'$$, $$DELETE FROM numeric_id$$, $$SELECT apikey.model_view_trigger()$$]) s;
INSERT INTO wider (name, key_type, value, extra) VALUES ('wide', 'custom', 'a-value-of-no-use', 'given') RETURNING user_id, name, extra, one;
UPDATE wider SET extra = 'again', name = 'wider' RETURNING name, extra, one, value;
COMMIT;
-- A view over a model view passes writes on to it.
CREATE VIEW over AS SELECT id, name, key_type, value, metadata FROM keys WHERE name LIKE 'over%';
BEGIN;
SELECT apikey.set_user_id(2);
INSERT INTO over (name, key_type, value) VALUES ('over 1', 'custom', 'a-value-of-no-use') RETURNING name;
UPDATE over SET name = 'over 2' RETURNING name;
DELETE FROM over RETURNING name;
COMMIT;
RESET ROLE;

-- The function of the column user_id.
SELECT outcome($$SELECT apikey.model_user_id('1', 'users', 1::numeric)$$);
SELECT apikey.model_user_id('1', 'users', 1::bigint), apikey.model_user_id('org:x', 'users', 1::bigint) IS NULL, apikey.model_user_id(NULL, 'users', 1::bigint) IS NULL;
SELECT outcome($$SELECT apikey.model_user_id('01', 'users', 1::bigint)$$);

DROP VIEW pg_temp.temp_keys, over, wider, foreign_rows, null_id, numeric_id, wrong_call, wrong_user, wrong_type, fewer, keys, "Org keys", person_keys, text_keys;
DROP TABLE other;
SELECT sum(apikey.purge_user(u)) FROM (SELECT DISTINCT user_id FROM apikey.all_keys) k(u);
SELECT apikey.unlink_users('users'), apikey.unlink_users('people'), apikey.unlink_users('orgs');
DROP TABLE users, people, orgs, unlinked;
DROP FUNCTION brief(text), plan(text);
REVOKE CREATE ON SCHEMA regress_apikey FROM regress_apikey_builder;
DROP OWNED BY regress_apikey_builder;
DROP ROLE regress_apikey_builder;
