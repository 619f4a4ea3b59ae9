-- scripts/update-key-types: the key types of a newer source in a database of an
-- earlier release, which is simulated here.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
\set update `"$PG_ABS_SRCDIR/../scripts/update-key-types"`
\set replace `"$PG_ABS_SRCDIR/../scripts/update-key-types" --replace`
SELECT length(:'update') > 10000 AS read, length(:'replace') > length(:'update') AS replacing;
CREATE TEMP TABLE newest_types AS SELECT * FROM apikey.key_types;

-- In a database of the same release, nothing is written.
BEGIN;
SET LOCAL ROLE regress_apikey_admin;
:update
RESET ROLE;
SELECT count(*) FROM apikey.custom_key_types;
ROLLBACK;

BEGIN;
DELETE FROM apikey.builtin_key_types WHERE key_type IN ('e2b', 'fal');
UPDATE apikey.builtin_key_types SET pattern = '^old_[0-9]+$', prefixes = '{old_}' WHERE key_type = 'groq';
UPDATE apikey.builtin_key_types SET env_vars = '{OLD_KEY}' WHERE key_type = 'cohere';
UPDATE apikey.builtin_key_types SET docs_url = NULL WHERE key_type = 'npm';
UPDATE apikey.builtin_key_types SET enforcement = 'warn' WHERE key_type = 'custom';
-- Rows of the administrator's own: one for a built-in type, one for a type that is now
-- built in, and another.
INSERT INTO apikey.custom_key_types (key_type, label, env_vars) VALUES
	('npm', 'Our npm', '{NPM_TOKEN}'), ('fal', 'Our fal', '{FAL_KEY}'), ('acme', 'Acme', '{ACME_API_KEY}');
SET LOCAL ROLE regress_apikey_admin;
:update
RESET ROLE;
SELECT key_type, label FROM apikey.custom_key_types ORDER BY 1;
SELECT t.key_type FROM apikey.key_types t JOIN newest_types n USING (key_type)
	WHERE to_jsonb(t) - 'builtin' <> to_jsonb(n) - 'builtin' ORDER BY 1;
-- Again: nothing is left to be written.
DROP TABLE pg_temp.newest;
SET LOCAL ROLE regress_apikey_admin;
:update
-- With --replace, also what the administrator had.
DROP TABLE pg_temp.newest;
:replace
RESET ROLE;
SELECT key_type FROM apikey.custom_key_types ORDER BY 1;
SELECT t.key_type, n.key_type FROM apikey.key_types t FULL JOIN newest_types n USING (key_type)
	WHERE (to_jsonb(t) - 'builtin') IS DISTINCT FROM (to_jsonb(n) - 'builtin');
ROLLBACK;

-- Outside a transaction, nothing is written.
\set VERBOSITY terse
UPDATE apikey.builtin_key_types SET docs_url = NULL WHERE key_type = 'npm';
:update
SELECT count(*) FROM apikey.custom_key_types;
UPDATE apikey.builtin_key_types b SET docs_url = n.docs_url FROM newest_types n WHERE b.key_type = 'npm' AND n.key_type = 'npm';
RESET search_path;

-- Anyone else lacks the privilege.
BEGIN;
DELETE FROM apikey.builtin_key_types WHERE key_type = 'e2b';
SET LOCAL ROLE regress_apikey_web;
:update
ROLLBACK;
