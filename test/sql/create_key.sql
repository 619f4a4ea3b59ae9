-- create_key: every argument, good and bad.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
CREATE VIEW listed AS
	SELECT name, key_type, label, hint, env_var, metadata, expires_at, disabled_at IS NULL AS enabled, is_active, user_id
	FROM apikey.keys ORDER BY name COLLATE "C";
CREATE FUNCTION create_named(name text) RETURNS text LANGUAGE sql AS $$
	SELECT outcome(format('SELECT apikey.create_key(%L, %L, %L)', name, 'custom', 'a-value-of-no-use'))
$$;
GRANT SELECT ON listed TO PUBLIC;

-- Without an identity, and without the privilege.
SET ROLE regress_apikey_web;
SELECT outcome($$SELECT apikey.create_key('one', 'openai', openai())$$);
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_nobody;
SELECT outcome($$SELECT apikey.create_key('one', 'openai', openai())$$);
SET ROLE regress_apikey_admin;
SELECT outcome($$SELECT apikey.create_key('one', 'openai', openai())$$);
SET ROLE regress_apikey_monitor;
SELECT outcome($$SELECT apikey.create_key('one', 'openai', openai())$$);
SET ROLE regress_apikey_web;

-- By position, by name, and with every argument.
SELECT apikey.create_key('one', 'openai', openai('one')) IS NOT NULL;
SELECT apikey.create_key(value => anthropic('two'), name => 'two', key_type => 'anthropic') IS NOT NULL;
SELECT apikey.create_key('three', 'custom', secret('', 40, 'three'), '2100-01-01 00:00+00', '{"team": "research", "seats": [1, 2]}', 'MY_SERVICE_API_KEY') IS NOT NULL;
SELECT apikey.create_key(name => 'four', key_type => 'custom', value => secret('', 40, 'four'), env_var => 'A_TOKEN',
	metadata => '{}', expires_at => '2100-01-01 00:00+00') IS NOT NULL;
