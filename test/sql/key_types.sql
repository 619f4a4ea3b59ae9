-- The built-in key types: their rows, and that values of each are distinguished
-- from malformed ones and from other types' values.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
\getenv source PG_ABS_SRCDIR
\set sample :source '/data/sample.sql'
\set ECHO none
\i :sample
\set ECHO all

-- The rows are those of test/data/key_formats.tsv, pattern by pattern.
\set formats `cat "$PG_ABS_SRCDIR/data/key_formats.tsv"`
\set ECHO none
CREATE TEMP TABLE formats AS
	SELECT split_part(line, E'\t', 1) AS key_type, split_part(line, E'\t', 2) AS pattern
	FROM regexp_split_to_table(rtrim(:'formats', E'\n'), E'\n') WITH ORDINALITY AS l (line, number)
	WHERE number > 1;
\set ECHO all
SELECT count(*) FROM formats;
SELECT coalesce(f.key_type, t.key_type) AS differs
	FROM formats f FULL JOIN apikey.builtin_key_types t USING (key_type)
	WHERE f.pattern IS DISTINCT FROM t.pattern;
SELECT count(*), bool_and(builtin) AS builtin FROM apikey.key_types;

-- Each of them is valid by the rules for custom types.
BEGIN;
UPDATE apikey.builtin_key_types SET pattern = pattern, prefixes = prefixes, label = label;
INSERT INTO apikey.custom_key_types SELECT * FROM apikey.builtin_key_types;
SELECT count(*) FROM apikey.custom_key_types;
ROLLBACK;

-- Rows with missing attributes.
SELECT key_type FROM apikey.key_types WHERE env_vars = '{}' OR docs_url IS NULL OR pattern IS NULL;
SELECT key_type FROM apikey.key_types WHERE enforcement = 'warn' ORDER BY 1;
SELECT checksum, array_agg(key_type ORDER BY key_type) AS types
	FROM apikey.key_types WHERE checksum IS NOT NULL GROUP BY 1 ORDER BY 1;

-- Each prefix can be the beginning of a value of its type.
SELECT key_type, prefix FROM apikey.key_types, unnest(prefixes) prefix
	WHERE NOT EXISTS (
		SELECT FROM generate_series(0, 40) seed
		WHERE overlay(pg_temp.sample(pattern, seed) PLACING prefix FROM 1) COLLATE "C" ~ pattern)
	ORDER BY 1, 2;

-- Valid values of each type, in each of its forms, give no error.  A wrong
-- checksum is a warning.
CREATE TEMP TABLE samples AS
	SELECT t.key_type, t.pattern, seed, pg_temp.sample(t.pattern, seed) AS value
	FROM apikey.key_types t, generate_series(0, 5) seed;
SELECT count(*), count(DISTINCT key_type) FROM samples WHERE value COLLATE "C" ~ pattern;
SELECT key_type, seed, c.* FROM samples, apikey.check_key(key_type, value) c
	WHERE c.severity = 'error' ORDER BY 1, 2;
SELECT c.severity, c.code, array_agg(DISTINCT key_type ORDER BY key_type) AS types
	FROM samples, apikey.check_key(key_type, value) c GROUP BY 1, 2 ORDER BY 1, 2;
SELECT key_type, seed FROM samples
	WHERE seed < 2 AND key_type NOT IN (SELECT apikey.detect_key_type(value)) ORDER BY 1, 2;

-- Malformed values: far too short, truncated, and truncated by one character.
SELECT c.severity, c.code, count(*) FROM apikey.key_types, apikey.check_key(key_type, 'x') c GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) FROM samples WHERE NOT EXISTS (
	SELECT FROM apikey.check_key(key_type, left(value, 5)) c WHERE c.code IN ('format', 'other_provider'));
SELECT DISTINCT key_type AS of_any_length FROM samples WHERE NOT EXISTS (
	SELECT FROM apikey.check_key(key_type, left(value, -1)) c WHERE c.code IN ('format', 'other_provider'))
	ORDER BY 1;

-- The descriptions of patterns in messages.
SELECT substring(c.message FROM 'type .*') AS result
	FROM apikey.key_types t, apikey.check_key(key_type, 'x') c ORDER BY t.key_type;

