-- Attacks on the isolation of users, and what each must give; run by
-- test/t/170_isolation.pl in every mode of identity, and through a pooler.
--
-- An attack is a paragraph: its name after "--", statements, and after "=" the output,
-- line by line, in which an error stands as its SQLSTATE ("a|b": either of them).  "@"
-- names the modes in which it is made (by default all that have an identity); with
-- "!", those in which it is not.
--
-- Each is made by alice in a transaction that is rolled back, in a session that bob has
-- used before: he has left settings, prepared statements (his_names, his_value,
-- his_other) and functions (pg_temp.names) there.  alice has the keys "a one" and
-- "a two", and has deleted "a gone".  :bob_name, :bob_id and :bob_value are a key of bob;
-- :bob_gone_name and :bob_gone one that he has deleted.  Whatever an attack gives, no
-- output and no message has anything of bob's keys.

-- The baseline: alice sees her own keys
SELECT apikey.current_user_id() = :'alice', string_agg(name, ', ' ORDER BY name), min(user_id) = :'alice', max(user_id) = :'alice' FROM apikey.keys;
SELECT name FROM apikey.deleted_keys;
SELECT apikey.reveal_key('a one');
= t|a one, a two|t|t
= a gone
= value-of-a-one

-- Queries: conditions that are always true
SELECT name FROM apikey.keys WHERE user_id = :'bob' OR true ORDER BY 1;
SELECT name FROM apikey.deleted_keys WHERE user_id = :'bob' OR 1 = 1;
= a one
= a two
= a gone

-- Queries: by what bob's rows have
SELECT count(*) FROM apikey.keys WHERE user_id = :'bob' OR id = :'bob_id' OR name = :'bob_name' OR user_id <> :'alice';
= 0

-- Queries: UNION, EXCEPT, LATERAL, recursion, windows, grouping sets
SELECT name FROM apikey.keys UNION SELECT name FROM apikey.deleted_keys ORDER BY 1;
SELECT DISTINCT l.name FROM apikey.keys k, LATERAL (SELECT * FROM apikey.keys WHERE name >= k.name) l ORDER BY 1;
WITH RECURSIVE r(name) AS (SELECT name FROM apikey.keys UNION SELECT k.name FROM r JOIN apikey.keys k ON true) SELECT count(*) FROM r;
SELECT count(*) FROM (SELECT name, count(*) OVER () FROM apikey.keys GROUP BY GROUPING SETS ((name), ())) s;
= a gone
= a one
= a two
= a one
= a two
= 2
= 3

-- Queries: outer joins that keep rows without a match
SELECT count(*) FROM apikey.keys a FULL JOIN apikey.keys b ON a.user_id = b.user_id AND a.id = b.id;
SELECT count(*) FROM generate_series(1, 3) LEFT JOIN apikey.keys k ON k.user_id <> :'alice' WHERE k.id IS NOT NULL;
= 2
= 0

-- Queries: system columns
SELECT ctid FROM apikey.keys;
= 42703

-- Queries: a sample of the rows
SELECT name FROM apikey.keys TABLESAMPLE SYSTEM (100);
= 0A000|42601|42809

-- Queries: common table expressions, materialized or not
WITH k AS MATERIALIZED (SELECT * FROM apikey.keys), n AS NOT MATERIALIZED (SELECT * FROM apikey.keys) SELECT k.name FROM k JOIN n ON k.user_id = n.user_id AND k.name = n.name ORDER BY 1;
= a one
= a two

-- Queries: parallel workers
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL min_parallel_index_scan_size = 0;
SELECT name FROM apikey.keys ORDER BY 1;
SELECT count(*) FROM pg_class c, apikey.keys k WHERE c.oid = 'pg_class'::regclass;
= a one
= a two
= 2

-- Queries: what wants a human
SELECT DISTINCT user_id = :'alice' FROM apikey.attention;
SELECT count(*) FROM apikey.attention WHERE user_id = :'bob';
= t
= 0

-- Leaky functions: one of the attacker's, cheaper than the filter
CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'told %', $1; RETURN true; END $$;
SELECT count(*) FROM apikey.keys WHERE pg_temp.tell(name) AND pg_temp.tell(user_id) AND pg_temp.tell(hint) AND pg_temp.tell(metadata::text);
SELECT count(*) FROM apikey.deleted_keys WHERE pg_temp.tell(name);
SELECT count(*) FROM apikey.attention WHERE pg_temp.tell(name) AND reason = 'unused';
= 2
= 1
= 0

