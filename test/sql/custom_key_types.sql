-- Key types that an administrator adds, and built-in types that one adjusts.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT 'gsk_' || repeat('a1b2', 13) AS groq \gset

SET ROLE regress_apikey_admin;

-- A custom type.
INSERT INTO apikey.custom_key_types (key_type, label, env_vars, pattern, prefixes, docs_url)
	VALUES ('acme', 'Acme Cloud key', '{ACME_API_KEY,ACME_TOKEN}', '^acme_[a-z]{8}$', '{acme_}', 'https://acme.test/keys');
SELECT * FROM apikey.key_types WHERE key_type = 'acme';
SELECT * FROM apikey.check_key('acme', 'acme_abcdefgh');
SELECT * FROM apikey.check_key('acme', 'acme_abcdefgX');
SELECT code, message FROM apikey.check_key('mistral', 'acme_abcdefgh');
SELECT apikey.detect_key_type('acme_abcdefgh');

-- The minimum that a row needs: any value is accepted.
INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('anything', 'Any value');
SELECT env_vars, pattern, prefixes, checksum, enforcement, docs_url, builtin, allow_whitespace FROM apikey.key_types WHERE key_type = 'anything';
SELECT count(*) AS findings FROM apikey.check_key('anything', 'x');
SELECT code FROM apikey.check_key('anything', 'two words');

-- White space inside a value, where the type allows it.
UPDATE apikey.custom_key_types SET allow_whitespace = true WHERE key_type = 'anything';
SELECT count(*) AS findings FROM apikey.check_key('anything', E'two words\r\n\tand lines\n');
SELECT code FROM apikey.check_key('anything', E'a form\x0cfeed');
SELECT code FROM apikey.check_key('anything', U&'no-break\00A0space');
SELECT code FROM apikey.check_key('anything', E' \n ');

-- A checksum, for a custom type too.
UPDATE apikey.custom_key_types SET checksum = 'github' WHERE key_type = 'anything';
SELECT severity, code FROM apikey.check_key('anything', 'abc_' || repeat('a1b2', 9));

-- A built-in type, adjusted: only warnings, and another label.
SELECT severity, code FROM apikey.check_key('groq', :'groq' || 'x');
INSERT INTO apikey.custom_key_types (key_type, label, env_vars, pattern, prefixes, enforcement)
	SELECT key_type, 'Groq, of whatever length', env_vars, pattern, prefixes, 'warn' FROM apikey.key_types WHERE key_type = 'groq';
SELECT label, enforcement, builtin FROM apikey.key_types WHERE key_type = 'groq';
SELECT severity, code, message FROM apikey.check_key('groq', :'groq' || 'x');
SELECT count(*), count(*) FILTER (WHERE builtin) AS builtin FROM apikey.key_types;
-- Without the adjustment, the built-in type applies again.
DELETE FROM apikey.custom_key_types WHERE key_type = 'groq';
SELECT severity, code FROM apikey.check_key('groq', :'groq' || 'x');

-- Administrators of types cannot change the built-in ones, nor truncate the table.
SELECT regress_apikey.outcome('UPDATE apikey.builtin_key_types SET enforcement = ''warn''') AS result;
SELECT regress_apikey.outcome('SELECT count(*) FROM apikey.builtin_key_types') AS result;
SELECT regress_apikey.outcome('TRUNCATE apikey.custom_key_types') AS result;
SELECT regress_apikey.outcome('UPDATE apikey.key_types SET enforcement = ''warn''') AS result;
RESET ROLE;
SET ROLE regress_apikey_web;
SELECT regress_apikey.outcome('INSERT INTO apikey.custom_key_types (key_type, label) VALUES (''mine'', ''Mine'')') AS result;
SELECT regress_apikey.outcome('SELECT count(*) FROM apikey.custom_key_types') AS result;
SELECT key_type FROM apikey.key_types WHERE NOT builtin ORDER BY 1;
RESET ROLE;

-- Changes that are rolled back leave nothing behind.
BEGIN;
DELETE FROM apikey.custom_key_types WHERE key_type = 'acme';
SELECT apikey.detect_key_type('acme_abcdefgh');
ROLLBACK;
SELECT apikey.detect_key_type('acme_abcdefgh');
BEGIN;
SAVEPOINT before;
UPDATE apikey.custom_key_types SET pattern = '^acme-[0-9]{8}$', prefixes = '{acme-}' WHERE key_type = 'acme';
SELECT apikey.detect_key_type('acme-12345678');
ROLLBACK TO before;
SELECT apikey.detect_key_type('acme_abcdefgh');
COMMIT;
DO $$
BEGIN
	UPDATE apikey.custom_key_types SET prefixes = '{acme-}', pattern = '^acme-[0-9]{8}$' WHERE key_type = 'acme';
	ASSERT (SELECT count(*) FROM apikey.check_key('acme', 'acme-12345678')) = 0;
	RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN
	ASSERT (SELECT count(*) FROM apikey.check_key('acme', 'acme_abcdefgh')) = 0;
