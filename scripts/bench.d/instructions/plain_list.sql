BEGIN;
SELECT set_config('app.user_id', '7', true);
SELECT name, key_type, hint, created_at FROM secrets WHERE deleted_at IS NULL;
COMMIT;
