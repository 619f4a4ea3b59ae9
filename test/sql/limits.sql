-- What a call costs is limited, and it can be cancelled at any time.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';

-- Arrays: at most 1000 elements, of which each counts once.
SET ROLE regress_apikey_worker;
SELECT apikey.create_key('one', 'openai', openai()) IS NOT NULL;
SELECT outcome($$SELECT apikey.reveal_env('{}', array_fill('custom'::text, ARRAY[1001]))$$);
SELECT outcome($$SELECT apikey.reveal_env(array_fill('one'::text, ARRAY[100000]))$$);
SELECT outcome($$SELECT apikey.reveal_env(array_fill('one'::text, ARRAY[100, 100]))$$);
SELECT outcome($$SELECT apikey.reveal_env(array_fill(NULL::text, ARRAY[1000]))$$);
SELECT apikey.reveal_env(array_fill('one'::text, ARRAY[1000]), array_fill('openai'::text, ARRAY[10, 100])) =
	jsonb_build_object('OPENAI_API_KEY', openai());
SELECT outcome($$SELECT apikey.reveal_env(ARRAY(SELECT 'no ' || n FROM generate_series(1, 1000) n))$$) ~ '^KA005 on names: API keys do not exist: "no 1", "no 2",.*, \.\.\.\n';

-- Metadata that is small, but not as text.
SELECT outcome($$SELECT apikey.create_key('big', 'openai', openai(), metadata => jsonb_build_object('a', array_fill(1e100000::numeric, ARRAY[1000])))$$);
SELECT outcome($$SELECT apikey.update_key('one', new_metadata => (SELECT jsonb_object_agg(n, n) FROM generate_series(1, 100000) n))$$);
SELECT outcome($$SELECT apikey.update_key('one', new_metadata => jsonb_build_object('a', repeat('x', 8182)))$$),
	outcome($$SELECT apikey.update_key('one', new_metadata => jsonb_build_object('a', repeat('x', 8183)))$$);
SELECT apikey.purge_own_keys();

-- apikey.max_keys_per_user: for all functions that add a key; deleted ones do not
-- count.
RESET ROLE;
SET apikey.max_keys_per_user = 2;
SET ROLE regress_apikey_worker;
SELECT outcome($$SET apikey.max_keys_per_user = 3$$);
SELECT outcome(format('SELECT apikey.create_key(%L, %L, openai())', name, 'openai')) FROM unnest('{one,two,three}'::text[]) name;
SELECT outcome($$SELECT apikey.set_key('three', 'openai', openai())$$);
SELECT outcome($$SELECT apikey.set_key('two', 'openai', openai('new'))$$), outcome($$SELECT apikey.update_key('two', new_name => '2')$$);
SET ROLE regress_apikey_admin;
SELECT outcome($$SELECT apikey.create_key_for('alice', 'three', 'openai', openai())$$);
SELECT outcome($$SELECT apikey.create_key_for('alice', 'three', 'openai', openai(), deleted_at => '2020-01-01')$$);
SELECT outcome($$SELECT apikey.create_key_for('bob', 'three', 'openai', openai())$$);
SELECT outcome($$SELECT apikey.move_keys('bob', 'alice')$$), outcome($$SELECT apikey.move_keys('alice', 'bob')$$);
SELECT outcome(format('SELECT apikey.restore_key_for(%L, %L)', user_id, id)) FROM apikey.all_keys WHERE deleted_at IS NOT NULL AND user_id = 'alice';
SET ROLE regress_apikey_worker;
SELECT outcome(format('SELECT apikey.restore_key(%L::uuid)', id)) FROM apikey.deleted_keys;
-- The hint can be followed.
SELECT apikey.delete_key('one') IS NOT NULL;
SELECT outcome($$SELECT apikey.set_key('three', 'openai', openai())$$);
SELECT outcome(format('SELECT apikey.restore_key(%L::uuid)', id)) FROM apikey.deleted_keys WHERE name = 'one';
RESET ROLE;
SET apikey.max_keys_per_user = 0;
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.create_key('four', 'openai', openai())$$);
SELECT count(*) FROM apikey.keys;
SELECT apikey.purge_own_keys();
SET apikey.user_id = 'bob';
SELECT apikey.purge_own_keys();
SET apikey.user_id = 'alice';

-- Calls that take long are cancelled: 15,000 keys with a variable each.
SELECT apikey.create_key('template', 'custom', 'correct-horse-battery', env_var => 'KEY_0_TOKEN') IS NOT NULL;
RESET ROLE;
RESET apikey.max_keys_per_user;
INSERT INTO apikey.api_keys (id, user_id, name, key_type, encrypted_value, hint, fingerprint, env_var)
	SELECT gen_random_uuid(), user_id, 'key ' || n, key_type, encrypted_value, hint, fingerprint, 'KEY_' || n || '_TOKEN'
	FROM apikey.api_keys, generate_series(1, 15000) n WHERE user_id = 'alice';
SET ROLE regress_apikey_worker;
SET statement_timeout = '200ms';
SELECT apikey.reveal_env(key_types => '{custom}');
-- A value that consists of 60 MB of white space.
SELECT apikey.check_key('custom', repeat(' ', 60000000));
RESET statement_timeout;
SELECT apikey.purge_own_keys();
RESET ROLE;
