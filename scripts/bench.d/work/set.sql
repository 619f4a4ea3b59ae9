\set n random(1, 1000000000000000)
BEGIN;
SELECT apikey.set_user_id(:other::text);
SELECT apikey.set_key(:name, :type, :head || :n || :tail);
COMMIT;
