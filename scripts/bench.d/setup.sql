-- 1,000 users with 10 keys each, and the same in a plain table.
CREATE EXTENSION apikey;
CREATE TABLE plain (user_id text, id uuid DEFAULT gen_random_uuid(), name text, key_type text,
	value text, created_at timestamptz DEFAULT now(), PRIMARY KEY (user_id, id));
CREATE UNIQUE INDEX ON plain (user_id, name);
CREATE INDEX ON plain (value);
INSERT INTO plain (user_id, name, key_type, value)
	SELECT u::text, 'key' || k, 'custom', md5(u || '-' || k) FROM generate_series(1, 1000) u, generate_series(1, 10) k;
SELECT apikey.create_key_for(user_id, name, key_type, value) FROM plain;
ALTER ROLE postgres SET apikey.identity = 'session';
ALTER ROLE postgres SET apikey.user_id = '7';
VACUUM ANALYZE;
