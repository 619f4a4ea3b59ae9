\set n random(1, 1000000000)
BEGIN;
SELECT apikey.set_user_id('8');
SELECT apikey.set_key('key3', 'custom', 'value-' || :n || '-0123456789abcdefghijkl');
COMMIT;
