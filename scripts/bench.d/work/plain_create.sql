\set n random(1, 1000000000000000)
BEGIN;
SELECT set_config(:setting, :letter || :n, true);
INSERT INTO secrets (id, user_id, name, key_type, value, hint) VALUES (gen_random_uuid(), current_setting(:setting), :name, :type, :head || :n || :tail, :hint) RETURNING id;
COMMIT;