-- The refusal of other types' values, compared with its rule written in SQL: the
-- longest distinctive prefix of the value belongs to other types.
CREATE TEMP TABLE telling AS
	SELECT key_type, prefix FROM apikey.key_types, unnest(prefixes) prefix
	WHERE length(prefix) >= 4 OR length(prefix) = 3 AND prefix ~ '[^A-Za-z0-9]';
CREATE TEMP TABLE owners AS
	SELECT s.key_type, s.value, o.owners
	FROM samples s, LATERAL (
		SELECT array_agg(t.key_type) AS owners FROM telling t
		WHERE starts_with(s.value, t.prefix) AND length(t.prefix) = (
			SELECT max(length(l.prefix)) FROM telling l WHERE starts_with(s.value, l.prefix))) o
	WHERE s.seed = 0;
CREATE TEMP TABLE checks AS
	SELECT j.key_type AS assumed, o.key_type AS actual, o.value, o.owners,
		(SELECT c.message FROM apikey.check_key(j.key_type, o.value) c WHERE c.code = 'other_provider') AS message
	FROM apikey.key_types j, owners o;
SELECT count(*) AS pairs, count(message) AS refused FROM checks;
SELECT assumed, actual FROM checks
	WHERE (message IS NOT NULL) <> (assumed <> 'custom' AND owners IS NOT NULL AND NOT assumed = ANY (owners));
-- The message names the right type, and contains no part of the value.
SELECT assumed, actual FROM checks WHERE position('"' || actual || '"' IN message) = 0;
SELECT assumed, actual FROM checks WHERE position(right(value, 6) IN message) > 0;

-- The lists of distinctive prefixes.
SELECT key_type, array_agg(prefix ORDER BY prefix COLLATE "C") FROM telling GROUP BY 1 ORDER BY 1;

-- Detection: the most specific type first.
SELECT apikey.detect_key_type(pg_temp.sample_of('anthropic'));
SELECT apikey.detect_key_type(E'\n ' || pg_temp.sample_of('groq') || ' ');
SELECT apikey.detect_key_type(pg_temp.sample_of('stability'));
SELECT apikey.detect_key_type(md5('a'));
SELECT apikey.detect_key_type('short');
SELECT apikey.detect_key_type('');
SELECT apikey.detect_key_type(NULL);
SELECT apikey.detect_key_type(repeat('a', 8193));
SELECT apikey.detect_key_type(repeat('a', 8192));

-- An unknown type: similar names are suggested, by type name or words of the label.
SELECT regress_apikey.outcome(format('SELECT apikey.check_key(%L, %L)', name, 'x')) AS result
	FROM unnest(ARRAY['opanai', 'OpenAI', 'gemini', 'github', 'kimi', 'claude', 'Slack-Bot', 'OPENAI_API_KEY',
		'nothing like it', '', repeat('a', 100)]) WITH ORDINALITY AS names (name, number) ORDER BY number;
SELECT regress_apikey.outcome('SELECT apikey.check_key(NULL, ''x'')') AS result;
-- A value in place of the type is not echoed.
SELECT position('gsk' IN regress_apikey.outcome(format('SELECT apikey.check_key(%L, %L)', pg_temp.sample_of('groq'), 'groq'))) AS echoed;

-- Who may call these functions.
SET ROLE regress_apikey_web;
SELECT count(*) FROM apikey.key_types;
SELECT code FROM apikey.check_key('groq', 'x');
SELECT apikey.detect_key_type('short');
RESET ROLE;
SET ROLE regress_apikey_nobody;
SELECT regress_apikey.outcome('SELECT apikey.check_key(''groq'', ''x'')') AS result;
SELECT regress_apikey.outcome('SELECT apikey.detect_key_type(''x'')') AS result;
RESET ROLE;
-- Not within a security-restricted operation.
CREATE FUNCTION pg_temp.ask(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN (SELECT string_agg(d, ' ') FROM apikey.detect_key_type(value) d); END $$;
CREATE TEMP TABLE asked AS SELECT 'x' AS value;
SELECT regress_apikey.outcome('CREATE INDEX ON asked (pg_temp.ask(value))') AS result;
