BEGIN;
SELECT set_config(:setting, :user, true);
SELECT value FROM secrets WHERE name = :name AND deleted_at IS NULL;
COMMIT;
