BEGIN;
SELECT set_config('app.user_id', '7', true);
SELECT value FROM secrets WHERE name = 'key3' AND deleted_at IS NULL;
COMMIT;
