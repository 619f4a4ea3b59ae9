BEGIN;
SELECT apikey.set_user_id('7');
SELECT apikey.reveal_key('key3');
COMMIT;