-- Leaky functions: in a join, an aggregate's filter, HAVING, ORDER BY
CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'told %', $1; RETURN true; END $$;
SELECT count(*) FROM apikey.keys k JOIN apikey.deleted_keys d ON pg_temp.tell(k.name || d.name);
SELECT count(*) FILTER (WHERE pg_temp.tell(name)) FROM apikey.keys;
SELECT count(*) FROM (SELECT 1 FROM apikey.keys GROUP BY name HAVING pg_temp.tell(name) ORDER BY bool_or(pg_temp.tell(name))) s;
= 2
= 2
= 2

-- Leaky functions: a cast in an error message
SELECT name::int FROM apikey.keys WHERE user_id <> :'alice';
SELECT count(*) FROM apikey.keys WHERE user_id <> :'alice' AND name::int > 0;
= 0

-- Leaky functions: a division by zero tells whether a row is there
SELECT count(*) FROM apikey.keys WHERE 1 / (CASE WHEN user_id = :'bob' THEN 0 ELSE 1 END) = 1;
= 2

-- Leaky functions: LEAKPROOF is not for the attacker
CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE sql LEAKPROOF RETURN true;
= 42501

-- Leaky functions: an operator whose estimate is by the statistics
CREATE FUNCTION attacker.tell(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'told % %', $1, $2; RETURN true; END $$;
CREATE OPERATOR attacker.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = attacker.tell, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR attacker.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = attacker.tell, RESTRICT = scalarltsel);
SELECT count(*) FROM apikey.keys WHERE name OPERATOR(attacker.===) 'x' AND user_id OPERATOR(attacker.<<<) 'zzz';
SELECT count(*) FROM apikey.keys k JOIN apikey.deleted_keys d ON k.name OPERATOR(attacker.===) d.name;
= 2
= 2

-- Statistics
SELECT count(*) FROM pg_stats WHERE schemaname = 'apikey' AND tablename IN ('api_keys', 'key_usage', 'data_keys', 'audit_log');
= 0
@ !granted

-- Statistics of what can hold a part of a value
SELECT count(*) FROM pg_stats WHERE schemaname = 'apikey' AND tablename = 'api_keys' AND attname IN ('hint', 'fingerprint', 'encrypted_value', 'name', 'metadata');
= 0

-- Plans show no rows of others
EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM apikey.keys WHERE name = 'none' \g /dev/null
SELECT 'shown';
= shown

-- Functions by the name of a key of bob
SELECT apikey.reveal_key(:'bob_name');
= KA005

-- Functions by its id
SELECT apikey.reveal_key(:'bob_id'::uuid);
= KA005

-- Functions by its id as text
SELECT apikey.reveal_key(:'bob_id');
= KA005

-- The environment, by name
SELECT apikey.reveal_env(ARRAY[:'bob_name']);
= KA005

-- The environment, by type
SELECT jsonb_object_keys(apikey.reveal_env(key_types => '{custom}')) ORDER BY 1;
= A_ONE
= A_TWO

-- Update by name
SELECT apikey.update_key(:'bob_name', new_value => 'a-value-of-no-use');
= KA005

-- Update by id
SELECT apikey.update_key(:'bob_id'::uuid, new_name => 'mine');
= KA005

-- Disable
SELECT apikey.disable_key(:'bob_id'::uuid);
= KA005

-- Enable
SELECT apikey.enable_key(:'bob_id'::uuid);
= KA005

-- Delete
SELECT apikey.delete_key(:'bob_id'::uuid);
= KA005

-- Restore
SELECT apikey.restore_key(:'bob_gone'::uuid);
= KA005

-- Purge
SELECT apikey.purge_key(:'bob_gone'::uuid);
= KA005

-- Purge all that is there
SELECT apikey.purge_own_keys();
= 3

-- Uniqueness does not tell names: a name that bob has can be used
SELECT apikey.create_key(:'bob_name', 'custom', 'a-value-of-no-use') IS NOT NULL;
SELECT apikey.update_key('a one', new_name => :'bob_gone_name') IS NOT NULL;
= t
= t

-- Nor values, by the duplicates of a fingerprint
SELECT apikey.create_key('a three', 'custom', :'bob_value') IS NOT NULL;
SELECT count(*) FROM apikey.attention WHERE reason = 'duplicate';
= t
= 0

-- Nor foreign keys
CREATE TABLE attacker.referrer (u text, i uuid, FOREIGN KEY (u, i) REFERENCES apikey.api_keys);
= 42501

-- The views of all users: keys
SELECT * FROM apikey.all_keys;
= 42501

-- ... attention
SELECT * FROM apikey.all_attention;
= 42501

-- ... data keys
SELECT * FROM apikey.key_status;
= 42501

