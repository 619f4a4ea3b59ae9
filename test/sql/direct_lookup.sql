-- reveal_key() reads the key from an index, without a statement: only while that
-- gives the same result.  Whatever changes that counts at once, also within the
-- transaction, and until it is rolled back.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'ann';
SELECT count(apikey.create_key_for(u, n, 'custom', secret(u || '-', 24, n), id => '0d000000-0000-4000-8000-00000000000d'))
	FROM (VALUES ('ann', 'one'), ('bob', 'two')) k(u, n);

CREATE FUNCTION direct_lookups() RETURNS bigint LANGUAGE sql AS
	$$ SELECT value::bigint FROM apikey.metrics WHERE name = 'apikey_direct_lookups_total' $$;
-- How a key is found by its name and by its id, and what is revealed.
CREATE FUNCTION way() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	ways text = '';
	call text;
	before bigint;
BEGIN
	FOREACH call IN ARRAY ARRAY['''one''', '''0d000000-0000-4000-8000-00000000000d''::uuid'] LOOP
		before := direct_lookups();
		ways := ways || left(regress_apikey.outcome('SELECT apikey.reveal_key(' || call || ')'), 5)
			|| CASE direct_lookups() - before WHEN 0 THEN ' by statement' WHEN 1 THEN ' directly' ELSE ' ?' END || E'\n';
	END LOOP;
	RETURN rtrim(ways, E'\n');
END $$;
SELECT way();
-- Neither another user's key nor an absent one.
SELECT outcome($$SELECT apikey.reveal_key('two')$$);
SELECT left(apikey.reveal_key('0d000000-0000-4000-8000-00000000000d'::uuid), 4);

-- Each change in turn, within a transaction that is rolled back.
CREATE FUNCTION way_after(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	changed text;
BEGIN
	BEGIN
		EXECUTE change;
		changed := regress_apikey.way();
		RAISE EXCEPTION USING ERRCODE = 'ZZZZZ', MESSAGE = changed;
	EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
		RETURN change || E'\n' || changed || E'\nthen ' || replace(regress_apikey.way(), E'\n', ', ');
	END;
END $$;
SELECT way_after(c) FROM unnest(ARRAY[
	-- a policy that hides the key, one that allows more, and the script's own
	'CREATE POLICY more ON apikey.api_keys AS RESTRICTIVE USING (false)',
	'CREATE POLICY more ON apikey.api_keys AS RESTRICTIVE TO apikey_owner USING (name <> ''one'')',
	'CREATE POLICY more ON apikey.api_keys USING (name = ''two'')',
	'CREATE POLICY more ON apikey.api_keys FOR INSERT WITH CHECK (true)',
	'ALTER POLICY own_keys ON apikey.api_keys USING (false)',
	'ALTER POLICY own_keys ON apikey.api_keys USING (user_id = ''bob'')',
	'ALTER POLICY own_keys ON apikey.api_keys USING (name = apikey.current_user_id())',
	'ALTER POLICY own_keys ON apikey.api_keys USING (user_id <> apikey.current_user_id())',
	'ALTER POLICY own_keys ON apikey.api_keys USING (user_id = pg_catalog.current_query())',
	'CREATE FUNCTION apikey.other() RETURNS text LANGUAGE sql AS $$SELECT ''bob''$$; ALTER POLICY own_keys ON apikey.api_keys USING (user_id = apikey.other())',
	'DROP POLICY own_keys ON apikey.api_keys; CREATE POLICY own_keys ON apikey.api_keys AS RESTRICTIVE USING (user_id = apikey.current_user_id())',
	'ALTER POLICY own_keys ON apikey.api_keys TO apikey_user',
	'DROP POLICY own_keys ON apikey.api_keys',
	'ALTER TABLE apikey.api_keys DISABLE ROW LEVEL SECURITY',
	'ALTER TABLE apikey.api_keys NO FORCE ROW LEVEL SECURITY',
	-- the policy for all rows, of another role
	'ALTER POLICY maintenance ON apikey.api_keys USING (false)',
	'DROP POLICY maintenance ON apikey.api_keys',
	-- privileges
	'REVOKE SELECT ON apikey.api_keys FROM apikey_owner',
	'GRANT SELECT ON apikey.api_keys TO PUBLIC',
	-- another kind of table
	'CREATE TABLE regress_apikey.child () INHERITS (apikey.api_keys)',
	'CREATE RULE more AS ON UPDATE TO apikey.api_keys DO ALSO NOTHING',
	'ALTER TABLE apikey.api_keys SET UNLOGGED',
	'ALTER TABLE apikey.api_keys RENAME env_var TO variable',
	'ALTER TABLE apikey.api_keys ADD more text',
	'ALTER TABLE apikey.api_keys RENAME hint TO old_hint; ALTER TABLE apikey.api_keys ADD hint text GENERATED ALWAYS AS (''...'') STORED',
	'CREATE TRIGGER more BEFORE UPDATE ON apikey.api_keys EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	-- indexes
	'DROP INDEX apikey.api_keys_name_idx',
	'ALTER TABLE apikey.api_keys DROP CONSTRAINT api_keys_pkey',
	'DROP INDEX apikey.api_keys_name_idx; CREATE UNIQUE INDEX ON apikey.api_keys (user_id, name)',
	'DROP INDEX apikey.api_keys_name_idx; CREATE UNIQUE INDEX ON apikey.api_keys (user_id, name) WHERE deleted_at IS NULL AND disabled_at IS NULL',
	'DROP INDEX apikey.api_keys_name_idx; CREATE UNIQUE INDEX ON apikey.api_keys (user_id, name COLLATE "POSIX") WHERE deleted_at IS NULL',
	'DROP INDEX apikey.api_keys_name_idx; CREATE UNIQUE INDEX ON apikey.api_keys (user_id, name text_pattern_ops) WHERE deleted_at IS NULL',
	'DROP INDEX apikey.api_keys_name_idx; CREATE INDEX ON apikey.api_keys (user_id, name) WHERE deleted_at IS NULL',
	'DROP INDEX apikey.api_keys_name_idx; CREATE INDEX ON apikey.api_keys USING hash (name)',
	'REINDEX TABLE apikey.api_keys',
	-- nothing else
	'SET LOCAL apikey.direct_lookup = off',
	'SET LOCAL enable_indexscan = off',
	'SET LOCAL row_security = off']) c;

-- The setting is for superusers.
SET ROLE regress_apikey_worker;
SELECT outcome('SET apikey.direct_lookup = off');
RESET ROLE;

-- What the transaction itself has changed.
BEGIN;
SELECT count(apikey.update_key('one', new_name => 'uno'));
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
SELECT left(apikey.reveal_key('uno'), 4);
SAVEPOINT s;
SELECT count(apikey.delete_key('uno'));
SELECT outcome($$SELECT apikey.reveal_key('uno')$$);
SELECT outcome($$SELECT apikey.reveal_key('0d000000-0000-4000-8000-00000000000d'::uuid)$$);
ROLLBACK TO s;
SELECT left(apikey.reveal_key('uno'), 4);
ROLLBACK;
SELECT left(apikey.reveal_key('one'), 4);

-- ... also by the statement that calls: found by its new name, which is not the one
-- that the value is bound to.
WITH renamed AS (UPDATE apikey.api_keys SET name = 'uno' WHERE user_id = 'ann' AND name = 'one' RETURNING name)
	SELECT apikey.reveal_key(name) FROM renamed;
SET apikey.direct_lookup = off;
WITH renamed AS (UPDATE apikey.api_keys SET name = 'uno' WHERE user_id = 'ann' AND name = 'one' RETURNING name)
	SELECT apikey.reveal_key(name) FROM renamed;
RESET apikey.direct_lookup;

-- A value that is stored out of line.
SELECT count(apikey.create_key('long', 'custom', secret('', 128, 'a') || repeat(md5('b'), 200)));
SELECT apikey.reveal_key('long') = secret('', 128, 'a') || repeat(md5('b'), 200);

-- reveal_env() reads only the keys that are named, in the same way.
SELECT count(apikey.create_key_for('ann', 'key ' || n, 'custom', secret('env', 24, n::text), env_var => 'KEY_' || n, id => ('0d000000-0000-4000-8000-0000000001' || n)::uuid))
	FROM generate_series(10, 29) n;
SELECT count(apikey.disable_key('key 28')), count(apikey.delete_key('key 29'));
CREATE FUNCTION env(names text[], key_types text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN coalesce((SELECT string_agg(v, ' ' ORDER BY v) FROM jsonb_object_keys(apikey.reveal_env(names, key_types)) v), 'nothing');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- The rows of api_keys that an index has led to.
CREATE FUNCTION fetched() RETURNS bigint LANGUAGE sql AS $$
	SELECT coalesce(sum(idx_tup_fetch), 0) FROM pg_stat_xact_user_tables WHERE relid = 'apikey.api_keys'::regclass $$;
CREATE FUNCTION env_read(names text[], key_types text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before bigint = regress_apikey.fetched();
	result text = regress_apikey.env(names, key_types);
BEGIN
	RETURN result || ', read: ' || regress_apikey.fetched() - before;
END $$;
CREATE TABLE named AS SELECT * FROM (VALUES (1, '{key 15}'::text[], NULL::text[]),
	(2, '{key 13,0d000000-0000-4000-8000-000000000110,key 12}', NULL),
	(3, '{0d000000-0000-4000-8000-000000000110,key 10}', NULL),
	(4, '{}', NULL),
	(5, '{key 15,none,0d000000-0000-4000-8000-000000000199}', NULL),
	(6, '{key 29,0d000000-0000-4000-8000-000000000129}', NULL),
	(7, '{key 28,key 15}', '{}')) n(n, names, key_types);
SELECT env_read(names, key_types) FROM named ORDER BY n;
-- With a type, and without any name, all keys count.
SELECT env('{key 15}', '{custom}') = env(NULL, NULL), env('{key 15}', '{custom}') = env(NULL, '{custom}');
SET apikey.direct_lookup = off;
SELECT env(names, key_types) FROM named ORDER BY n;
RESET apikey.direct_lookup;
DROP TABLE named;
DROP FUNCTION env_read, fetched, env;

SELECT apikey.purge_user(u) FROM unnest(ARRAY['ann', 'bob']) u;
RESET apikey.identity;
RESET apikey.user_id;
DROP FUNCTION way_after, way, direct_lookups;
