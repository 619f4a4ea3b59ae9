-- find_keys() reads the rows from indexes, without a statement: only while that gives
-- the same result.  Whatever changes that counts at once, also within the transaction,
-- and until it is rolled back.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'ann';

-- One value in keys of every state, and others.
SELECT count(apikey.create_key_for(u, n, 'custom', secret('', 24, v), metadata => m::jsonb, expires_at => e::timestamptz))
	FROM (VALUES ('ann', 'used', 'x', '{}', NULL), ('ann', 'disabled', 'x', '{"a": [1]}', '2100-01-01'),
		('ann', 'other', 'y', '{}', NULL), ('bob', 'deleted', 'x', '{}', NULL), ('bob', 'expiring', 'x', '{}', '2099-01-01')) k(u, n, v, m, e);
SELECT count(apikey.reveal_key('used')), count(apikey.update_key('used', new_env_var => 'X_KEY')),
	count(apikey.disable_key('disabled', 'found'));
SELECT count(apikey.delete_key(id)) FROM apikey.set_user_id('bob'), apikey.all_keys WHERE name = 'deleted';
UPDATE apikey.api_keys SET expires_at = '2001-01-01' WHERE name = 'expiring';
SELECT user_id, name, label, env_var, metadata, expires_at IS NOT NULL, disabled_reason, disabled_at IS NOT NULL,
		deleted_at IS NOT NULL, is_active, usable, last_used_at IS NOT NULL, uses
	FROM apikey.find_keys(secret('', 24, 'x')) ORDER BY user_id, name;

-- What is found, the usable keys by name, and how: as by a statement, and as in the view.
CREATE FUNCTION found() RETURNS SETOF apikey.all_keys LANGUAGE sql AS
	$$ SELECT * FROM apikey.find_keys(regress_apikey.secret('', 24, 'x')) $$;
CREATE FUNCTION direct_lookups() RETURNS bigint LANGUAGE sql AS
	$$ SELECT value::bigint FROM apikey.metrics WHERE name = 'apikey_direct_lookups_total' $$;
CREATE FUNCTION way() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	was_direct text = current_setting('apikey.direct_lookup');
	before bigint = regress_apikey.direct_lookups();
	found apikey.all_keys[];
	by_statement apikey.all_keys[];
	way text;
BEGIN
	found := ARRAY(SELECT f FROM regress_apikey.found() f ORDER BY id);
	way := CASE regress_apikey.direct_lookups() - before WHEN 0 THEN ' by statement' WHEN 1 THEN ' directly' ELSE ' ?' END;
	SET LOCAL apikey.direct_lookup = off;
	by_statement := ARRAY(SELECT f FROM regress_apikey.found() f ORDER BY id);
	PERFORM set_config('apikey.direct_lookup', was_direct, true);
	RETURN cardinality(found) || coalesce(' (' || (SELECT string_agg(name, ', ' ORDER BY name) FROM unnest(found) f WHERE f.usable) || ')', '') || way || CASE WHEN found IS DISTINCT FROM by_statement THEN ', which differ' ELSE '' END;
END $$;
SELECT way();
SELECT count(*) FROM (SELECT * FROM found() EXCEPT SELECT * FROM apikey.all_keys) d;

CREATE FUNCTION way_after(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	changed text;
BEGIN
	BEGIN
		EXECUTE change;
		changed := regress_apikey.way();
		RAISE EXCEPTION USING ERRCODE = 'ZZZZZ', MESSAGE = changed;
	EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
		RETURN changed || ', then ' || regress_apikey.way() || ': ' || change;
	END;
END $$;
SELECT way_after(c) FROM unnest(ARRAY[
	-- policies that take rows away, add some, or are for others
	'CREATE POLICY more ON apikey.api_keys AS RESTRICTIVE USING (false)',
	'CREATE POLICY more ON apikey.api_keys AS RESTRICTIVE TO apikey_maintenance USING (user_id = ''ann'')',
	'CREATE POLICY more ON apikey.api_keys USING (name = ''other'')',
	'ALTER POLICY maintenance ON apikey.api_keys USING (user_id = ''ann'')',
	'ALTER POLICY maintenance ON apikey.api_keys USING (false)',
	'ALTER POLICY maintenance ON apikey.api_keys TO apikey_owner',
	'ALTER POLICY maintenance ON apikey.api_keys TO PUBLIC',
	'ALTER POLICY maintenance ON apikey.api_keys TO apikey_owner, apikey_maintenance',
	'DROP POLICY maintenance ON apikey.api_keys',
	'DROP POLICY maintenance ON apikey.api_keys; CREATE POLICY maintenance ON apikey.api_keys FOR UPDATE TO apikey_maintenance USING (true)',
	'ALTER TABLE apikey.api_keys DISABLE ROW LEVEL SECURITY',
	'CREATE POLICY more ON apikey.key_usage AS RESTRICTIVE USING (false)',
	'DROP POLICY maintenance ON apikey.key_usage',
	-- another kind of table
	'CREATE TABLE regress_apikey.child () INHERITS (apikey.api_keys)',
	'CREATE TABLE regress_apikey.child () INHERITS (apikey.key_usage)',
	'ALTER TABLE apikey.api_keys SET UNLOGGED',
	'CREATE TRIGGER more AFTER TRUNCATE ON apikey.api_keys EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'ALTER TABLE apikey.api_keys ADD more text',
	'ALTER TABLE apikey.api_keys RENAME hint TO old_hint; ALTER TABLE apikey.api_keys ADD hint text GENERATED ALWAYS AS (''...'') STORED',
	-- indexes
	'DROP INDEX apikey.api_keys_fingerprint_idx',
	'DROP INDEX apikey.api_keys_fingerprint_idx; CREATE INDEX ON apikey.api_keys (fingerprint)',
	'DROP INDEX apikey.api_keys_fingerprint_idx; CREATE INDEX ON apikey.api_keys (fingerprint) WHERE deleted_at IS NULL',
	'DROP INDEX apikey.api_keys_fingerprint_idx; CREATE INDEX ON apikey.api_keys USING hash (fingerprint)',
	'ALTER TABLE apikey.key_usage DROP CONSTRAINT key_usage_pkey',
	'ALTER TABLE apikey.key_usage DROP CONSTRAINT key_usage_pkey; ALTER TABLE apikey.key_usage ADD PRIMARY KEY (id, user_id)',
	'REINDEX TABLE apikey.api_keys',
	-- nothing else
	'DELETE FROM apikey.key_usage',
	'UPDATE apikey.data_keys SET deactivated_at = coalesce(deactivated_at, now()), lost_at = now()',
	'SET LOCAL apikey.direct_lookup = off',
	'SET LOCAL enable_indexscan = off',
	'SET LOCAL row_security = off']) c;

-- The privileges are those of the statement's role.
SELECT way_after('REVOKE ALL ON apikey.api_keys FROM apikey_maintenance');

-- The latest state, also in a transaction with an older snapshot; its own changes, too.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT way();
SELECT count(apikey.purge_key(apikey.delete_key('disabled'))), count(apikey.create_key('new', 'custom', secret('', 24, 'x')));
SELECT way();
ROLLBACK;
SELECT way();

SELECT apikey.purge_user(u) FROM unnest(ARRAY['ann', 'bob']) u;
RESET apikey.identity;
RESET apikey.user_id;
DROP FUNCTION way_after, way, found, direct_lookups;
