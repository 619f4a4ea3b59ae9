-- The type apikey.encrypted: text and binary forms; it accepts only envelopes, and
-- errors do not show what was refused.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

-- An envelope: version 1, suite 1, data key id, nonce, ciphertext, tag.
CREATE FUNCTION envelope(value_size int, version text DEFAULT '01', suite text DEFAULT '01') RETURNS bytea LANGUAGE sql AS $$
	SELECT decode(version || suite || '000102030405060708090a0b0c0d0e0f' || repeat('a1', 24) || repeat('b2', value_size) || repeat('c3', 16), 'hex')
$$;
CREATE FUNCTION text_form(envelope bytea) RETURNS text LANGUAGE sql AS $$
	SELECT 'ak1.' || rtrim(translate(encode(envelope, 'base64'), E'+/\n', '-_'), '=')
$$;

-- Catalogue: external storage, no typmod, no casts at all.
SELECT typlen, typstorage, typcategory, typdefault IS NULL, typdelim FROM pg_type WHERE oid = 'apikey.encrypted'::regtype;
SELECT count(*) FROM pg_cast WHERE 'apikey.encrypted'::regtype IN (castsource, casttarget);
SELECT attstorage FROM pg_attribute WHERE attrelid = 'apikey.api_keys'::regclass AND attname = 'encrypted_value';

-- Text form, in and out, for sizes around base64's groups.
SELECT n, text_form(envelope(n))::apikey.encrypted::text = text_form(envelope(n)) AS same,
		pg_column_size(text_form(envelope(n))::apikey.encrypted) AS size
	FROM unnest(ARRAY[0, 1, 2, 3, 4, 48, 49, 50, 8192]) n;
SELECT text_form(envelope(3))::apikey.encrypted;
SELECT NULL::apikey.encrypted IS NULL;
-- The binary form is the envelope itself.
SELECT apikey.encrypted_send(text_form(envelope(7))::apikey.encrypted) = envelope(7);
-- The id of the data key, which needs no key.
SELECT apikey.data_key_id(text_form(envelope(7))::apikey.encrypted), apikey.data_key_id(NULL) IS NULL;

-- Plaintext and near-envelopes are refused and never echoed.
SELECT 'a-plaintext-secret'::apikey.encrypted;
SELECT string_agg(what, ', ' ORDER BY n), result FROM (SELECT row_number() OVER () AS n, what, outcome(format('SELECT %L::apikey.encrypted', input)) AS result FROM (VALUES
	('empty', ''),
	('white space', ' '),
	('plaintext', secret('sk-', 48)),
	('prefix alone', 'ak1.'),
	('another prefix', 'ak2.' || substr(text_form(envelope(5)), 5)),
	('prefix in capitals', 'AK1.' || substr(text_form(envelope(5)), 5)),
	('no prefix', substr(text_form(envelope(5)), 5)),
	('hexadecimal', envelope(5)::text),
	('white space before', ' ' || text_form(envelope(5))),
	('white space behind', text_form(envelope(5)) || ' '),
	('line break behind', text_form(envelope(5)) || E'\n'),
	('padding', text_form(envelope(5)) || '='),
	('standard base64', 'ak1.' || encode(envelope(5), 'base64')),
	('a character of neither', overlay(text_form(envelope(5)) PLACING '*' FROM 20)),
	('a character beyond ASCII', overlay(text_form(envelope(5)) PLACING U&'\00e9' FROM 20)),
	('unknown version', text_form(envelope(5, version => '02'))),
	('version 0', text_form(envelope(5, version => '00'))),
	('unknown suite', text_form(envelope(5, suite => '02'))),
	('suite 0', text_form(envelope(5, suite => '00'))),
	('bits beyond the end', 'ak1.' || substr(text_form(envelope(3)), 5, 81) || 'x')
	) AS t(what, input)) AS t GROUP BY result;
-- Every truncation below the size of an envelope of an empty value, 58 bytes.
SELECT count(*), count(DISTINCT result), min(left(result, 5)) FROM (
	SELECT outcome(format('SELECT %L::apikey.encrypted', text_form(substr(envelope(0), 1, n)))) AS result
	FROM generate_series(0, 57) n) t;
SELECT count(*), count(DISTINCT result), min(left(result, 5)) FROM (
	SELECT outcome(format('SELECT %L::apikey.encrypted', left(text_form(envelope(0)), n))) AS result
	FROM generate_series(0, length(text_form(envelope(0))) - 1) n) t;

-- No value of another type gets in without the input function.
CREATE TABLE secrets (id int, value apikey.encrypted);
SELECT outcome($$INSERT INTO secrets VALUES (1, 'a-plaintext-secret')$$);
SELECT outcome($$INSERT INTO secrets VALUES (1, 'a-plaintext-secret'::text)$$);
SELECT outcome($$INSERT INTO secrets SELECT 1, text_form(envelope(1))$$);
SELECT outcome($$INSERT INTO secrets VALUES (1, envelope(1))$$);
SELECT outcome($$SELECT envelope(1)::apikey.encrypted$$);
SELECT outcome($$SELECT text_form(envelope(1))::apikey.encrypted::bytea$$);
-- Details and hints of these two are worded differently in PostgreSQL 19.
SELECT split_part(outcome($$SELECT length(text_form(envelope(1))::apikey.encrypted)$$), E'\n', 1);
SELECT split_part(outcome($$SELECT text_form(envelope(1))::apikey.encrypted = text_form(envelope(1))::apikey.encrypted$$), E'\n', 1);
PREPARE put(text) AS INSERT INTO secrets VALUES (1, $1);
PREPARE put(apikey.encrypted) AS INSERT INTO secrets VALUES (1, $1);
EXECUTE put('a-plaintext-secret');
DO $$ DECLARE v apikey.encrypted; BEGIN v := 'a-plaintext-secret'; END $$;
SELECT count(*) FROM secrets;

