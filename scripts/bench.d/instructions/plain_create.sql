\set n random(1, 1000000000)
BEGIN;
SELECT set_config('app.user_id', 'u' || :n, true);
INSERT INTO secrets (id, user_id, name, key_type, value, hint) VALUES (gen_random_uuid(), current_setting('app.user_id'), 'key', 'custom', 'value-' || :n || '-0123456789abcdefghijkl', '...ijkl') RETURNING id;
COMMIT;