-- ... the trace
SELECT * FROM apikey.audit_log;
= 42501

-- ... metrics
SELECT * FROM apikey.metrics;
= 42501

-- ... linked users
SELECT * FROM apikey.linked_users;
= 42501

-- The tables: keys
SELECT * FROM apikey.api_keys;
= 42501
@ !granted

-- ... how many they are
SELECT count(*) FROM apikey.api_keys;
= 42501
@ !granted

-- ... uses
SELECT * FROM apikey.key_usage;
= 42501
@ !granted

-- ... data keys
SELECT * FROM apikey.data_keys;
= 42501

-- ... copied
COPY apikey.api_keys TO STDOUT;
= 42501
@ !granted

-- ... locked
LOCK TABLE apikey.api_keys IN ACCESS EXCLUSIVE MODE;
= 42501
@ !granted

-- ... emptied
TRUNCATE apikey.api_keys;
= 42501

-- ... inherited from
CREATE TABLE attacker.child () INHERITS (apikey.api_keys);
= 42501

-- ... with a trigger of the attacker
CREATE TRIGGER t BEFORE INSERT ON apikey.api_keys FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
= 42501

-- ... with a policy of the attacker
CREATE POLICY p ON apikey.api_keys USING (true);
= 42501

-- ... without row-level security
ALTER TABLE apikey.api_keys NO FORCE ROW LEVEL SECURITY;
= 42501

-- Tables that were granted by mistake: only alice's rows
SELECT name FROM apikey.api_keys ORDER BY 1;
SELECT count(*) FROM apikey.key_usage WHERE user_id <> :'alice';
UPDATE apikey.api_keys SET name = name || ' x' RETURNING name LIKE 'a %';
DELETE FROM apikey.api_keys WHERE user_id = :'bob' RETURNING name;
DELETE FROM apikey.key_usage WHERE user_id = :'bob' RETURNING uses;
= a gone
= a one
= a two
= 0
= t
= t
= t
@ granted

-- ... and a row cannot become bob's
UPDATE apikey.api_keys SET user_id = :'bob';
= 42501
@ granted

-- ... nor does a leaky function see one
CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'told %', $1; RETURN true; END $$;
SELECT count(*) FROM apikey.api_keys WHERE pg_temp.tell(name) AND pg_temp.tell(metadata::text);
= 3
@ granted

-- ... nor MERGE
MERGE INTO apikey.api_keys k USING (SELECT true) s ON k.user_id = :'bob' WHEN MATCHED THEN DELETE;
SELECT count(*) FROM apikey.api_keys;
= 3
@ granted

-- ... nor a copy
COPY (SELECT name FROM apikey.api_keys ORDER BY 1) TO STDOUT;
= a gone
= a one
= a two
@ granted

-- ... and a row of bob's cannot be added
INSERT INTO apikey.key_usage (user_id, id, last_used_at, uses) VALUES (:'bob', gen_random_uuid(), now(), 1);
= 42501
@ granted

-- ... nor reached by a conflict
INSERT INTO apikey.key_usage (user_id, id, last_used_at, uses) VALUES (:'bob', :'bob_id', now(), 1) ON CONFLICT (user_id, id) DO UPDATE SET uses = 0 RETURNING uses;
= 42501
@ granted

-- Writes through the views
UPDATE apikey.keys SET name = 'x' RETURNING *;
= 55000

-- ... DELETE ... RETURNING
DELETE FROM apikey.deleted_keys RETURNING *;
= 55000

-- ... ON CONFLICT
INSERT INTO apikey.keys (user_id, name) VALUES (:'bob', 'x') ON CONFLICT DO NOTHING RETURNING *;
= 55000|42P10|0A000

-- ... MERGE
MERGE INTO apikey.keys k USING (SELECT true) s ON true WHEN MATCHED THEN DELETE;
= 42809|55000|0A000

-- ... locks, of alice's rows
SELECT name FROM apikey.keys ORDER BY 1 FOR UPDATE;
= a one
= a two

-- Views of the attacker
CREATE TEMP VIEW v AS SELECT name, user_id FROM apikey.keys;
CREATE TEMP VIEW w WITH (security_invoker = true) AS SELECT name, user_id FROM apikey.keys;
SELECT v.name FROM v JOIN w USING (name, user_id) ORDER BY 1;
= a one
= a two

-- A materialized view is filled without an identity
CREATE MATERIALIZED VIEW attacker.m AS SELECT * FROM apikey.keys;
= 42501|KA007

