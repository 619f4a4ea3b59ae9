\set n random(1, 1000000000000000)
BEGIN;
SELECT set_config(:setting, :other, true);
UPDATE secrets SET value = :head || :n || :tail, updated_at = now() WHERE name = :name AND deleted_at IS NULL RETURNING id;
COMMIT;
