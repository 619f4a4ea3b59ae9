-- reveal_env: the environment variables that a job needs.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
CREATE TEMP TABLE ids AS SELECT n, ('00000000-0000-0000-0000-00000000000' || n)::uuid AS id FROM generate_series(1, 9) n;
GRANT SELECT ON ids TO PUBLIC;

-- Values that say which key they belong to; created_at determines their order.
SET ROLE regress_apikey_admin;
CREATE FUNCTION pg_temp.store(n int, name text, key_type text, env_var text, expires_at timestamptz DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT apikey.create_key_for('alice', name, key_type, 'value-of-' || replace(name, ' ', '-'), expires_at, NULL, env_var,
		('00000000-0000-0000-0000-00000000000' || n)::uuid, created_at => timestamptz '2020-01-01 00:00+00' + n * interval '1 day', check_format => false)
$$;
SELECT pg_temp.store(1, 'old openai', 'openai', NULL);
SELECT pg_temp.store(2, 'new openai', 'openai', NULL);
SELECT pg_temp.store(3, 'gemini', 'google_gemini', NULL);
SELECT pg_temp.store(4, 'service', 'custom', 'MY_SERVICE_KEY');
SELECT pg_temp.store(5, 'nameless', 'custom', NULL);
SELECT pg_temp.store(6, 'my openai', 'openai', 'MY_OPENAI_KEY');
SELECT pg_temp.store(7, 'anthropic', 'anthropic', NULL, '2021-01-01 00:00+00');
SELECT pg_temp.store(8, 'disabled', 'groq', NULL);
SELECT pg_temp.store(9, 'deleted', 'tavily', NULL);
SELECT apikey.create_key_for('bob', 'bob''s', 'tavily', 'value-of-bob', check_format => false) IS NOT NULL;
SELECT apikey.disable_key_for('alice', id) IS NOT NULL FROM ids WHERE n = 8;
SELECT apikey.delete_key_for('alice', id) IS NOT NULL FROM ids WHERE n = 9;

-- Without an identity, and without the privilege.
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.reveal_env()$$);
SELECT outcome($$SELECT apikey.reveal_env('{}')$$);
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_web;
SELECT outcome($$SELECT apikey.reveal_env()$$);
SET ROLE regress_apikey_admin;
SELECT outcome($$SELECT apikey.reveal_env()$$);
SET ROLE regress_apikey_worker;

-- Everything: all usable keys, under all variables of each type; the newest key
-- where two share a variable.
SELECT jsonb_pretty(apikey.reveal_env());
SELECT apikey.reveal_env(NULL, NULL) = apikey.reveal_env();
-- Nothing.
SELECT apikey.reveal_env('{}'), apikey.reveal_env(key_types => '{}'), apikey.reveal_env('{}', '{}');
SET apikey.user_id = 'nobody';
SELECT apikey.reveal_env();
SET apikey.user_id = 'alice';

-- By name, and by id.
SELECT apikey.reveal_env('{old openai}');
SELECT apikey.reveal_env(names => ARRAY['my openai', 'service']);
SELECT apikey.reveal_env(ARRAY['00000000-0000-0000-0000-000000000003', 'service', '{00000000-0000-0000-0000-000000000001}']);
SELECT apikey.reveal_env('{service, service, 00000000-0000-0000-0000-000000000004}');
-- By type.
SELECT apikey.reveal_env(key_types => '{openai}');
SELECT apikey.reveal_env(key_types => '{custom, google_gemini}');
SELECT apikey.reveal_env(NULL, '{openai, openai}');
-- Both: a named key takes precedence over keys of a type.
SELECT apikey.reveal_env('{old openai}', '{openai, google_gemini}');
SELECT apikey.reveal_env('{service}', '{}'), apikey.reveal_env('{}', '{google_gemini}');

-- All keys that cannot be returned are named at once.
SELECT what, outcome(format('SELECT apikey.reveal_env(%L, %L)', names, key_types)) FROM (VALUES
	('absent', '{absent}'::text[], NULL::text[]),
	('absent, several', '{absent, service, One, 00000000-0000-0000-0000-000000000000}', NULL),
	('deleted, by name and by id', '{deleted, 00000000-0000-0000-0000-000000000009}', NULL),
	('another user''s', '{bob''s}', NULL),
	('a secret', ARRAY[openai()], NULL),
	('expired', '{anthropic}', NULL),
	('disabled', '{disabled}', NULL),
	('expired, by id, and disabled', '{00000000-0000-0000-0000-000000000007, disabled, service}', NULL),
	('absent goes first', '{anthropic, absent}', NULL),
	('without a variable', '{nameless}', NULL),
	('in conflict', '{old openai, new openai}', NULL),
	('type without a key', NULL, '{mistral}'),
	('types without a key', NULL, '{mistral, openai, cohere}'),
	('type with an expired key alone', NULL, '{anthropic}'),
	('types with unusable keys alone', NULL, '{groq, anthropic}'),
	('type with a deleted key alone', NULL, '{tavily}'),
	('type unknown', NULL, '{openai, opena}'),
	('NULL among the names', '{service, NULL}', NULL),
	('NULL among the types', NULL, '{NULL}'),
	('empty name', '{""}', NULL)
	) AS t(what, names, key_types);
