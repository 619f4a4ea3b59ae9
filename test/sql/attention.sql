-- attention and all_attention: what wants a human.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.usage_interval = '1h';
CREATE FUNCTION add(name text, seed text, age interval, expiry interval DEFAULT NULL, user_id text DEFAULT 'alice') RETURNS boolean LANGUAGE sql AS $$
	SELECT apikey.create_key_for(user_id, name, 'custom', regress_apikey.secret('v-', 24, seed), created_at => now() - age, expires_at => now() + expiry) IS NULL
$$;
-- One key for each reason and each limit.
SELECT add('fine', '1', '1 day'), add('fine for years', '2', '1 day', '31 days'), add('expiring', '3', '1 day', '29 days'), add('expired', '4', '100 days', '-1 day'),
	add('unused', '5', '91 days'), add('not long unused', '6', '89 days'), add('used', '7', '91 days'), add('used long ago', '8', '200 days'),
	add('twin one', '9', '1 day'), add('twin two', '9', '1 day'), add('twin deleted', '1', '1 day'), add('twin of another', '9', '1 day', NULL, 'bob'),
	add('disabled', '10', '1 day'), add('disabled long ago', '11', '200 days'), add('expiring but disabled', '12', '1 day', '1 day'),
	add('deleted', '13', '200 days', '-1 day'), add('expired and disabled', '14', '200 days', '-1 day');
SET apikey.user_id = 'alice';
SELECT length(apikey.reveal_key(name)) FROM apikey.keys WHERE name IN ('used', 'used long ago');
UPDATE apikey.key_usage u SET last_used_at = now() - interval '100 days' FROM apikey.api_keys k WHERE k.id = u.id AND k.name = 'used long ago';
SELECT apikey.disable_key(name) IS NULL FROM apikey.keys WHERE name LIKE '%disabled%';
SELECT apikey.delete_key(name) IS NULL FROM apikey.keys WHERE name LIKE '%deleted';
UPDATE apikey.api_keys SET disabled_at = now() - interval '91 days' WHERE name IN ('disabled long ago', 'expired and disabled');

SET ROLE regress_apikey_worker;
SELECT reason, name, user_id, round(extract(epoch FROM at - now()) / 86400), advice FROM apikey.attention ORDER BY reason, name;
-- Another user, and none.
SET apikey.user_id = 'bob';
SELECT count(*) FROM apikey.attention;
RESET apikey.user_id;
SELECT outcome('SELECT * FROM apikey.attention'), outcome('SELECT * FROM apikey.all_attention');
-- Of all users: the same keys and reasons, with advice for administrators.
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_monitor;
SELECT reason, string_agg(name, ', ' ORDER BY name), string_agg(DISTINCT user_id, ', '), string_agg(DISTINCT advice, '; ') FROM apikey.all_attention GROUP BY 1 ORDER BY 1;
SELECT outcome('SELECT * FROM apikey.attention');
RESET ROLE;
SELECT count(*) FROM (SELECT id, reason, at FROM apikey.attention EXCEPT SELECT id, reason, at FROM apikey.all_attention WHERE user_id = 'alice') s;
SELECT outcome('DELETE FROM apikey.attention') ~ '^55000', outcome('DELETE FROM apikey.all_attention') ~ '^55000';
-- Nothing is unused where uses are not recorded.
SET apikey.usage_interval = -1;
SELECT count(*) FROM apikey.attention WHERE reason = 'unused';
SET apikey.usage_interval = '1h';

-- Values that cannot be decrypted: by their data keys, without decrypting any, and
-- without a master key.
CREATE TEMP TABLE data_key AS SELECT apikey.data_key_id(encrypted_value) AS id FROM apikey.api_keys WHERE name = 'fine';
BEGIN;
UPDATE apikey.data_keys SET lost_at = '2020-01-01 00:00+00', deactivated_at = '2020-01-01 00:00+00' WHERE id IN (SELECT id FROM data_key);
SELECT count(*) = (SELECT count(*) FROM apikey.keys), min(at) AT TIME ZONE 'UTC', min(advice) FROM apikey.attention WHERE reason = 'undecryptable';
SELECT count(*) = (SELECT count(*) FROM apikey.keys WHERE NOT usable) FROM apikey.attention WHERE reason IN ('undecryptable');
ROLLBACK;
BEGIN;
DELETE FROM apikey.data_keys WHERE id IN (SELECT id FROM data_key);
SELECT count(*) > 10, count(at), min(advice) FROM apikey.all_attention WHERE reason = 'undecryptable';
ROLLBACK;
SELECT count(*) FROM apikey.all_attention WHERE reason = 'undecryptable';

-- A query for one reason does not look for the others.
CREATE FUNCTION scans_of(wanted text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
	EXECUTE format('EXPLAIN (FORMAT json) SELECT * FROM apikey.all_attention WHERE reason = %L', wanted) INTO plan;
	RETURN (SELECT count(*) FROM regexp_matches(plan::text, '"Relation Name": "api_keys"', 'g'));
END $$;
SELECT reason, scans_of(reason) FROM unnest(ARRAY['expiring', 'expired', 'disabled', 'unused', 'undecryptable', 'duplicate', 'no such reason']) reason;

SELECT apikey.purge_user('alice') > 0, apikey.purge_user('bob');
RESET apikey.usage_interval;
DROP TABLE data_key;
DROP FUNCTION add(text, text, interval, interval, text), scans_of(text);