-- SECURITY DEFINER functions of the attacker
CREATE FUNCTION attacker.names() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT string_agg(name, ', ' ORDER BY name) FROM apikey.keys $$;
SELECT attacker.names();
= a one, a two
@ !switch

-- The extension's own run as roles without privileges of their own
SELECT count(*) FROM pg_proc p JOIN pg_roles r ON r.oid = proowner WHERE pronamespace = 'apikey'::regnamespace AND (prosecdef AND rolsuper OR rolcanlogin OR rolbypassrls);
SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = relowner WHERE relnamespace = 'apikey'::regnamespace AND (rolsuper OR rolcanlogin OR rolbypassrls);
= 0
= 0

-- Roles: the owner
SET ROLE apikey_owner;
= 42501

-- Roles: maintenance
SET ROLE apikey_maintenance;
= 42501

-- Roles: administrators
SET ROLE apikey_admin;
= 42501

-- Roles: the role of another session
SET SESSION AUTHORIZATION apikey_maintenance;
= 42501

-- Roles: granted
GRANT apikey_maintenance TO CURRENT_USER;
= 42501|0LP01

-- Functions of administrators: find
SELECT * FROM apikey.find_keys(:'bob_value');
= 42501

-- ... move
SELECT apikey.move_keys(:'bob', :'alice');
= 42501

-- ... unused keys
SELECT * FROM apikey.unused_keys('1 day');
= 42501

-- ... create
SELECT apikey.create_key_for(:'bob', 'x', 'custom', 'a-value-of-no-use');
= 42501

-- ... disable
SELECT apikey.disable_key_for(:'bob', :'bob_id');
= 42501

-- ... purge
SELECT apikey.purge_user(:'bob');
= 42501

-- ... verify
SELECT * FROM apikey.verify_keys();
= 42501

-- ... the trace
SELECT * FROM apikey.audit_trail();
= 42501

-- ... the state
SELECT * FROM apikey.status();
= 42501

-- ... decrypt
SELECT apikey.decrypt(NULL, 'x');
= 42501

-- ... link
SELECT apikey.link_users('pg_class', 'oid');
= 42501

-- row_security = off
SET LOCAL row_security = off;
SELECT count(*) FROM apikey.keys;
= 42501

-- ... for functions
SET LOCAL row_security = off;
SELECT apikey.reveal_key('a one');
SELECT apikey.reveal_key(:'bob_name');
= value-of-a-one
= KA005

-- The mode of identity cannot be changed
SET apikey.identity = 'session';
= 42501

-- ... for the transaction
SELECT set_config('apikey.identity', 'role', true);
= 42501

-- ... for a role
ALTER ROLE CURRENT_USER SET apikey.identity = 'session';
= 42501

-- Identities of other modes do not count
SELECT set_config('request.jwt.claims', '{"sub":"' || :'bob' || '"}', true) IS NOT NULL;
SELECT name FROM apikey.keys ORDER BY 1;
SELECT apikey.reveal_key(:'bob_name');
= t
= a one
= a two
= KA005
@ !claims !claims-pooled

-- ... nor the setting where the token or the role counts
SELECT set_config('apikey.user_id', :'bob', true) IS NOT NULL;
SELECT name FROM apikey.keys ORDER BY 1;
SELECT apikey.reveal_key(:'bob_name');
= t
= a one
= a two
= KA005
@ claims claims-pooled role role-pooled switch

-- ... and set_user_id() says so
SELECT apikey.set_user_id(:'bob');
= 55000
@ claims claims-pooled role role-pooled switch

-- A claim of two identities is none
SELECT set_config('request.jwt.claims', '{"sub":"' || :'alice' || '","sub":"' || :'bob' || '"}', true) IS NOT NULL;
SELECT apikey.reveal_key(:'bob_name');
= t
= KA007
@ claims claims-pooled

-- Plans of bob: through a view, a common table expression and a subquery
EXECUTE his_names;
EXECUTE his_other;
= a one, a two
= 2|2

-- ... of a function that reveals
EXECUTE his_value;
= KA005

-- ... custom ones
SET LOCAL plan_cache_mode = force_custom_plan;
EXECUTE his_names;
EXECUTE his_other;
= a one, a two
= 2|2

-- ... in a function
SELECT pg_temp.names();
= a one, a two

-- Plans made now are of now, in both kinds
PREPARE mine AS SELECT string_agg(name, ', ' ORDER BY name) FROM apikey.keys WHERE user_id = :'bob' OR true;
EXECUTE mine;
SET LOCAL plan_cache_mode = force_generic_plan;
EXECUTE mine;
DEALLOCATE mine;
= a one, a two
= a one, a two

