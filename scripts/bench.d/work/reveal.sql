BEGIN;
SELECT apikey.set_user_id(:user::text);
SELECT apikey.reveal_key(:name);
COMMIT;
