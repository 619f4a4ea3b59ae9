-- When keys were last used, and about how often.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';
SET apikey.usage_interval = '1h';
SELECT apikey.create_key(name, 'custom', secret('v-', 24, name), env_var => upper(name) || '_KEY') IS NULL FROM unnest(ARRAY['one', 'two', 'three', 'four']) name;
-- The rows that there are, and whether a key has been used just now.
CREATE VIEW seen AS SELECT name, uses, last_used_at > now() - interval '1 min' AS recent FROM apikey.all_keys WHERE deleted_at IS NULL;
CREATE VIEW written AS SELECT k.name, u.uses FROM apikey.key_usage u LEFT JOIN apikey.api_keys k USING (user_id, id);
GRANT SELECT ON seen, written TO PUBLIC;

-- The first use is written, and later ones within the interval are not.
SET ROLE regress_apikey_worker;
SELECT name, last_used_at, uses FROM apikey.keys WHERE name = 'one';
SELECT apikey.reveal_key('one') = secret('v-', 24, 'one');
SELECT apikey.reveal_key(id) IS NULL FROM apikey.keys WHERE name = 'one';
SELECT length(apikey.reveal_key('one')) FROM generate_series(1, 3);
SELECT name, uses, last_used_at > now() - interval '1 min' FROM apikey.keys WHERE name IN ('one', 'two') ORDER BY name;
RESET ROLE;
SELECT * FROM written;
-- What this session has not written comes with the next write, in each list.
SET apikey.usage_interval = 0;
SELECT length(apikey.reveal_key('one'));
SELECT uses, last_used_at IS NOT NULL FROM apikey.all_keys WHERE name = 'one';
SELECT uses, last_used_at IS NOT NULL FROM apikey.find_keys(secret('v-', 24, 'one'));
SELECT uses, last_used_at IS NOT NULL FROM apikey.find_keys(secret('v-', 24, 'two'));
-- A list without these columns does not read the table.
CREATE FUNCTION reads_usage(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || statement INTO plan;
	RETURN plan::text ~ 'key_usage';
END $$;
SELECT relation, reads_usage('SELECT name, usable FROM apikey.' || relation), reads_usage('SELECT name, uses FROM apikey.' || relation)
	FROM unnest(ARRAY['keys', 'deleted_keys', 'all_keys']) relation;

-- Off.
SET apikey.usage_interval = -1;
SELECT length(apikey.reveal_key('one'));
SET apikey.usage_interval = 0;
SELECT length(apikey.reveal_key('two'));
SELECT * FROM written ORDER BY name;
SET ROLE regress_apikey_worker;
SELECT outcome('SET apikey.usage_interval = -1');
RESET ROLE;

-- A read-only transaction writes nothing; its uses are counted later.
BEGIN READ ONLY;
SELECT length(apikey.reveal_key('two')), length(apikey.reveal_key('three'));
COMMIT;
SELECT * FROM written ORDER BY name;
SELECT length(apikey.reveal_key('three'));
SELECT * FROM written ORDER BY name;
-- Nor does a refused call, whatever the reason.
SELECT apikey.disable_key('three') IS NULL;
SELECT outcome($$SELECT apikey.reveal_key('three')$$), outcome($$SELECT apikey.reveal_key('none')$$);
SELECT apikey.enable_key('three') IS NULL;
BEGIN;
UPDATE apikey.api_keys SET encrypted_value = (SELECT encrypted_value FROM apikey.api_keys WHERE name = 'one') WHERE name = 'three';
SELECT outcome($$SELECT apikey.reveal_key('three')$$);
SELECT uses FROM written WHERE name = 'three';
ROLLBACK;

-- reveal_env() uses each key that sets a variable once.
SELECT apikey.create_key('five', 'custom', secret('v-', 24, 'five'), env_var => 'ONE_KEY') IS NULL;
SELECT apikey.create_key('cloud', 'google_gemini', secret('AIza', 35)) IS NULL;
SELECT string_agg(variable, ' ' ORDER BY variable) FROM jsonb_object_keys(apikey.reveal_env()) variable;
SELECT * FROM written ORDER BY name;

-- A use that is rolled back is written later, but not each time.
SELECT apikey.create_key('often undone', 'custom', secret('v-', 24, 'undone')) IS NULL;
SET apikey.usage_interval = 3;
BEGIN;
SELECT length(apikey.reveal_key('often undone'));
SELECT uses FROM written WHERE name = 'often undone';
ROLLBACK;
SET apikey.usage_interval = '1h';
SELECT length(apikey.reveal_key('often undone'));
SELECT count(*) FROM written WHERE name = 'often undone';
SELECT pg_sleep(3.1) IS NULL;
SELECT length(apikey.reveal_key('often undone'));
SELECT uses FROM written WHERE name = 'often undone';
-- The same with a savepoint.
SELECT apikey.create_key('six', 'custom', secret('v-', 24, 'six')) IS NULL;
SET apikey.usage_interval = 0;
BEGIN;
SAVEPOINT s;
SELECT length(apikey.reveal_key('six'));
ROLLBACK TO s;
SELECT length(apikey.reveal_key('six'));
COMMIT;
SELECT uses FROM written WHERE name = 'six';
-- What was written before a savepoint is not undone with it, nor counted twice.
SELECT apikey.create_key('seven', 'custom', secret('v-', 24, 'seven')) IS NULL;
BEGIN;
SELECT length(apikey.reveal_key('seven'));
SAVEPOINT s;
SELECT 1 / 0;
ROLLBACK TO s;
SAVEPOINT t;
SELECT length(apikey.reveal_key('seven'));
ROLLBACK TO t;
COMMIT;
SELECT uses FROM written WHERE name = 'seven';
SELECT length(apikey.reveal_key('seven'));
SELECT uses FROM written WHERE name = 'seven';
SELECT apikey.purge_key(apikey.delete_key('seven')) IS NULL;

-- In a STABLE function, in a cursor that is held, in a transaction with one snapshot.
CREATE FUNCTION stable_reveal(name text) RETURNS int LANGUAGE sql STABLE AS $$ SELECT length(apikey.reveal_key(name)) $$;
SELECT stable_reveal('six');
SELECT uses FROM written WHERE name = 'six';
BEGIN;
DECLARE c CURSOR FOR SELECT length(apikey.reveal_key(name)) FROM apikey.keys WHERE name IN ('six', 'two') ORDER BY name;
FETCH 1 FROM c;
FETCH ALL FROM c;
COMMIT;
SELECT * FROM written WHERE name IN ('six', 'two') ORDER BY name;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT length(apikey.reveal_key('six')) FROM generate_series(1, 2);
COMMIT;
SELECT uses FROM written WHERE name = 'six';
-- A serializable transaction locks no page of the table or its index, nor all of it,
-- though the planner would prefer to read a table so small: neither for the first use
-- of a key nor for another.  Those of other keys do not conflict.
SELECT apikey.create_key('seven', 'custom', secret('v-', 24, 'seven')) IS NULL;
ANALYZE apikey.key_usage;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT length(apikey.reveal_key('six')), length(apikey.reveal_key('seven'));
SELECT DISTINCT locktype FROM pg_locks WHERE mode = 'SIReadLock' AND relation::regclass::text ~ 'key_usage';
SELECT count(*) > 0 FROM pg_locks WHERE mode = 'SIReadLock' AND relation::regclass::text ~ 'api_keys';
COMMIT;
SELECT uses FROM written WHERE name = 'seven';

-- If a use cannot be written, the value is revealed all the same ...
CREATE VIEW counted AS SELECT name, value FROM apikey.metrics WHERE name ~ '^apikey_usage';
CREATE TEMP TABLE before AS SELECT * FROM counted;
ALTER TABLE apikey.key_usage ADD CONSTRAINT no_more CHECK (uses < 0) NOT VALID;
SELECT apikey.reveal_key('six') = secret('v-', 24, 'six');
DO $$ BEGIN PERFORM apikey.reveal_key('six'); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
SELECT name, c.value - b.value AS more FROM before b JOIN counted c USING (name) ORDER BY name;
ALTER TABLE apikey.key_usage DROP CONSTRAINT no_more;
-- ... unless the query is cancelled.  That is an error like any other.
CREATE FUNCTION cancel() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
CREATE TRIGGER cancel BEFORE UPDATE ON apikey.key_usage FOR EACH ROW EXECUTE FUNCTION cancel();
SET statement_timeout = '1s';
DO $$ BEGIN PERFORM apikey.reveal_key('six'); EXCEPTION WHEN query_canceled THEN RAISE NOTICE '%', SQLERRM; END $$;
SELECT apikey.reveal_key('six');
RESET statement_timeout;
DROP TRIGGER cancel ON apikey.key_usage;
DROP FUNCTION cancel();
SELECT apikey.reveal_key('six') = secret('v-', 24, 'six');

-- Users cannot reach each other's rows, nor read the table.
SET ROLE apikey_owner;
SELECT count(*) > 0 FROM apikey.key_usage;
SET apikey.user_id = 'bob';
SELECT count(*) FROM apikey.key_usage;
UPDATE apikey.key_usage SET uses = 0;
SET apikey.user_id = 'alice';
SELECT outcome($$INSERT INTO apikey.key_usage VALUES ('bob', gen_random_uuid(), now(), 1)$$);
SET ROLE regress_apikey_admin;
SELECT outcome('SELECT FROM apikey.key_usage');
RESET ROLE;
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'apikey.key_usage'::regclass;

-- The rows go with the keys: moved ...
CREATE VIEW owned AS SELECT u.user_id, string_agg(coalesce(k.name, 'no key'), ' ' ORDER BY k.name) FROM apikey.key_usage u LEFT JOIN apikey.api_keys k USING (user_id, id) GROUP BY 1;
SELECT apikey.move_keys('alice', 'bob');
SELECT * FROM owned;
SELECT * FROM seen WHERE name = 'six';
-- ... deleted and restored ...
SET apikey.user_id = 'bob';
SELECT apikey.delete_key('one') IS NULL;
SELECT name, uses > 0 FROM apikey.deleted_keys;
SELECT apikey.restore_key(id) IS NULL FROM apikey.deleted_keys;
SELECT uses > 0 FROM apikey.keys WHERE name = 'one';
-- ... and purged, in each of the ways.
SELECT apikey.purge_key(apikey.delete_key('one')) IS NULL;
SELECT * FROM owned;
SELECT apikey.delete_key('two') IS NULL;
SELECT apikey.purge_deleted('0 s');
SELECT * FROM owned;
DELETE FROM apikey.api_keys WHERE name = 'three';
SELECT apikey.purge_deleted('0 s');
SELECT * FROM owned;
SELECT apikey.purge_own_keys();
SELECT * FROM owned;
CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('carol');
SELECT apikey.link_users('people', 'id');
SET apikey.user_id = 'carol';
SELECT apikey.create_key('one', 'custom', secret('v-', 24)) IS NULL;
SELECT length(apikey.reveal_key('one'));
SELECT apikey.purge_user('carol');
SELECT * FROM owned;
SELECT apikey.create_key('one', 'custom', secret('v-', 24)) IS NULL;
SELECT length(apikey.reveal_key('one'));
DELETE FROM people;
SELECT * FROM owned;
SELECT apikey.unlink_users('people');
DROP TABLE people;

-- A session remembers a limited number of keys, and forgets without harm.
SET apikey.user_id = 'dave';
SET apikey.max_keys_per_user = 0;
SET apikey.usage_interval = '1h';
SELECT count(apikey.create_key('k' || n, 'custom', secret('v-', 24, 'k' || n))) FROM generate_series(1, 2100) n;
SELECT count(apikey.reveal_key(name)) FROM apikey.keys;
SELECT count(apikey.reveal_key(name)) FROM apikey.keys;
SELECT count(*), max(uses) FROM written;
SELECT apikey.purge_user('dave');
RESET apikey.max_keys_per_user;

-- unused_keys(): neither created nor used since.
SELECT count(apikey.create_key_for('erin', name, 'custom', secret('v-', 24, name), created_at => now() - created)) FROM (VALUES
	('old', interval '200 days'), ('used', '200 days'), ('used long ago', '200 days'), ('new', '1 day'), ('deleted', '200 days')) k(name, created);
SET apikey.user_id = 'erin';
SELECT apikey.delete_key('deleted') IS NULL;
SELECT length(apikey.reveal_key(name)) FROM apikey.keys WHERE name LIKE 'used%';
UPDATE apikey.key_usage u SET last_used_at = now() - interval '100 days' FROM apikey.api_keys k WHERE k.id = u.id AND k.name = 'used long ago';
SET ROLE regress_apikey_admin;
SELECT age, (SELECT string_agg(name, ', ' ORDER BY name) FROM apikey.unused_keys(age)) FROM (VALUES ('90 days'::interval), ('150 days'), ('1 year'), ('2 h')) a(age);
SELECT age, outcome(format('SELECT apikey.unused_keys(%L)', age)) FROM unnest(ARRAY[NULL, '-1 day', '1001 years', '59 min', '1 h']::interval[]) age;
RESET ROLE;
SET apikey.usage_interval = -1;
SELECT outcome($$SELECT apikey.unused_keys('90 days')$$);
RESET apikey.usage_interval;
SELECT apikey.purge_user('erin');
SELECT count(*) FROM apikey.key_usage;
DROP VIEW seen, written, owned, counted;
DROP FUNCTION reads_usage(text), stable_reveal(text);
DROP TABLE before;
