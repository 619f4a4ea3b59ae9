\set n random(1, 1000000000000000)
BEGIN;
SELECT apikey.set_user_id(:letter || :n);
SELECT apikey.create_key(:name, :type, :head || :n || :tail);
COMMIT;
