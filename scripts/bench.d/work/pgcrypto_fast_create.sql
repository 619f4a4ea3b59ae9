\set n random(1, 1000000000000000)
BEGIN;
SELECT set_config(:setting, :letter || :n, true);
INSERT INTO pgp (user_id, name, fast) VALUES (current_setting(:setting), :name, pgp_sym_encrypt(:head || :n || :tail, :passphrase, :options)) RETURNING name;
COMMIT;