-- Three keys of one type: every variable in conflict.
SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('alice', 'gemini ' || n, 'google_gemini', 'value-of-gemini-' || n, check_format => false) IS NOT NULL FROM generate_series(2, 3) n;
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.reveal_env('{gemini, gemini 2, gemini 3}')$$);
-- A key with its own variable conflicts only with keys that use the same variable,
-- not with others of its type.
SELECT apikey.reveal_env('{old openai, my openai}');
SELECT apikey.update_key('my openai', new_env_var => 'OPENAI_API_KEY');
SELECT outcome($$SELECT apikey.reveal_env('{old openai, my openai}')$$);
SELECT apikey.reveal_env(key_types => '{openai}');

-- Types that share a variable: a type that lists it first has precedence over an
-- older or newer key of a type that has it as an alias; then the newer key.
RESET ROLE;
SET apikey.user_id = 'carol';
INSERT INTO apikey.custom_key_types (key_type, label, env_vars) VALUES ('regress_main', 'Main', '{SHARED_KEY}'),
	('regress_alias', 'Alias', '{ALIAS_KEY,SHARED_KEY}'), ('regress_other', 'Other', '{OTHER_KEY,SHARED_KEY}');
SET ROLE regress_apikey_worker;
SELECT apikey.create_key('alias', 'regress_alias', 'value-of-alias') IS NOT NULL;
SELECT apikey.create_key('main', 'regress_main', 'value-of-main') IS NOT NULL;
SELECT apikey.create_key('other', 'regress_other', 'value-of-other') IS NOT NULL;
SELECT apikey.reveal_env();
SELECT apikey.reveal_env(key_types => '{regress_alias, regress_main, regress_other}');
SELECT apikey.reveal_env(key_types => '{regress_other, regress_alias}'), apikey.reveal_env(key_types => '{regress_alias, regress_other}');
SELECT apikey.reveal_env('{alias}', '{regress_main}');
SELECT apikey.reveal_env('{main, alias}'), apikey.reveal_env('{alias, main}');
SELECT apikey.reveal_env('{main, other, alias}'), apikey.reveal_env('{alias, other, main}');
SELECT outcome($$SELECT apikey.reveal_env('{alias, other}')$$);
SELECT apikey.create_key('main 2', 'regress_main', 'value-of-main-2') IS NOT NULL;
SELECT outcome($$SELECT apikey.reveal_env('{alias, main, main 2}')$$);
-- A key's own variable counts as the first.
SELECT apikey.create_key('own', 'custom', 'value-of-own', env_var => 'ALIAS_KEY') IS NOT NULL;
SELECT outcome($$SELECT apikey.reveal_env('{alias, own}')$$);
SELECT apikey.purge_own_keys();
RESET ROLE;
DELETE FROM apikey.custom_key_types WHERE key_type LIKE 'regress%';
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_worker;

-- A key that cannot be decrypted is left out with a warning if all keys were
-- requested, and is an error if it was requested by name or type.
RESET ROLE;
UPDATE apikey.api_keys SET name = 'altered' WHERE name = 'service';
SET ROLE regress_apikey_worker;
SELECT apikey.reveal_env() ? 'MY_SERVICE_KEY';
SELECT outcome($$SELECT apikey.reveal_env('{altered}')$$);
SELECT outcome($$SELECT apikey.reveal_env(key_types => '{custom}')$$);
SELECT apikey.reveal_env('{new openai}');
-- A type that no longer exists has no variables.
RESET ROLE;
INSERT INTO apikey.custom_key_types (key_type, label, env_vars) VALUES ('regress_own', 'Our own', '{OUR_KEY,OUR_TOKEN}');
SET ROLE regress_apikey_worker;
SELECT apikey.create_key('own', 'regress_own', 'value-of-own') IS NOT NULL;
SELECT apikey.reveal_env('{own}');
RESET ROLE;
DELETE FROM apikey.custom_key_types WHERE key_type = 'regress_own';
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.reveal_env('{own}')$$);
SELECT apikey.reveal_key('own'), label IS NULL FROM apikey.keys WHERE name = 'own';
-- A value that must be escaped in JSON.
SELECT apikey.create_key('odd', 'custom', E'"\\\\/{}[]\\u0041', env_var => 'ODD_KEY') IS NOT NULL;
SELECT apikey.reveal_env('{odd}'), apikey.reveal_env('{odd}') ->> 'ODD_KEY' = apikey.reveal_key('odd');

SELECT apikey.purge_own_keys();
SET apikey.user_id = 'bob';
SELECT apikey.purge_own_keys();
RESET ROLE;
DROP TABLE ids;
