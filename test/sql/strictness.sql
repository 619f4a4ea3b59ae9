-- NULL for each argument of every function: never a crash or a silent NULL, but a
-- default or an error that names the argument.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';

-- Only functions of the type are STRICT.
SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'apikey'::regnamespace AND proisstrict ORDER BY p.oid::regprocedure::text COLLATE "C";
-- Functions that handle plaintext are neither stable nor parallel safe.
SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'apikey'::regnamespace
	AND (provolatile <> 'v' OR proparallel <> 'u' OR proleakproof) ORDER BY p.oid::regprocedure::text COLLATE "C";
-- Each returns something.
SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'apikey'::regnamespace AND prorettype = 'void'::regtype AND prokind = 'f';

-- All arguments NULL.
SELECT call, outcome('SELECT ' || call) FROM (
	SELECT p.oid::regprocedure::text COLLATE "C" AS signature,
		format('apikey.%s(%s)', proname, (SELECT string_agg(format('NULL::%s', t::regtype), ', ' ORDER BY n) FROM unnest(proargtypes::oid[]) WITH ORDINALITY u(t, n))) AS call
	FROM pg_proc p WHERE pronamespace = 'apikey'::regnamespace AND pronargs > 0 AND prokind = 'f'
		AND proname ~ '^(set_user_id|create_key|set_key|update_key|disable_key|enable_key|delete_key|restore_key|purge_key|check_key|reveal_key|create_key_for|disable_key_for|enable_key_for|delete_key_for|restore_key_for|find_keys|purge_deleted|purge_user|encrypt|decrypt|fernet_encrypt|fernet_decrypt|fernet_rotate|data_key_id)$'
	) c ORDER BY signature;
SELECT count(*) FROM apikey.detect_key_type(NULL);
SELECT code FROM apikey.check_key('openai', NULL);
SELECT apikey.reveal_env(NULL, NULL);
SELECT apikey.rotate_data_key(NULL) IS NOT NULL;

-- Each argument of the longest function in turn; optional ones may be NULL.
CREATE TEMP TABLE arguments (n serial, name text, value text);
INSERT INTO arguments (name, value) VALUES ('user_id', '''bob'''), ('name', 'gen_random_uuid()::text || ''!'''), ('key_type', '''openai'''), ('value', 'openai()'),
	('expires_at', '''infinity'''), ('metadata', '''{}'''), ('env_var', '''MY_KEY'''), ('id', 'gen_random_uuid()'), ('created_at', 'now()'),
	('updated_at', 'now()'), ('deleted_at', 'now()'), ('check_format', 'true');
SELECT a.name, outcome(format('SELECT apikey.create_key_for(%s)',
		(SELECT string_agg(format('%I => %s', b.name, CASE WHEN a.n = b.n THEN 'NULL' ELSE b.value END), ', ') FROM arguments b)))
	FROM arguments a ORDER BY a.n;
SELECT count(*), count(deleted_at), count(env_var) FROM apikey.all_keys WHERE user_id = 'bob';
-- JSON null, which drivers send, counts as NULL; an array does not.
SELECT outcome($$SELECT apikey.create_key('json', 'openai', openai(), metadata => 'null')$$);
SELECT outcome($$SELECT apikey.set_key('json', 'openai', openai(), metadata => '{"kept": true}')$$);
SELECT outcome($$SELECT apikey.set_key('json', 'openai', openai(), metadata => 'null')$$);
SELECT outcome($$SELECT apikey.update_key('json', new_metadata => 'null')$$);
SELECT metadata FROM apikey.keys;
SELECT outcome($$SELECT apikey.update_key('json', new_metadata => '[null]')$$);
SELECT outcome($$SELECT apikey.create_key_for('bob', 'json', 'openai', openai(), metadata => 'null')$$);
SELECT metadata FROM apikey.all_keys WHERE user_id = 'bob' AND name = 'json';

-- current_user_id() is NULL without an identity.
RESET apikey.user_id;
SELECT apikey.current_user_id() IS NULL;
SELECT outcome('SELECT count(*) FROM apikey.keys');
SELECT apikey.purge_user('alice'), apikey.purge_user('bob');
DROP TABLE arguments;
DELETE FROM apikey.data_keys;
