-- Validation of a value before it is stored: length, characters, format, another
-- provider's prefix, placeholders, and rules for individual types.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
\getenv source PG_ABS_SRCDIR
\set sample :source '/data/sample.sql'
\set ECHO none
\i :sample
\set ECHO all

-- Empty values.
SELECT severity, code, message FROM unnest(ARRAY['', ' ', E' \t\r\n\f\x0b ', NULL]) value, apikey.check_key('openai', value);

-- White space around a value is trimmed first: ASCII, and the characters that word
-- processors and web pages insert.
SELECT count(*) AS findings
	FROM unnest(ARRAY[E' \t\r\n\f\x0b', U&'\00A0', U&'\200B', U&'\FEFF', U&'\2003\3000\202F\2028', U&' \00A0\FEFF ']) space,
		unnest(ARRAY[1, 2, 3]) side,
		apikey.check_key('groq', CASE WHEN side <> 2 THEN space ELSE '' END || pg_temp.sample_of('groq')
			|| CASE WHEN side <> 1 THEN space ELSE '' END);

-- White space inside is refused.
SELECT c.* FROM unnest(ARRAY[E'\n', ' ', U&'\00A0', U&'\200B', E'\x01', E'\x7f', U&'\0085']) WITH ORDINALITY AS w (inside, number),
	apikey.check_key('custom', 'left of it' || inside || 'right') c ORDER BY number;
SELECT c.* FROM unnest(ARRAY[E'\n', ' ', U&'\00A0', U&'\200B', E'\x01', E'\x7f', U&'\0085']) WITH ORDINALITY AS w (inside, number),
	apikey.check_key('custom', 'left' || inside || 'right') c ORDER BY number;
-- Non-ASCII letters are not control characters, but no type's pattern allows them.
SELECT * FROM apikey.check_key('custom', U&'p\00E4ssword-\4E2D\6587');

-- The limit of 8192 bytes applies to what is stored.
SELECT n AS bytes, c.code, c.message FROM unnest(ARRAY[8191, 8192, 8193, 100000]) n
	LEFT JOIN LATERAL apikey.check_key('custom', left(repeat('abcdefghij', 10001), n)) c ON true;
SELECT count(*) AS findings FROM apikey.check_key('custom', E'\n  ' || left(repeat('abcdefghij', 1000), 8192) || E' \n');
SELECT code FROM apikey.check_key('custom', repeat(U&'\00E4', 4097));

-- The format: an error, or a warning, depending on the type's enforcement.
SELECT c.* FROM unnest(ARRAY['groq', 'openai', 'mistral', 'exa', 'qdrant', 'custom']) WITH ORDINALITY AS t (type, number),
	apikey.check_key(type, 'oops') c ORDER BY number;

-- A pattern must match the whole value.
INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES ('whole', 'Whole', '^(?:acme_[0-9]+|[a-z]{3})$');
SELECT v.value, c.code FROM unnest(ARRAY['acme_1', 'abc', 'acme_1$$$$$trailing', '$$abc', 'abcacme_1']) WITH ORDINALITY AS v (value, number)
	LEFT JOIN LATERAL apikey.check_key('whole', value) c ON true ORDER BY number;
DELETE FROM apikey.custom_key_types WHERE key_type = 'whole';

-- For another provider's key the message says so, rather than that the format is
-- wrong.
SELECT c.* FROM (VALUES ('openai', 'anthropic'), ('anthropic', 'openai_admin'), ('anthropic', 'anthropic_oauth'),
		('openai', 'openrouter'), ('deepseek', 'langfuse'), ('elevenlabs', 'stripe'), ('github_pat', 'github_oauth'),
		('google_gemini', 'slack_webhook'), ('sambanova', 'groq'), ('mistral', 'stability')) v (assumed, actual),
	apikey.check_key(assumed, pg_temp.sample_of(actual)) c;
-- Also if the key is damaged.
SELECT code FROM apikey.check_key('mistral', left(pg_temp.sample_of('anthropic'), 20));
-- Not if several types share the prefix, since the provider is unknown.
SELECT code FROM apikey.check_key('deepseek', pg_temp.sample_of('openai'));
-- "custom" accepts any provider's key.
SELECT count(*) AS findings FROM apikey.check_key('custom', pg_temp.sample_of('anthropic'));
-- Prefixes of letters only prove nothing: "pat" and "key" begin other types' values
-- too.
SELECT count(*) AS findings FROM unnest(ARRAY['pat', 'key', 'SK', 'BSA']) word,
	apikey.check_key('deepgram', lower(word) || left(repeat(md5('deepgram'), 2), 40 - length(word)));