END $$;
SELECT apikey.detect_key_type('acme_abcdefgh');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM apikey.key_types;
UPDATE apikey.custom_key_types SET label = 'Acme' WHERE key_type = 'acme';
SELECT message FROM apikey.check_key('acme', 'x');
COMMIT;

-- An invalid row is refused; the error names the column and says what to do.
CREATE FUNCTION pg_temp.result(assignment text) RETURNS text LANGUAGE sql AS $$
	SELECT regress_apikey.outcome('UPDATE apikey.custom_key_types SET ' || assignment || ' WHERE key_type = ''acme''')
$$;
SELECT assignment, pg_temp.result(assignment) AS result FROM unnest(ARRAY[
	$$key_type = 'Acme'$$, $$key_type = ''$$, $$key_type = '9lives'$$, $$key_type = repeat('a', 64)$$, $$key_type = 'a b'$$,
	$$label = ''$$, $$label = repeat('a', 201)$$, $$label = E'two\nlines'$$, $$label = ' Acme'$$,
	$$env_vars = '{PATH}'$$, $$env_vars = '{LD_PRELOAD}'$$, $$env_vars = '{ACME_API_KEY,acme_api_key}'$$, $$env_vars = '{_KEY}'$$, $$env_vars = '{ACME_API_KEY,HTTPS_PROXY}'$$,
	$$env_vars = (SELECT array_agg('ACME_KEY_' || n) FROM generate_series(1, 33) n)$$, $$env_vars = '{"A B_KEY"}'$$, $$env_vars = '{A_KEY=x}'$$, $$env_vars = '{NULL}'$$, $$env_vars = '{{A_KEY},{B_KEY}}'$$,
	$$pattern = ''$$, $$pattern = 'acme'$$, $$pattern = '^acme'$$, $$pattern = 'acme$'$$, $$pattern = '^acme\$'$$, $$pattern = '^(acme$'$$, $$pattern = '^a{256}$'$$,
	$$pattern = '^' || repeat('a', 999) || '$'$$,
	$$pattern = '^acme_[0-9]+|[a-z]{3}$'$$, $$pattern = '^a|b$'$$, $$pattern = '^(a)|(b)$'$$, $$pattern = '^(a|b)|[)]$'$$, $$pattern = '^[[:alpha:](]|x$'$$,
	$$pattern = '^\((a)|x$'$$, $$pattern = '^(?#()a|x$'$$, $$pattern = '^\c(|x$'$$, $$pattern = '^[]\](]|x$'$$,
	$$prefixes = '{a}'$$, $$prefixes = '{""}'$$, $$prefixes = '{"a b"}'$$, $$prefixes = ARRAY[repeat('a', 41)]$$, $$prefixes = ARRAY[U&'\00E4\00E4']$$, $$prefixes = '{NULL,acme_}'$$,
	$$prefixes = (SELECT array_agg('acme' || n) FROM generate_series(1, 33) n)$$,
	$$checksum = 'crc32'$$, $$checksum = ''$$, $$enforcement = 'REJECT'$$, $$enforcement = 'off'$$,
	$$docs_url = 'http://acme.test'$$, $$docs_url = 'https://'$$, $$docs_url = 'javascript:alert(1)'$$, $$docs_url = 'https://acme.test/a b'$$
	]) WITH ORDINALITY AS a (assignment, number) ORDER BY number;
-- The table's own constraints.
SELECT split_part(pg_temp.result(column_name || ' = NULL'), E'\n', 1) AS result
	FROM unnest(ARRAY['key_type', 'label', 'env_vars', 'prefixes', 'enforcement', 'allow_whitespace']) column_name;
SELECT split_part(regress_apikey.outcome('INSERT INTO apikey.custom_key_types (key_type, label) VALUES (''acme'', ''Again'')'), E'\n', 1) AS result;
-- At the limits, rows are accepted.
SELECT pg_temp.result(assignment) AS result FROM unnest(ARRAY[
	$$label = repeat('a', 200)$$, $$label = U&'\00C4cme (caf\00E9)'$$, $$env_vars = '{}'$$, $$pattern = '^' || repeat('a', 998) || '$'$$, $$pattern = '^acme\\$'$$, $$pattern = '^(?:a|b)$'$$, $$pattern = '^(?:a|(b|c)d)[|]\|[]|)(]$'$$,
	$$pattern = '^[[:alpha:]|](?#a|b)[^]|][[.|.][=|=]|]\c|[\]|]$'$$, $$pattern = NULL$$, $$prefixes = (SELECT array_agg('acme' || n) FROM generate_series(1, 32) n)$$,
	$$prefixes = '{}'$$, $$prefixes = ARRAY[repeat('a', 40), '~!']$$, $$docs_url = NULL$$, $$checksum = NULL$$,
	$$env_vars = (SELECT array_agg('ACME_KEY_' || n) FROM generate_series(1, 32) n)$$,
	$$key_type = repeat('a', 63)$$]) assignment;
