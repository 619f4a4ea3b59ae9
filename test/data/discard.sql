-- Calls with debug_discard_caches, where each cache is invalid whenever it may be: what
-- a pointer into one of them that is kept too long shows.  A regression test that stores
-- more than a few keys would take an hour.  For scripts/sanitize; a wrong result divides
-- by zero.
CREATE EXTENSION apikey;
CREATE TABLE users (id bigint PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 3);
SET apikey.identity = 'session';
SET apikey.user_id = 'ann';
SET debug_discard_caches = 1;
-- A call that never ends is one of the errors: the longest takes less than a minute.
SET statement_timeout = '10min';

-- The first data keys, and keys of one user.
SELECT 1 / (apikey.create_key('one', 'custom', 'value-of-one') IS NOT NULL)::int;
SELECT 1 / (apikey.set_key('two', 'custom', 'value-of-two', env_var => 'TWO_TOKEN') IS NOT NULL)::int;
SELECT 1 / (apikey.reveal_key('one') = 'value-of-one')::int;
SELECT 1 / (apikey.update_key('one', new_value => 'new-value-of-one') IS NOT NULL)::int;
SELECT 1 / (apikey.reveal_env() = '{"TWO_TOKEN": "value-of-two"}')::int;
SELECT 1 / (string_agg(name, ' ' ORDER BY name) = 'one two')::int FROM apikey.keys;
DO $$
BEGIN
	PERFORM apikey.reveal_key('three');
	RAISE division_by_zero;
EXCEPTION WHEN SQLSTATE 'KA005' THEN
END $$;

-- Across users, and with a second data key.
SELECT 1 / (string_agg(name, ' ') = 'one')::int FROM apikey.find_keys('new-value-of-one');
SELECT 1 / (apikey.rotate_data_key() IS NOT NULL)::int;
CALL apikey.reencrypt_keys();
SELECT 1 / (apikey.rewrap_data_keys() >= 0)::int;
SELECT 1 / (count(*) = 0)::int FROM apikey.verify_keys();
SELECT 1 / (count(apikey.retire_data_key(id)) = 1)::int FROM apikey.data_keys WHERE deactivated_at IS NOT NULL;
SELECT 1 / (count(*) = 2)::int FROM apikey.all_keys;
SELECT 1 / (count(*) > 0)::int FROM apikey.key_status;
SELECT 1 / (count(*) > 0)::int FROM apikey.metrics;
SELECT 1 / (count(*) > 0)::int FROM apikey.status();

-- The state of a key.
SELECT 1 / (apikey.disable_key('two', 'paused') IS NOT NULL)::int;
SELECT 1 / (apikey.enable_key('two') IS NOT NULL)::int;
SELECT 1 / (apikey.delete_key('two') IS NOT NULL)::int;
SELECT 1 / (count(apikey.restore_key(id)) = 1)::int FROM apikey.deleted_keys;

-- Linked users.
SELECT apikey.link_users('users', 'id', prefix => 'u-');
SELECT 1 / (apikey.move_keys('ann', 'u-2') = 2)::int;
SET apikey.user_id = 'u-2';
SELECT 1 / (apikey.reveal_key('two') = 'value-of-two')::int;
DELETE FROM users WHERE id = 2;
SELECT 1 / (count(*) = 0)::int FROM apikey.keys;
SELECT apikey.unlink_users('users'::regclass);

-- Values in other tables, and another key type.
SELECT 1 / (apikey.rotate_data_key('column') IS NOT NULL)::int;
SELECT 1 / (apikey.decrypt(apikey.encrypt('a value', 'context'), 'context') = 'a value')::int;
INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES ('mine', 'Mine', '^m-[a-z]{10}$');
SELECT 1 / (count(*) > 0)::int FROM apikey.check_key('mine', 'm-0');
SELECT 1 / (count(*) FILTER (WHERE t = 'mine') = 1)::int FROM apikey.detect_key_type('m-abcdefghij') t;

SET apikey.allow_drop = on;
DROP EXTENSION apikey;