-- Placeholders.
SELECT v.value, c.severity, c.code FROM unnest(ARRAY['your-api-key-here', 'YOUR_API_KEY', 'yourtokenhere', 'Your_Token', 'changeme',
		'please change_me', 'CHANGE_ME_NOW', 'sk-xxxxx', 'my-placeholder', 'EXAMPLEKEY', 'some.example', '00000000', 'abc********', '12345678',
		'0000000', 'your own', 'change it', 'xxxx-xxxx', 'exemplary']) WITH ORDINALITY AS v (value, number)
	LEFT JOIN LATERAL apikey.check_key('custom', replace(value, ' ', '.') || '/') c ON c.code = 'placeholder'
	ORDER BY number;
SELECT c.* FROM apikey.check_key('groq', 'gsk_' || repeat('x', 52)) c;
SELECT c.* FROM apikey.check_key('groq', 'gsk_your_api_key') c;
-- No realistic generated value is mistaken for a placeholder.
SELECT key_type, seed FROM apikey.builtin_key_types t, generate_series(10, 14) seed,
	apikey.check_key(key_type, pg_temp.sample(pattern, seed)) c WHERE c.code = 'placeholder';

-- With strict checks these are errors.
SET apikey.strict_checks = on;
SELECT c.* FROM apikey.check_key('groq', 'gsk_' || repeat('x', 52)) c;
SELECT c.* FROM apikey.check_key('github_pat', pg_temp.sample_of('github_pat')) c;
SELECT c.severity, c.code FROM apikey.check_key('qdrant', 'changeme') c;
SELECT c.severity, c.code FROM apikey.check_key('qdrant', 'xxxxxxx') c;
RESET apikey.strict_checks;
SET ROLE regress_apikey_web;
SELECT regress_apikey.outcome('SET apikey.strict_checks = on') AS result;
RESET ROLE;

-- Errors come before warnings.
SELECT c.severity, c.code FROM apikey.check_key('groq', 'placeholder') c;

