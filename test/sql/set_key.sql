-- set_key: the function for a settings page.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
CREATE VIEW listed AS
	SELECT name, key_type, hint, env_var, metadata, expires_at, disabled_reason, is_active
	FROM apikey.keys ORDER BY name COLLATE "C";
GRANT SELECT ON listed TO PUBLIC;
-- The ids seen so far, to distinguish a replaced key from a new one.
CREATE TEMP TABLE seen (what text, id uuid);
GRANT ALL ON seen TO PUBLIC;

-- Without an identity, and without the privilege.
SET ROLE regress_apikey_web;
SELECT outcome($$SELECT apikey.set_key('one', 'openai', openai())$$);
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_admin;
SELECT outcome($$SELECT apikey.set_key('one', 'openai', openai())$$);

-- The first call creates, the second replaces the value of the same key.
SET ROLE regress_apikey_web;
INSERT INTO seen SELECT 'created', apikey.set_key('one', 'openai', openai('first'), '2100-01-01 00:00+00', '{"a": 1}', 'MY_KEY');
SELECT * FROM listed;
INSERT INTO seen SELECT 'replaced', apikey.set_key('one', 'openai', E'\n' || openai('second') || ' ');
SELECT * FROM listed;
SELECT right(openai('first'), 4), right(openai('second'), 4);
SELECT count(*), count(DISTINCT id) FROM seen;
SET ROLE regress_apikey_worker;
SELECT apikey.reveal_key('one') = openai('second');
-- Options that are given are set; metadata as a whole; infinity and '' clear.
SELECT apikey.set_key(name => 'one', key_type => 'openai', value => openai('third'), expires_at => '2101-01-01 00:00+00',
	metadata => '{"b": 2}', env_var => 'YOUR_KEY') = id FROM seen WHERE what = 'created';
SELECT * FROM listed;
SELECT apikey.set_key('one', 'openai', openai('third'), 'infinity', '{}', '') = id FROM seen WHERE what = 'created';
SELECT * FROM listed;
SELECT apikey.set_key('one', 'openai', openai('third'), NULL, 'null', NULL) = id FROM seen WHERE what = 'created';
SELECT * FROM listed;
-- By the key's id as text.
SELECT apikey.set_key(id::text, 'openai', openai('fourth')) = id FROM seen WHERE what = 'created';
SELECT apikey.set_key('{' || upper(id::text) || '}', 'openai', openai('fifth')) = id FROM seen WHERE what = 'created';
SELECT apikey.reveal_key('one') = openai('fifth');
SELECT count(*) FROM listed;

-- Another type for an existing name is refused, and nothing changes.
SELECT outcome($$SELECT apikey.set_key('one', 'anthropic', anthropic())$$);
SELECT outcome(format('SELECT apikey.set_key(%L, %L, anthropic())', id, 'anthropic')) FROM seen WHERE what = 'created';
SELECT outcome($$SELECT apikey.set_key('one', 'custom', openai())$$);
SELECT apikey.reveal_key('one') = openai('fifth'), hint = 'sk-...' || right(openai('fifth'), 4) FROM listed;

-- Invalid arguments are the same as for create_key, for new and existing keys.
SELECT what, name, outcome(format('SELECT apikey.set_key(%L, %s)', name, arguments)) FROM unnest(ARRAY['one', 'new']) name, (VALUES
	('type NULL', 'NULL, openai()'),
	('type unknown', '''openia'', openai()'),
	('value NULL', '''openai'', NULL'),
	('value empty', '''openai'', '''''),
	('value of another type', '''openai'', anthropic()'),
	('expiry past', '''openai'', openai(), ''2020-01-01 00:00+00'''),
	('metadata no object', '''openai'', openai(), NULL, ''[]'''),
	('metadata with a key', '''openai'', openai(), NULL, jsonb_build_object(''x'', anthropic())'),
	('variable', '''openai'', openai(), env_var => ''PATH''')
	) AS t(what, arguments) ORDER BY what COLLATE "C", name DESC;
SELECT what, outcome(format('SELECT apikey.set_key(%L, %L, openai())', name, 'openai')) FROM (VALUES
	('NULL', NULL), ('empty', ''), ('201 characters', repeat('n', 201)), ('a space behind', 'one '), ('a control character', E'a\nb'),
	('a provider''s key', openai('name')), ('a uuid', '01234567-89ab-cdef-0123-456789abcdef')) AS t(what, name);
SELECT apikey.reveal_key('one') = openai('fifth');
SELECT count(*) FROM listed;

-- A disabled key is not given a value that cannot be used (unusable_keys.sql).
SELECT apikey.disable_key('one', 'paused') = id FROM seen WHERE what = 'created';
SELECT outcome($$SELECT apikey.set_key('one', 'openai', openai('sixth'))$$);
SELECT * FROM listed;
SELECT apikey.enable_key('one') = id FROM seen WHERE what = 'created';
SELECT apikey.reveal_key('one') = openai('fifth');
SELECT apikey.set_key('one', 'openai', openai('sixth')) = id FROM seen WHERE what = 'created';
SELECT apikey.reveal_key('one') = openai('sixth');

-- A deleted key is not touched: its name creates a new key, its id is refused.
SELECT apikey.delete_key('one') = id FROM seen WHERE what = 'created';
SELECT replace(outcome(format('SELECT apikey.set_key(%L, %L, openai())', id, 'openai')), id::text, '(its id)') FROM seen WHERE what = 'created';
SELECT apikey.set_key('one', 'anthropic', anthropic()) <> id FROM seen WHERE what = 'created';
SELECT * FROM listed;
SELECT count(*) FROM apikey.deleted_keys;

-- Another user's key is neither found nor changed.
SET apikey.user_id = 'bob';
SELECT apikey.set_key('one', 'openai', openai('bob')) NOT IN (SELECT id FROM seen);
SELECT count(*) FROM listed;
SET apikey.user_id = 'alice';
SELECT apikey.reveal_key('one') = anthropic();
SELECT id AS alices FROM apikey.keys \gset
SET apikey.user_id = 'bob';
SELECT outcome(format('SELECT apikey.set_key(%L, %L, openai())', :'alices', 'openai'));
SELECT apikey.purge_own_keys();
SET apikey.user_id = 'alice';
SELECT apikey.purge_own_keys();

RESET ROLE;
DROP TABLE seen;
DROP VIEW listed;
