-- What the benchmarks work on.  First 1,000 users with 10 keys each, user 9 with 50, and
-- the same in a plain table.
CREATE EXTENSION apikey;
CREATE EXTENSION pgcrypto;
CREATE TABLE plain (user_id text, id uuid DEFAULT gen_random_uuid(), name text, key_type text,
	value text, created_at timestamptz DEFAULT now(), PRIMARY KEY (user_id, id));
CREATE UNIQUE INDEX ON plain (user_id, name);
CREATE INDEX ON plain (value);
INSERT INTO plain (user_id, name, key_type, value)
	SELECT u::text, 'key' || k, 'custom', md5(u || '-' || k) 
	FROM generate_series(1, 1000) u, generate_series(1, CASE u WHEN 9 THEN 50 ELSE 10 END) k;
SELECT apikey.create_key_for(user_id, name, key_type, value) FROM plain;
-- The plain table under row-level security, for roles that are not its owner.
CREATE TABLE secrets (LIKE apikey.api_keys INCLUDING DEFAULTS INCLUDING GENERATED);
ALTER TABLE secrets DROP COLUMN encrypted_value, DROP COLUMN fingerprint, ADD value text NOT NULL;
INSERT INTO secrets (id, user_id, name, key_type, value, hint) SELECT id, user_id, name, key_type, value, '' FROM plain;
ALTER TABLE secrets ADD PRIMARY KEY (user_id, id);
CREATE UNIQUE INDEX ON secrets (user_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ON secrets (value);
CREATE INDEX ON secrets (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ON secrets (expires_at) WHERE expires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ON secrets (disabled_at) WHERE disabled_at IS NOT NULL AND deleted_at IS NULL;
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secrets USING (user_id = current_setting('app.user_id'));
CREATE ROLE app LOGIN;
GRANT apikey_reveal TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON secrets, plain TO app;

-- What an application does with pgcrypto, with its default options and the fastest.
CREATE TABLE pgp (user_id text, name text, value bytea, fast bytea, PRIMARY KEY (user_id, name));
INSERT INTO pgp SELECT user_id, name, pgp_sym_encrypt(value, 'a passphrase of the application'),
	pgp_sym_encrypt(value, 'a passphrase of the application', 'cipher-algo=aes256, s2k-mode=0, compress-algo=0')
	FROM plain WHERE user_id = '7';
ALTER TABLE pgp ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON pgp USING (user_id = current_setting('app.user_id'));
GRANT SELECT, INSERT ON pgp TO app;

-- An encrypted column of an application's table.
SELECT apikey.rotate_data_key('column');
CREATE TABLE items (id int PRIMARY KEY, secret apikey.encrypted, plain text);
GRANT SELECT, UPDATE ON items TO app;
INSERT INTO items SELECT i, apikey.encrypt(md5(i::text), 'items:' || i), md5(i::text) FROM generate_series(1, 100) i;
GRANT apikey_admin TO app;
GRANT EXECUTE ON FUNCTION apikey.encrypt(text, text), apikey.decrypt(apikey.encrypted, text) TO app;
VACUUM ANALYZE;