-- NULL, JSON null and infinity mean the default; an empty env_var means none.
SELECT apikey.create_key('five', 'custom', secret('', 40, 'five'), NULL, NULL, NULL) IS NOT NULL;
SELECT apikey.create_key('six', 'custom', secret('', 40, 'six'), 'infinity', 'null', '') IS NOT NULL;
-- White space around the value is trimmed.
SELECT apikey.create_key('seven', 'openai', E' \t\n' || openai('seven') || E'\r\n ' || U&'\00a0\3000') IS NOT NULL;
-- Workers may also add keys.
SET ROLE regress_apikey_worker;
SELECT apikey.create_key('eight', 'custom', secret('', 40, 'eight')) IS NOT NULL;
SELECT * FROM listed;
SELECT name, apikey.reveal_key(name) = openai(name) FROM unnest(ARRAY['one', 'seven']) name;
SELECT apikey.reveal_key('two') = anthropic('two');
SELECT name, apikey.reveal_key(name) = secret('', 40, name) FROM unnest(ARRAY['three', 'four', 'five', 'six', 'eight']) name;
SELECT count(*) FROM apikey.keys WHERE created_at = updated_at AND deleted_at IS NULL AND disabled_reason IS NULL;
RESET ROLE;
-- Ids are random UUIDs; no part of the value is in the row.
SELECT count(*) FILTER (WHERE id::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'), count(*) FROM apikey.api_keys;
SELECT count(*) FROM apikey.api_keys k WHERE strpos(k::text, openai('one')) > 0;
SELECT count(DISTINCT fingerprint), min(length(fingerprint)), max(length(fingerprint)) FROM apikey.api_keys;
SELECT purpose, state, rows FROM apikey.key_status;

-- Hints: the type's prefix and the last four characters; none of the value if it
-- has fewer than 16 characters after the prefix.  Characters, not bytes.
SET ROLE regress_apikey_web;
SET apikey.user_id = 'hints';
SELECT apikey.create_key('custom 8', 'custom', secret('', 8)) IS NOT NULL;
SELECT apikey.create_key('custom 15', 'custom', secret('', 15)) IS NOT NULL;
SELECT apikey.create_key('custom 16', 'custom', secret('', 16)) IS NOT NULL;
SELECT apikey.create_key('groq', 'groq', secret('gsk_', 52)) IS NOT NULL;
SELECT apikey.create_key('anthropic', 'anthropic', anthropic()) IS NOT NULL;
RESET ROLE;
INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('regress_any', 'Any text');
SET ROLE regress_apikey_web;
SELECT apikey.create_key('any ' || n, 'regress_any', repeat(U&'\00e9', 7) || 'n' || repeat(U&'\+01f511', n - 8)) IS NOT NULL FROM generate_series(15, 16) n;
SELECT right(secret('', 16), 4), right(secret('gsk_', 52), 4);
SELECT name, hint FROM listed;
SELECT apikey.purge_own_keys();
RESET ROLE;
DELETE FROM apikey.custom_key_types WHERE key_type = 'regress_any';
SET ROLE regress_apikey_web;

-- Names that are accepted unchanged.
SET apikey.user_id = 'names';
SELECT name, create_named(name) FROM (VALUES ('x'), ('A name of several words'), ('a name of several words'),
	(U&'caf\00e9'), (U&'\540d\524d'), (U&'\+01f511'), ('a''b"c\d'), ('sk-'), ('00000000-0000-0000-0000-00000000000'),
	('00000000-0000-0000-0000-000000000000g'), ('{'), ('0x00'), ('%s%n'), ('null')) t(name);
-- 200 characters, not bytes.
SELECT create_named(repeat(U&'\00e9', 200));
SELECT create_named(repeat('n', 200));
SELECT create_named(repeat(U&'\+01f511', 200));
SELECT count(*), max(char_length(name)), max(octet_length(name)) FROM listed;

-- Names that are refused.
SELECT what, outcome(format('SELECT apikey.create_key(%L, %L, %L)', name, 'custom', 'a-value-of-no-use')) FROM (VALUES
	('NULL', NULL),
	('empty', ''),
	('201 characters', repeat('n', 201)),
	('201 characters of two bytes', repeat(U&'\00e9', 201)),
	('a control character', E'a\tb'),
	('a line break behind', E'ab\n'),
	('DEL', E'a\x7fb'),
	('a C1 control character', U&'a\0085b'),
	('a space before', ' a'),
	('a space behind', 'a '),
	('nothing but a space', ' '),
	('a no-break space behind', U&'a\00a0'),
	('an ideographic space before', U&'\3000a'),
	('a byte order mark before', U&'\feffa'),
	('not NFC', U&'cafe\0301'),
	('not NFC: the Kelvin sign', U&'\212a'),
	('a provider''s key', openai('name')),
	('a provider''s key among words', 'my key is ' || anthropic('name') || '!')
	) AS t(what, name);
-- A UUID, in every form that the type accepts.
SELECT name, split_part(create_named(name), E'\n', 1) FROM (VALUES
	('01234567-89ab-cdef-0123-456789abcdef'),
	('01234567-89AB-CDEF-0123-456789ABCDEF'),
	('0123456789abcdef0123456789abcdef'),
	('{01234567-89ab-cdef-0123-456789abcdef}'),
	('{0123456789abcdef0123456789abcdef}'),
	('0123-4567-89ab-cdef-0123-4567-89ab-cdef'),
	('01234567-89abcdef-01234567-89abcdef')
	) AS t(name);
SELECT outcome($$SELECT apikey.create_key('01234567-89ab-cdef-0123-456789abcdef', 'custom', 'a-value-of-no-use')$$);
-- Names in use: by a key that is not deleted, even if disabled; other users' names
-- do not count.
SELECT outcome($$SELECT apikey.create_key('x', 'custom', 'a-value-of-no-use')$$);
SELECT apikey.disable_key('x') IS NOT NULL;
SELECT outcome($$SELECT apikey.create_key('x', 'groq', secret('gsk_', 52))$$);
SELECT apikey.delete_key('x') IS NOT NULL;
SELECT outcome($$SELECT apikey.create_key('x', 'custom', 'a-value-of-no-use')$$);
SET apikey.user_id = 'other';
SELECT outcome($$SELECT apikey.create_key('x', 'custom', 'a-value-of-no-use')$$);
SELECT name, user_id FROM listed;

-- Types: the error for an unknown one suggests similar names and does not repeat it.
SELECT left(key_type, 20), outcome(format('SELECT apikey.create_key(%L, %L, %L)', 'type', key_type, 'a-value-of-no-use')) FROM (VALUES
	(NULL), (''), ('opena'), ('OpenAI'), ('Hugging Face'), ('gibberish'), ('github'), (repeat('x', 5000))) AS t(key_type);
SELECT outcome(format('SELECT apikey.create_key(%L, %L, %L)', 'swapped', openai(), 'openai'));

-- Values.
SELECT what, outcome(format('SELECT apikey.create_key(%L, %L, %L)', 'value', key_type, value)) FROM (VALUES
	('NULL', 'openai', NULL),
	('empty', 'openai', ''),
	('white space alone', 'custom', E' \t\n '),
	('another provider''s', 'openai', anthropic()),
	('another provider''s, the other way', 'anthropic', openai()),
	('another kind of the same provider''s', 'anthropic', secret('sk-ant-admin01-', 93) || 'AA'),
	('too short for its type', 'openai', secret('sk-', 47)),
	('of no known form', 'anthropic', secret('', 40)),
	('a space inside', 'custom', 'a value'),
	('a line break inside', 'openai', overlay(openai() PLACING E'\n' FROM 20)),
	('a control character inside', 'custom', E'a\x01b-of-no-use'),
	('a no-break space inside', 'custom', U&'a\00a0b-of-no-use'),
	('not printable ASCII', 'custom', U&'a-valu\00e9-of-no-use'),
	('7 characters', 'custom', secret('', 7))
	) AS t(what, key_type, value);
-- At most 8192 bytes, after trimming.
SELECT n, length(pad), outcome(format('SELECT apikey.create_key(%L, %L, %L)', format('size %s+%s', n, length(pad)), 'custom',
		pad || (SELECT string_agg(chr(33 + i % 94), '') FROM generate_series(1, n) i) || pad))
	FROM unnest(ARRAY[8191, 8192, 8193, 100000]) n, unnest(ARRAY['', ' ']) pad ORDER BY 1, 2;
SET ROLE regress_apikey_worker;
SELECT name, length(apikey.reveal_key(name)) FROM listed WHERE name LIKE 'size%' ORDER BY 1;
SET ROLE regress_apikey_web;
-- Warnings do not prevent a value from being stored.
SELECT apikey.create_key('placeholder', 'custom', 'an-example-of-a-placeholder') IS NOT NULL;
SELECT apikey.create_key('checksum', 'github_pat', secret('ghp_', 36)) IS NOT NULL;
SELECT outcome($$SELECT apikey.create_key('placeholder', 'custom', 'an-example-of-a-placeholder')$$);
RESET ROLE;
SET apikey.strict_checks = on;
SET ROLE regress_apikey_web;
SELECT outcome($$SELECT apikey.create_key('placeholder 2', 'custom', 'an-example-of-a-placeholder')$$);
SELECT outcome($$SELECT apikey.create_key('checksum 2', 'github_pat', secret('ghp_', 36))$$);
RESET ROLE;
RESET apikey.strict_checks;
SET ROLE regress_apikey_web;

-- Expiry: a time in the future.
SELECT t, outcome(format('SELECT apikey.create_key(%L, %L, %L, %s)', 'expiry', 'custom', 'a-value-of-no-use', t))
	FROM unnest(ARRAY['''2020-01-01 00:00+00''', 'now()', '''-infinity''']) t;
SELECT outcome($$SELECT apikey.create_key('expiry', 'custom', 'a-value-of-no-use', clock_timestamp() + '1 hour')$$);

-- Metadata: an object of at most 8 KiB that contains no secret.
SELECT what, outcome(format('SELECT apikey.create_key(%L, %L, %L, NULL, %L)', 'metadata ' || what, 'custom', 'a-value-of-no-use', metadata)) FROM (VALUES
	('array', '[]'::jsonb),
	('string', '"x"'),
	('number', '1'),
	('boolean', 'true'),
	('as large as may be', jsonb_build_object('x', repeat('n', 8192 - 9))),
	('one byte too large', jsonb_build_object('x', repeat('n', 8192 - 8))),
	('too large in bytes', jsonb_build_object('x', repeat(U&'\00e9', 4096))),
	('an API key', jsonb_build_object('x', openai())),
	('an API key as a member''s name', jsonb_build_object(openai(), 1)),
	('an API key in an array', jsonb_build_object('x', jsonb_build_array(1, 'text', anthropic()))),
	('an API key at depth', jsonb_build_object('a', jsonb_build_object('b', jsonb_build_array(jsonb_build_object('c', 'Bearer ' || openai()))))),
	('nothing amiss', '{"a": null, "b": {"c": [true, "sk-", {"d": "e"}]}}')
	) AS t(what, metadata);
-- The key's own environment variable; env_vars.sql has the rule.
SELECT outcome($$SELECT apikey.create_key('variable', 'custom', 'a-value-of-no-use', env_var => 'ACME_API_KEY')$$);
SELECT outcome($$SELECT apikey.create_key('variable refused', 'custom', 'a-value-of-no-use', env_var => 'acme_key')$$);
SELECT outcome($$SELECT apikey.create_key('variable refused', 'custom', 'a-value-of-no-use', env_var => 'PATH')$$);

-- User ids: 1 to 255 characters, compared byte for byte.
SET apikey.user_id = 'Alice';
SELECT count(*) FROM listed;
SELECT create_named('one');
SET apikey.user_id = 'al ice';
SELECT count(*) FROM listed;
SELECT create_named('one');
SELECT set_config('apikey.user_id', repeat(U&'\00e9', 255), false) IS NOT NULL;
SELECT create_named('one');
SELECT name, char_length(user_id) FROM listed;

-- In a read-only transaction, and with an empty search path.
BEGIN READ ONLY;
SELECT outcome($$SELECT apikey.create_key('read only', 'custom', 'a-value-of-no-use')$$);
COMMIT;
CREATE TEMP TABLE api_keys (x int);
SET search_path = pg_temp, regress_apikey;
SELECT create_named('shadowed');

RESET ROLE;
SELECT apikey.purge_user(user_id) > 0 FROM (SELECT DISTINCT user_id FROM apikey.all_keys) t;
DROP TABLE api_keys;
DROP VIEW regress_apikey.listed;
DROP FUNCTION regress_apikey.create_named(text);
