\set n random(1, 1000000000)
BEGIN;
SELECT apikey.set_user_id('u' || :n);
SELECT apikey.create_key('key', 'custom', 'value-' || :n || '-0123456789abcdefghijkl');
COMMIT;
