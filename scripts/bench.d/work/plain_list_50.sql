BEGIN;
SELECT set_config(:setting, :lister, true);
SELECT name, key_type, hint, created_at FROM secrets WHERE deleted_at IS NULL;
COMMIT;
