\set n random(1, 1000000000)
BEGIN;
SELECT set_config('app.user_id', '8', true);
UPDATE secrets SET value = 'value-' || :n || '-0123456789abcdefghijkl', updated_at = now() WHERE name = 'key3' AND deleted_at IS NULL RETURNING id;
COMMIT;
