-- The extension is dropped and created again in one session: what the library has
-- cached about its tables, its type and its keys is out of date.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET client_min_messages = error;
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';
SELECT apikey.create_key('one', 'openai', openai('one')) IS NOT NULL;
SELECT apikey.reveal_key('one') = openai('one');
SELECT apikey.encrypt('a secret', 'a context') IS NULL FROM apikey.rotate_data_key('column');
BEGIN;
SET LOCAL apikey.allow_drop = on;
DROP EXTENSION apikey;
CREATE EXTENSION apikey;
SELECT count(*) FROM apikey.keys;
SELECT apikey.create_key('one', 'openai', openai('another')) IS NOT NULL;
SELECT apikey.reveal_key('one') = openai('another');
ROLLBACK;
-- The old one is back.
SELECT apikey.reveal_key('one') = openai('one');
SET apikey.allow_drop = on;
DROP EXTENSION apikey;
RESET apikey.allow_drop;
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
CREATE EXTENSION apikey;
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
SELECT outcome($$SELECT apikey.encrypt('a secret', 'a context')$$);
SELECT count(*) FROM apikey.key_status;
SELECT apikey.create_key('one', 'openai', openai('again')) IS NOT NULL;
SELECT apikey.set_key('one', 'openai', openai('and again')) IS NOT NULL;
SELECT apikey.reveal_key('one') = openai('and again'), apikey.reveal_env() = jsonb_build_object('OPENAI_API_KEY', openai('and again'));
SELECT user_id, name FROM apikey.find_keys(openai('and again'));
SELECT count(*) FROM apikey.verify_keys();
SELECT apikey.purge_own_keys();
DELETE FROM apikey.data_keys;
