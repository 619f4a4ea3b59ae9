BEGIN;
SELECT apikey.set_user_id(:lister::text);
SELECT name, key_type, hint, created_at FROM apikey.keys;
COMMIT;