-- Cursors: another identity cannot be taken while one is read
DECLARE c CURSOR FOR SELECT name FROM apikey.keys ORDER BY 1;
FETCH 1 FROM c;
SELECT set_config('apikey.user_id', :'bob', true) IS NOT NULL;
FETCH 1 FROM c;
= a one
= t
= a two
@ role role-pooled switch claims claims-pooled

-- Cursors: one that outlives the transaction reveals nothing
DECLARE c CURSOR WITH HOLD FOR SELECT apikey.reveal_key('a one');
COMMIT;
FETCH c;
= 55000|42501|0A000|25001
= 34000

-- Savepoints give back the identity of before
SAVEPOINT a;
SELECT set_config('apikey.user_id', 'nobody', true);
ROLLBACK TO a;
SELECT name FROM apikey.keys ORDER BY 1;
= nobody
= a one
= a two

-- Names that are found before ours: operators and functions
CREATE FUNCTION attacker.yes(text, text) RETURNS boolean LANGUAGE sql RETURN true;
CREATE FUNCTION attacker.yes(uuid, uuid) RETURNS boolean LANGUAGE sql RETURN true;
CREATE OPERATOR attacker.= (LEFTARG = text, RIGHTARG = text, FUNCTION = attacker.yes);
CREATE OPERATOR attacker.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = attacker.yes);
CREATE OPERATOR attacker.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = attacker.yes);
CREATE FUNCTION attacker.current_user_id() RETURNS text LANGUAGE sql RETURN 'bob';
CREATE FUNCTION attacker.now() RETURNS timestamptz LANGUAGE sql RETURN timestamptz 'epoch';
SET LOCAL search_path = attacker, pg_catalog;
SELECT name FROM apikey.keys ORDER BY 1;
SELECT apikey.reveal_key('a one');
SELECT apikey.reveal_key('none');
= a one
= a two
= value-of-a-one
= KA005

-- ... and tables
CREATE TEMP TABLE api_keys AS SELECT * FROM apikey.keys WHERE false;
CREATE TEMP TABLE data_keys (id uuid);
SET LOCAL search_path = pg_temp, apikey;
SELECT apikey.reveal_key('a one');
SELECT count(*) FROM apikey.keys;
= value-of-a-one
= 2

-- Objects in our schema
CREATE FUNCTION apikey.current_user_id(int) RETURNS text LANGUAGE sql RETURN 'bob';
= 42501

-- ... in place of ours
CREATE OR REPLACE FUNCTION apikey.current_user_id() RETURNS text LANGUAGE sql RETURN 'bob';
= 42501

-- ... or ours taken over
ALTER VIEW apikey.keys OWNER TO CURRENT_USER;
= 42501

-- ... or without its barrier
ALTER VIEW apikey.keys SET (security_barrier = false);
= 42501

-- ... or dropped
DROP EXTENSION apikey CASCADE;
= 42501|2BP01

-- Files
SELECT pg_read_file('PG_VERSION');
= 42501

-- Programs
COPY (SELECT name FROM apikey.keys) TO PROGRAM 'cat';
= 42501

-- The write-ahead log
SELECT * FROM pg_logical_slot_peek_changes('x', NULL, NULL);
= 42501|55000

-- Without an identity, after bob's transaction: nothing
SELECT coalesce(apikey.current_user_id(), 'nobody');
SELECT apikey.reveal_key(:'bob_name');
= nobody
= KA007
@ nobody

-- ... in lists
SELECT name FROM apikey.keys;
= KA007
@ nobody

-- ... in lists that are to be empty
SET LOCAL apikey.empty_without_identity = on;
SELECT name FROM apikey.keys;
SELECT name FROM apikey.deleted_keys;
SELECT name FROM apikey.attention;
SELECT 'none';
= none
@ nobody

-- ... by bob's plans
EXECUTE his_value;
= KA007
@ nobody

-- ... by bob's function
SELECT pg_temp.names();
= KA007
@ nobody

-- ... with an empty identity
SELECT set_config('apikey.user_id', '', true), set_config('request.jwt.claims', '', true);
SELECT apikey.reveal_key(:'bob_name');
= |
= KA007
@ nobody

-- ... with a claim of nothing
SELECT set_config('request.jwt.claims', '{"sub":null}', true) IS NOT NULL;
SELECT apikey.reveal_key(:'bob_name');
= t
= KA007
@ nobody

-- ... and what bob has set for the session does not count
SELECT current_setting('apikey.user_id') = :'bob', current_setting('request.jwt.claims') = '{"sub":"' || :'bob' || '"}';
SELECT apikey.reveal_key(:'bob_name');
= t|t
= KA007
@ nobody
