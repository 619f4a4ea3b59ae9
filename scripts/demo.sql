-- The tour that scripts/demo shows, for psql, as a superuser of an empty server.
--
-- Two statements are meant to fail.  After each, the division stops the demo
-- unless it failed with the SQLSTATE that it should have.  (The headings that
-- follow a table need no empty line before them: psql ends a table with one.)

\set ON_ERROR_STOP on
\pset footer off
\pset format wrapped
\pset columns 110
\pset null ''
\pset pager off
\pset linestyle ascii

-- Keys that look like the providers' own, but are random.
CREATE FUNCTION sample(length integer) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(substr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
							 1 + floor(random() * 62)::integer, 1), '')
		FROM generate_series(1, length)
$$;
SELECT 'sk-proj-' || sample(20) || 'T3Blbk' || 'FJ' || sample(20) AS openai_value,
	'sk-ant-' || 'api03-' || sample(93) || 'AA' AS anthropic_value,
	'gsk' || '_' || sample(52) AS groq_value,
	'gsk' || '_' || sample(52) AS bobs_value,
	'sk-ant-' || 'api03-' || sample(27) AS half_a_value \gset
DROP FUNCTION sample;

\echo
\echo '=== The administrator installs the extension, and grants an application its roles'
\echo
\set ECHO queries
CREATE EXTENSION apikey;
CREATE ROLE webapp LOGIN;
GRANT apikey_user, apikey_reveal TO webapp;
\set ECHO none

\connect - webapp

\echo
\echo '=== Alice adds her keys: each request is a transaction that first sets the user id'
\echo '    (a program sends every value as a bound parameter)'
\echo
\set ECHO queries
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT apikey.create_key('work', 'openai', :'openai_value') AS id;
SELECT apikey.create_key('claude', 'anthropic', :'anthropic_value', metadata => '{"team": "research"}') AS id;
SELECT apikey.create_key('fast', 'groq', :'groq_value', expires_at => now() + interval '90 days') AS id;
COMMIT;
\set ECHO none

\echo
\echo '=== Bob adds a key with a name that Alice uses too'
\echo
\set ECHO queries
BEGIN;
SELECT apikey.set_user_id('bob');
SELECT apikey.create_key('fast', 'groq', :'bobs_value') AS id;
COMMIT;
\set ECHO none

\echo
\echo '=== Alice lists her keys: hints, never values'
\echo
\set ECHO queries
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT name, key_type, hint, expires_at::date, metadata FROM apikey.keys ORDER BY name;
\set ECHO none

\echo '=== ... and a worker acting for her reads one'
\echo
\set ECHO queries
SELECT apikey.reveal_key('fast');
COMMIT;
\set ECHO none

\echo
\echo '=== Bob cannot reach it: for him it does not exist'
\echo
\set ECHO queries
BEGIN;
SELECT apikey.set_user_id('bob');
SELECT name, key_type, hint FROM apikey.keys;
\set ON_ERROR_STOP off
SELECT apikey.reveal_key('claude');
ROLLBACK;
\set ECHO none
\set ON_ERROR_STOP on
SELECT 1 / (:'LAST_ERROR_SQLSTATE' = 'KA005')::integer AS refused \gset

\echo
\echo '=== A key that was pasted only partly is refused, and the message does not repeat it'
\echo
\set ECHO queries
BEGIN;
SELECT apikey.set_user_id('bob');
\set ON_ERROR_STOP off
SELECT apikey.create_key('claude', 'anthropic', :'half_a_value');
ROLLBACK;
\set ECHO none
\set ON_ERROR_STOP on
SELECT 1 / (:'LAST_ERROR_SQLSTATE' = 'KA008')::integer AS refused \gset

\echo
\echo '=== A key deleted by mistake: no longer usable, but kept until it is purged'
\echo
\set ECHO queries
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT apikey.delete_key('claude') AS deleted_id;
SELECT name, hint FROM apikey.keys ORDER BY name;
SELECT apikey.restore_key(id) AS restored_id FROM apikey.deleted_keys WHERE name = 'claude';
\set ECHO none

\echo '=== All keys that a program needs, as environment variables'
\echo
\set ECHO queries
SELECT jsonb_pretty(apikey.reveal_env(names => '{work,fast}'));
COMMIT;
\set ECHO none

\connect - postgres

\echo
\echo '=== What a superuser sees in the table (applications cannot read it at all)'
\echo
\set ECHO queries
SELECT user_id, name, left(encrypted_value::text, 48) || '...' AS encrypted_value FROM apikey.api_keys ORDER BY 1, 2;
\set ECHO none

\echo '=== Finally, check that everything is in order'
\echo
\set ECHO queries
SELECT item, value, severity FROM apikey.status();
SELECT item, advice FROM apikey.status() WHERE severity <> 'ok';
\set ECHO none
