-- Every encryption uses a new nonce: for the same value, in the same statement,
-- after a change, a rename and a rotation, and in each wrapped data key.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
TRUNCATE apikey.api_keys, apikey.data_keys;
CREATE TEMP TABLE seen (what text, nonce bytea);
-- The nonce follows version, suite and an id of 16 bytes; in a wrapped data key the
-- id has 8 bytes.
CREATE FUNCTION pg_temp.look(what text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO seen SELECT what, substring(apikey.encrypted_send(encrypted_value) FROM 19 FOR 24) FROM apikey.api_keys;
	INSERT INTO seen SELECT what || ', wrap', substring(wrapped_key FROM 11 FOR 24) FROM apikey.data_keys WHERE wrapped_key IS NOT NULL;
$$;
SET apikey.identity = 'session';
SET apikey.user_id = 'nonce';
SELECT count(apikey.create_key('k' || n, 'custom', 'the-same-value')) FROM generate_series(1, 50) n;
SELECT pg_temp.look('created');
SELECT count(apikey.update_key('k' || n, new_value => 'the-same-value')) FROM generate_series(1, 50) n;
SELECT pg_temp.look('updated');
SELECT count(apikey.update_key('k' || n, new_name => 'renamed' || n)) FROM generate_series(1, 50) n;
SELECT pg_temp.look('renamed');
SELECT count(apikey.set_key('renamed' || n, 'custom', 'the-same-value')) FROM generate_series(1, 50) n;
SELECT pg_temp.look('set');
SELECT apikey.rotate_data_key() IS NOT NULL;
CALL apikey.reencrypt_keys();
SELECT pg_temp.look('re-encrypted');
INSERT INTO seen SELECT 'column', substring(apikey.encrypted_send(apikey.encrypt('the-same-value', 'c')) FROM 19 FOR 24)
	FROM (SELECT apikey.rotate_data_key('column')) k, generate_series(1, 50);
-- Collected: each of the 50 values after each of five changes, the wrapped data
-- keys each time (they do not change, so each counts once), and 50 of a column.
SELECT count(*), count(DISTINCT nonce) FROM seen WHERE what NOT LIKE '%wrap';
SELECT count(DISTINCT nonce) FROM seen WHERE what LIKE '%wrap';
SELECT count(*) FROM seen WHERE length(nonce) <> 24;
-- No nonce occurs in both kinds.
SELECT count(DISTINCT nonce) FROM seen;
SELECT apikey.purge_own_keys();