-- Rules for individual types.
CREATE FUNCTION pg_temp.jwt(payload text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(rtrim(translate(replace(encode(convert_to(part, 'UTF8'), 'base64'), E'\n', ''), '+/', '-_'), '='), '.')
	FROM unnest(ARRAY['{"alg":"HS256","typ":"JWT"}', payload, 'a made-up signature']) part
$$;
SELECT c.* FROM apikey.check_key('supabase_secret', pg_temp.jwt('{"iss":"supabase","ref":"abc","role":"anon","exp":2000000000}')) c;
SELECT c.* FROM apikey.check_key('supabase_secret', pg_temp.jwt('{ "role" : "anon" }')) c;
SELECT count(*) AS findings FROM apikey.check_key('supabase_secret', pg_temp.jwt('{"iss":"supabase","ref":"anon","role":"service_role","exp":2000000000}')) c;
SELECT count(*) AS findings FROM apikey.check_key('supabase_secret', 'eyJub3QgYQ.and*.so-on') c WHERE code = 'public_key';
SELECT c.* FROM apikey.check_key('aws_bedrock_session', pg_temp.sample_of('aws_bedrock_session')) c;
SELECT c.* FROM apikey.check_key('aws_access_key_id', 'ASIA' || upper(left(md5('a'), 16))) c;
SELECT count(*) AS findings FROM apikey.check_key('aws_access_key_id', 'AKIA' || upper(left(md5('a'), 16))) c;

-- create_key refuses or warns with the same messages, and echoes nothing.
BEGIN;
SELECT apikey.set_user_id('tester') IS NOT NULL AS set;
SELECT regress_apikey.outcome(format('SELECT apikey.create_key(%L, %L, %L)', 'one', type, value)) AS result
	FROM (VALUES ('groq', 'gsk_oops'), ('groq', pg_temp.sample_of('anthropic')), ('groq', ' '), ('custom', 'two words'),
		('custom', repeat('ab', 4097))) v (type, value);
SELECT apikey.create_key('two', 'custom', ' changeme ') IS NOT NULL AS created;
SELECT apikey.create_key('three', 'qdrant', 'oops') IS NOT NULL AS created;
SELECT name, hint FROM apikey.keys ORDER BY name;
ROLLBACK;

-- A name that looks like a key, or contains one, is refused.
BEGIN;
SELECT apikey.set_user_id('tester') IS NOT NULL AS set;
CREATE TEMP TABLE shapes AS
	SELECT t.key_type, w.words, left(regress_apikey.outcome(format('SELECT apikey.create_key(%L, %L, %L)',
		replace(w.words, '*', pg_temp.sample(t.pattern)), 'custom', 'a-made-up-value')), 5) AS state
	FROM (SELECT * FROM apikey.builtin_key_types WHERE key_type IN ('anthropic', 'github_pat', 'groq', 'npm', 'sendgrid', 'slack_app', 'slack_webhook')) t,
		unnest(ARRAY['*', 'my *', '* (old)', 'key=*', 'key: "*",', 'GROQ:*', '<*>', 'see *.', 'https://user:*@host']) w (words);
SELECT words, state, count(*) FROM shapes GROUP BY 1, 2 ORDER BY words COLLATE "C", 2;
SELECT left(regress_apikey.outcome(format('SELECT apikey.create_key(%L, %L, %L)', name, 'custom', 'a-made-up-value')), 5) AS state, name
	FROM unnest(ARRAY['gsk_ key', 'sk-', 'My OpenAI key (sk-...)', 'ghp_short', 'hf_', 'sk_live key of production']) name;
ROLLBACK;

-- Masks and templates, in every type: what a form shows, what stands for a missing
-- value, what was not expanded, and a key with its name.
SELECT c.code, string_agg(value, ' | ' ORDER BY n) FROM unnest(ARRAY[
		'sk-a****', '************', 'sk-...ab12', U&'sk-\2026ab12', U&'\2022\2022\2022\2022\2022\2022\2022\2022', U&'gsk_\25cf\25cf\25cf\25cfwxyz', '[REDACTED]', '<redacted>',
		'sk-REDACTED-1234', '(hidden)', '*** masked ***', 'undefined', 'null', 'None', 'NULL', 'nil', 'NaN', 'not set', 'not_set', '[object Object]', 'unchanged', '[Filtered]',
		'${OPENAI_API_KEY}', '${OPENAI_API_KEY:-none}', '$(cat /run/secrets/key)', '{{ key }}', '{{.Values.openai.key}}', '<%= key %>', '#{api_key}', '$OPENAI_API_KEY', '%OPENAI_API_KEY%',
		'__OPENAI_API_KEY__', '<YOUR_API_KEY>', '<your api key>', '[your-key]', '{api_key}', 'process.env.OPENAI_API_KEY', 'os.environ["OPENAI_API_KEY"]', 'env:OPENAI_API_KEY', 'op://vault/item/field', '${{ secrets.KEY }}',
		'OPENAI_API_KEY=sk-abc12345', 'export OPENAI_API_KEY=sk-abc12345', 'openai_api_key = sk-abc12345', 'Authorization: Bearer sk-abc12345', 'Bearer sk-abc12345', 'x-api-key: sk-abc12345', 'apikey=abc12345', 'token: abc12345',
		'"sk-abc12345"', '''sk-abc12345''', '`sk-abc12345`'
	]) WITH ORDINALITY AS v(value, n) LEFT JOIN LATERAL apikey.check_key('custom', value) c ON true GROUP BY 1 ORDER BY 1;
SELECT key_type, value FROM apikey.key_types, unnest(ARRAY['sk-a****', '[REDACTED]', '${OPENAI_API_KEY}', 'OPENAI_API_KEY=sk-abc12345']) value
	WHERE NOT allow_whitespace AND NOT EXISTS (SELECT FROM apikey.check_key(key_type, value) c WHERE c.severity = 'error' AND c.code IN ('mask', 'template'));
-- Not even if the format is not checked.
SELECT regress_apikey.outcome(format('SELECT apikey.create_key_for(%L, %L, %L, %L, check_format => %L)', 'alice', 'one', type, value, check_format)) AS result
	FROM unnest(ARRAY['custom', 'openai']) type, unnest(ARRAY['sk-a****', '${OPENAI_API_KEY}', 'OPENAI_API_KEY=sk-abc12345']) value, unnest(ARRAY[true, false]) check_format
	ORDER BY type, value, check_format;
-- What resembles them is accepted: passwords, base64, connection strings, hashes.
SELECT value, c.code FROM unnest(ARRAY['a**b-c..d', 'correct$horse', 'pa{ss}w0rd', 'ab_cdefghi==', 'QUJD_REVGR0g=', 'AccountName=a;AccountKey=bb==', 'user:secretword',
		'https://user:pw@host/path', '$2b$10$abcdefghijklmnopqrstuv', 'nullable-value', 'undefined-behaviour', '100%sure%ly', '<3hearts<3', 'a=b=c=d=e', 'key-1234567',
		'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl']) value LEFT JOIN LATERAL apikey.check_key('custom', value) c ON true WHERE c.severity = 'error';
-- Random printable values.
SELECT count(*) < 5 AS few FROM generate_series(1, 2000) n, LATERAL (
	SELECT string_agg(chr(33 + get_byte(sha512(convert_to(n || '-' || g / 64, 'UTF8')), g % 64) % 94), '' ORDER BY g) AS value FROM generate_series(0, 31) g) v,
	apikey.check_key('custom', value) c WHERE c.severity = 'error';
