BEGIN;
SELECT set_config(:setting, :user, true);
SELECT pgp_sym_decrypt(fast, :passphrase) FROM pgp WHERE name = :name;
COMMIT;