-- A value too large for a page is not compressed.
INSERT INTO secrets SELECT n, text_form(envelope(n))::apikey.encrypted FROM unnest(ARRAY[0, 1, 20, 8192, 100000]) n;
INSERT INTO secrets VALUES (NULL, NULL);
SELECT id, pg_column_size(value), pg_column_compression(value) IS NULL AS not_compressed FROM secrets ORDER BY id;
SELECT id, apikey.data_key_id(value) FROM secrets WHERE id > 1000 ORDER BY id;

-- Two values are equal if their bytes are: DISTINCT, sorting, hashing, unique
-- indexes, and rows as a whole, without apikey in the search_path.
CREATE TABLE comparable AS SELECT n, text_form(envelope(n % 3))::apikey.encrypted AS value FROM generate_series(1, 9) n;
SELECT count(DISTINCT value), count(*) FROM comparable;
SELECT count(*) FROM (SELECT value FROM comparable UNION SELECT value FROM comparable UNION SELECT text_form(envelope(7))::apikey.encrypted) u;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT value, count(*) FROM comparable GROUP BY value;
SELECT string_agg(count::text, ' ') FROM (SELECT count(*) FROM comparable GROUP BY value) g;
SET enable_sort = on;
SET enable_hashagg = off;
SELECT string_agg(count::text, ' ') FROM (SELECT count(*) FROM comparable GROUP BY value) g;
RESET enable_hashagg;
SELECT array_agg(n ORDER BY value) = array_agg(n ORDER BY apikey.encrypted_send(value)) FROM comparable WHERE n < 4;
SELECT a.n, b.n, a.value OPERATOR(apikey.=) b.value AS eq, a.value OPERATOR(apikey.<>) b.value AS ne, a.value OPERATOR(apikey.<) b.value AS lt,
		a.value OPERATOR(apikey.<=) b.value AS le, a.value OPERATOR(apikey.>) b.value AS gt, a.value OPERATOR(apikey.>=) b.value AS ge
	FROM comparable a, comparable b WHERE a.n IN (3, 6) AND b.n IN (3, 4) ORDER BY 1, 2;
CREATE UNIQUE INDEX ON comparable (value) WHERE n < 4;
INSERT INTO comparable VALUES (0, text_form(envelope(0))::apikey.encrypted);
CREATE TABLE hashed (value apikey.encrypted) PARTITION BY HASH (value);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO hashed SELECT value FROM comparable;
SELECT count(*) FROM hashed;
-- An audit trigger on rows that contain such a column.
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'row % has changed', NEW.n; RETURN NEW; END $$;
CREATE TRIGGER audit AFTER UPDATE ON comparable FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION audit();
UPDATE comparable SET value = value WHERE n = 1;
UPDATE comparable SET value = text_form(envelope(8))::apikey.encrypted WHERE n = 1;
DROP TABLE comparable, hashed;
DROP FUNCTION audit();

-- COPY in text, CSV and binary format, out and in.
\copy secrets TO 'results/encrypted.txt'
\copy secrets TO 'results/encrypted.csv' (FORMAT csv)
\copy secrets TO 'results/encrypted.bin' (FORMAT binary)
CREATE TABLE copied (LIKE secrets);
\copy copied FROM 'results/encrypted.txt'
\copy copied FROM 'results/encrypted.csv' (FORMAT csv)
\copy copied FROM 'results/encrypted.bin' (FORMAT binary)
SELECT s.id, count(*) FROM secrets s JOIN copied c ON c.id IS NOT DISTINCT FROM s.id AND c.value::text IS NOT DISTINCT FROM s.value::text
	GROUP BY 1 ORDER BY 1;

-- COPY refuses plaintext, without a CONTEXT that would quote it.
COPY secrets FROM STDIN;
100	a-plaintext-secret
\.
COPY secrets FROM STDIN (FORMAT csv);
100,"a-plaintext-secret"
\.
COPY (SELECT 100, 'a-plaintext-secret'::bytea) TO STDOUT (FORMAT binary) \g results/encrypted.bad
\copy secrets FROM 'results/encrypted.bad' (FORMAT binary)

-- The binary form is validated like the text form.  The file contains bytea,
-- whose binary form is its bytes.
\set VERBOSITY sqlstate
\copy secrets FROM 'results/encrypted.bad' (FORMAT binary)
COPY (SELECT 101, ''::bytea) TO STDOUT (FORMAT binary) \g results/encrypted.bad
\copy secrets FROM 'results/encrypted.bad' (FORMAT binary)
COPY (SELECT 102, substr(regress_apikey.envelope(0), 1, 57)) TO STDOUT (FORMAT binary) \g results/encrypted.bad
\copy secrets FROM 'results/encrypted.bad' (FORMAT binary)
COPY (SELECT 103, regress_apikey.envelope(5, version => '02')) TO STDOUT (FORMAT binary) \g results/encrypted.bad
\copy secrets FROM 'results/encrypted.bad' (FORMAT binary)
COPY (SELECT 104, regress_apikey.envelope(5, suite => '02')) TO STDOUT (FORMAT binary) \g results/encrypted.bad
\copy secrets FROM 'results/encrypted.bad' (FORMAT binary)
COPY (SELECT 105, regress_apikey.envelope(0)) TO STDOUT (FORMAT binary) \g results/encrypted.bad
\copy secrets FROM 'results/encrypted.bad' (FORMAT binary)
\set VERBOSITY default
SELECT id FROM secrets WHERE id BETWEEN 100 AND 200;

DROP TABLE secrets, copied;
DROP FUNCTION envelope(int, text, text), text_form(bytea);