-- The built-in types follow the same rules.
SELECT regress_apikey.outcome('UPDATE apikey.builtin_key_types SET enforcement = ''off'' WHERE key_type = ''groq''') AS result;

-- The description of a pattern in messages, for patterns that the built-in types
-- do not use; the pattern itself or the prefixes if there is no short description.
INSERT INTO apikey.custom_key_types (key_type, label, prefixes) VALUES ('formed', 'Formed', '{x_}');
CREATE FUNCTION pg_temp.form(expression text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE apikey.custom_key_types SET pattern = expression WHERE key_type = 'formed';
	RETURN (SELECT substring(message FROM 'expected .*') FROM apikey.check_key('formed', '~') WHERE code = 'format');
END $$;
SELECT expression, pg_temp.form(expression) AS result FROM unnest(ARRAY['^x_[[:alnum:]]{20}$', '^x_[^[:space:]]+$', '^x_[]a]{3}$', '^x_[a\]b]{3}$',
	'^x_[[.hyphen.][=a=]]{3}$', '^x_\.[0-9]?$', '^x_.{4}$', '^x_[[:<:]]y$', '^x_\w{4}$', '^x_\c[{4}$', '^x_\c\{4}$', '^x_a{b}$',
	U&'^x_\00E4{3}$', U&'^x_\\\00E4$', U&'^x_[\00E4-\00FC]{3}$']) WITH ORDINALITY AS e (expression, number) ORDER BY number;
DELETE FROM apikey.custom_key_types WHERE key_type = 'formed';

-- A prefix says of which type a value is, unless longer ones of other types begin with
-- it, however many of its own lie between.
INSERT INTO apikey.custom_key_types (key_type, label, pattern, prefixes)
	SELECT key_type, key_type, '^[!-~]{12,40}$', prefixes FROM (VALUES
		('chain_a', '{qqa_}'::text[]), ('chain_b', '{qqa_b}'), ('chain_c', '{qqa_bc}'),
		('within', '{wwa_,wwa_b,wwa_bc}'), ('beyond', '{wwa_bcd}'),
		('alone', '{vva_,vva_b}'), ('twin_1', '{uua_}'), ('twin_2', '{uua_}')) t(key_type, prefixes);
SELECT prefix, coalesce((SELECT message FROM apikey.check_key('openai', prefix || 'ZZZZZZZZZZZZ') WHERE code = 'other_provider'), '-') AS finding,
		(SELECT string_agg(d, ',') FROM apikey.detect_key_type(prefix || 'ZZZZZZZZZZZZ') d
			WHERE d IN (SELECT key_type FROM apikey.custom_key_types WHERE prefixes <> '{}')) AS detected
	FROM unnest(ARRAY['qqa_', 'qqa_b', 'qqa_bc', 'wwa_', 'wwa_b', 'wwa_bc', 'wwa_bcd', 'vva_', 'vva_b', 'uua_']) prefix;
SELECT key_type, coalesce((SELECT message FROM apikey.check_key(key_type, 'qqa_bcZZZZZZZZZZZZ') WHERE code = 'other_provider'), '-') AS finding
	FROM unnest(ARRAY['chain_a', 'chain_b', 'chain_c', 'alone']) key_type;
DELETE FROM apikey.custom_key_types WHERE label = key_type AND pattern = '^[!-~]{12,40}$';

-- The trigger that checks rows refuses to run on other tables.
CREATE TABLE regress_apikey.other (key_type int, label text);
CREATE TRIGGER check_row BEFORE INSERT ON regress_apikey.other FOR EACH ROW EXECUTE FUNCTION apikey.check_key_type_row();
SELECT regress_apikey.outcome('INSERT INTO regress_apikey.other VALUES (1, ''x'')') AS result;
DROP TABLE regress_apikey.other;
SELECT regress_apikey.outcome('SELECT apikey.check_key_type_row()') AS result;
-- It also checks rows that arrive by logical replication.
SET session_replication_role = replica;
SELECT regress_apikey.outcome('INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES (''loose'', ''Loose'', ''x'')') AS result;
INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES ('tight', 'Tight', '^x$');
SELECT count(*) AS findings FROM apikey.check_key('tight', 'x');
RESET session_replication_role;

TRUNCATE apikey.custom_key_types;
SELECT regress_apikey.outcome('SELECT apikey.check_key(''tight'', ''x'')') AS result;
SELECT count(*) AS findings FROM apikey.check_key('groq', :'groq');
SELECT count(*) FROM apikey.key_types;

-- The two tables must have the same columns, since the view combines both.
SELECT attname FROM pg_attribute WHERE attrelid = 'apikey.builtin_key_types'::regclass AND attnum > 0
EXCEPT
SELECT attname FROM pg_attribute WHERE attrelid = 'apikey.custom_key_types'::regclass AND attnum > 0;
