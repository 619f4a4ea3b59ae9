BEGIN;
SELECT apikey.set_user_id('7');
SELECT name, key_type, hint, created_at FROM apikey.keys;
COMMIT;
