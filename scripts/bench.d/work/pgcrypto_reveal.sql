BEGIN;
SELECT set_config(:setting, :user, true);
SELECT pgp_sym_decrypt(value, :passphrase) FROM pgp WHERE name = :name;
COMMIT;
