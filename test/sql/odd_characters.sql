-- Characters that cannot be seen or that look like others, in names, user ids and
-- values; expiries in the wrong unit; a second key with the same value; and what
-- errors and hints show.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET apikey.user_id = 'alice';
SET apikey.identity = 'session';

-- Control characters, white space at the ends, and characters of no width.
CREATE TEMP TABLE odd AS SELECT * FROM (VALUES
	(1, U&'al\200Bice'), (2, U&'alice\200B'), (3, U&'al\200Cice'), (4, U&'al\200Dice'), (5, U&'al\2060ice'), (6, U&'al\FEFFice'), (7, U&'al\00ADice'), (8, U&'al\200Eice'),
	(9, U&'al\202Eice'), (10, U&'al\2066ice'), (11, U&'al\061Cice'), (12, U&'al\180Eice'), (13, U&'al\3164ice'), (14, U&'al\FE0Fice'), (15, U&'al\+0E0061ice'), (16, U&'alice\2800'),
	(17, ' alice'), (18, 'alice '), (19, U&'alice\00A0'), (20, U&'\3000alice'), (21, E'alice\t'), (22, E'al\nice'), (23, U&'al\0085ice'), (24, ' ')) v(n, text);
SELECT n, left(regress_apikey.outcome(format('SELECT apikey.create_key(%L, %L, %L)', text, 'custom', 'a-made-up-value')), 5) AS name,
	left(regress_apikey.outcome(format('SELECT apikey.create_key_for(%L, %L, %L, %L)', text, 'x', 'custom', 'a-made-up-value')), 5) AS create_key_for,
	left(regress_apikey.outcome(format('SELECT apikey.set_user_id(%L)', text)), 5) AS set_user_id,
	left(regress_apikey.outcome(format('SET LOCAL apikey.user_id = %L', text)), 5) AS setting
	FROM odd ORDER BY n;
SELECT regress_apikey.outcome(format('SELECT apikey.create_key(%L, %L, %L)', text, 'custom', 'a-made-up-value')) FROM odd WHERE n IN (1, 9, 18, 19) ORDER BY n;
SELECT regress_apikey.outcome(format('SELECT apikey.set_user_id(%L)', text)) FROM odd WHERE n = 1;
SELECT regress_apikey.outcome(format('SELECT apikey.update_key(%L, new_name => %L)', 'x', U&'a\200Bb')) AS missing;
-- In claims and as a role's name, they are nobody's.
SET apikey.identity = 'claims';
CREATE FUNCTION pg_temp.claimed(id text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('request.jwt.claims', jsonb_build_object('sub', id)::text, true);
	RETURN apikey.current_user_id();
END $$;
SELECT n, pg_temp.claimed(text) FROM (SELECT n, text FROM odd UNION ALL VALUES (0, 'alice')) o WHERE pg_temp.claimed(text) IS NOT NULL;
SET apikey.identity = 'role';
CREATE ROLE "regress_apikey_blank " IN ROLE apikey_user;
SET ROLE "regress_apikey_blank ";
SELECT apikey.current_user_id() IS NULL AS nobody;
RESET ROLE;
DROP ROLE "regress_apikey_blank ";
SET apikey.identity = 'session';
-- What only looks unusual is accepted: other scripts, symbols and pictures, blanks inside.
SELECT count(apikey.create_key(name, 'custom', 'a-made-up-value')) FROM unnest(ARRAY[U&'\043A\043B\044E\0447', U&'\0645\0641\062A\0627\062D', U&'\+01F511 main', U&'\26A0\FE0F production',
	'my  key', 'a', U&'caf\00E9', U&'\65E5\672C\8A9E']) name;
SELECT apikey.purge_own_keys();
SELECT count(apikey.set_user_id(id)) FROM unnest(ARRAY['42', 'auth0|5f7c8ec7c33c6c004bbafe82', 'alice@corp.example', 'Alice B', U&'\65E5\672C', 'b3b6f0c2-0a3e-4d0e-9a53-0d6d1f1c9e44']) id;
RESET apikey.user_id;
SET apikey.user_id = 'alice';

-- In a value, a character that looks like another is named before the format is
-- spoken of; not where the format permits it.
SELECT c.* FROM unnest(ARRAY['openai', 'qdrant', 'custom', 'groq']) WITH ORDINALITY t(type, number),
	apikey.check_key(type, U&'sk-proj-\028Babcdefgh') c ORDER BY number;
SELECT c.message FROM unnest(ARRAY[U&'gsk_\0410BCD', U&'gsk\2013abcdefg', U&'\FF47sk_abcdefgh', U&'gsk_abc\00A0defg', U&'gsk_\200Babcdefg', U&'gsk_ab\202Edefg']) WITH ORDINALITY v(value, number),
	apikey.check_key('groq', value) c ORDER BY number;
INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES ('dot', 'Any', '^.{20,}$'), ('class', 'Class', U&'^[a-z\00E4]{20,}$'), ('not', 'Not', '^[^ ]{20,}$'), ('word', 'Word', '^\w{20,}$');
SELECT type, c.code FROM unnest('{dot,class,not,word}'::text[]) type, apikey.check_key(type, U&'p\00E4ssw\00F6rd') c ORDER BY 1;
DELETE FROM apikey.custom_key_types;

-- An expiry that is more than a century away.
SET client_min_messages = notice;
SELECT apikey.create_key('far', 'custom', 'a-made-up-value', to_timestamp(extract(epoch FROM now()) * 1000)) IS NOT NULL AS created;
SELECT apikey.set_key('far', 'custom', 'a-made-up-value', now() + interval '101 years') IS NOT NULL AS set,
	apikey.update_key('far', new_expires_at => now() + interval '99 years') IS NOT NULL AS updated;
SELECT apikey.update_key('far', new_expires_at => '9999-12-31') IS NOT NULL AS updated;
SELECT apikey.update_key('far', new_expires_at => 'infinity') IS NOT NULL AS updated;
SELECT apikey.create_key_for('alice', 'past', 'custom', 'a-made-up-value', '1999-01-01', created_at => '1998-01-01') IS NOT NULL AS created,
	apikey.create_key_for('alice', 'future', 'custom', 'a-made-up-value', '2999-01-01', created_at => '1998-01-01') IS NOT NULL AS created;
SET client_min_messages = warning;

-- A second key with the same value: check_key() tells the user, of their own keys.
SELECT apikey.purge_own_keys();
SELECT apikey.create_key('first', 'openai', regress_apikey.openai()) IS NOT NULL AS created, apikey.create_key('gone', 'custom', 'a-deleted-value') IS NOT NULL AS created;
SELECT apikey.delete_key('gone') IS NOT NULL AS deleted;
SELECT * FROM apikey.check_key('openai', regress_apikey.openai());
SELECT * FROM apikey.check_key('custom', regress_apikey.openai() || ' ');
SELECT * FROM apikey.check_key('groq', regress_apikey.openai());
SELECT * FROM apikey.check_key('openai', regress_apikey.openai('other'));
SELECT * FROM apikey.check_key('custom', 'a-deleted-value');
SELECT count(apikey.rotate_data_key('value')) AS rotated;
SET ROLE regress_apikey_web;
SELECT code FROM apikey.check_key('openai', regress_apikey.openai());
SET apikey.user_id = 'bob';
SELECT count(*) FROM apikey.check_key('openai', regress_apikey.openai());
SET apikey.user_id = '';
SELECT count(*) FROM apikey.check_key('openai', regress_apikey.openai());
RESET ROLE;
SET apikey.user_id = 'alice';

-- A secret in place of a name is not repeated, whichever type it is of; a name is.
SELECT text, regress_apikey.outcome(format('SELECT apikey.reveal_key(%L)', text)) LIKE '%(not shown)%' AS hidden,
	regress_apikey.outcome(format('SELECT apikey.reveal_env(ARRAY[%L])', text)) LIKE '%(not shown)%' AS hidden
	FROM unnest(ARRAY['Tr0ub4dor&3', 'pa$$w0rd!', 'xK9mQ2vL7pR4', 'dGhpcyBpcyBhIHNlY3JldA==', '8f14e45fceea167a', 'correcthorsebatterystaple', 'key-4929381726354412', 'AbCdEfGhIjKl',
		'key is Tr0ub4dor&3', 'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v',
		'openai', 'openai-prod-2', 'My OpenAI key', 'team/search', 'gpt-4o mini', 'backup 2024-11-25', 'Key of alice@corp.example', U&'\043A\043B\044E\0447', 'GITHUB_TOKEN_CI', 'langfuse_v3', '175928847299117063',
		'b3b6f0c2-0a3e-4d0e-9a53-0d6d1f1c9e44']) WITH ORDINALITY t(text, n) ORDER BY n;
-- Nor is what is too long for a name, whatever it consists of.
SELECT regress_apikey.outcome(format('SELECT apikey.reveal_key(%L)', rtrim(repeat('good ', n)))) LIKE '%(not shown)%' AS hidden
	FROM unnest('{39,41}'::int[]) n;
-- Each message that repeats an argument.
CREATE TABLE regress_apikey.people (id text PRIMARY KEY);
GRANT TRIGGER ON regress_apikey.people TO apikey_admin;
SELECT apikey.link_users('regress_apikey.people', 'id', prefix => 'org:') IS NOT NULL AS linked;
SELECT call, position('Tr0ub4dor&3' IN regress_apikey.outcome(call)) > 0 AS shown FROM unnest(ARRAY[
	$$SELECT apikey.reveal_key('Tr0ub4dor&3')$$, $$SELECT apikey.set_key('x', 'Tr0ub4dor&3', 'openai')$$, $$SELECT apikey.create_key('Tr0ub4dor&3', 'openai', 'x')$$,
	$$SELECT apikey.create_key('x', 'Tr0ub4dor&3', 'openai')$$, $$SELECT apikey.create_key('x', 'custom', 'a-made-up-value', env_var => 'Tr0ub4dor&3')$$,
	$$SELECT apikey.create_key_for('org:Tr0ub4dor&3', 'x', 'custom', 'a-made-up-value')$$, $$SELECT apikey.delete_key('Tr0ub4dor&3')$$, $$SELECT apikey.restore_key('Tr0ub4dor&3')$$,
	$$SELECT apikey.purge_key('Tr0ub4dor&3')$$, $$SELECT apikey.update_key('Tr0ub4dor&3', 'a-made-up-value')$$, $$SELECT apikey.disable_key('Tr0ub4dor&3')$$, $$SELECT apikey.enable_key('Tr0ub4dor&3')$$,
	$$SELECT apikey.reveal_env('{Tr0ub4dor&3}')$$, $$SELECT apikey.reveal_env(key_types => '{Tr0ub4dor&3}')$$, $$SELECT apikey.check_key('Tr0ub4dor&3', 'x')$$,
	$$SELECT apikey.update_key('first', clear => '{Tr0ub4dor&3}')$$, $$SELECT apikey.link_users('regress_apikey.people', 'Tr0ub4dor&3')$$,
	$$SELECT apikey.link_users('regress_apikey.people', 'id', 'Tr0ub4dor&3')$$, $$SELECT apikey.rotate_data_key('Tr0ub4dor&3')$$]) call;
SELECT apikey.unlink_users('regress_apikey.people') IS NOT NULL AS unlinked;
DROP TABLE regress_apikey.people;

-- Prefixes of the administrator's own show nothing more in a hint than the end.
INSERT INTO apikey.custom_key_types (key_type, label, prefixes) VALUES ('acme', 'Acme', '{acme_,corr,correct-horse-batte}');
INSERT INTO apikey.custom_key_types (key_type, label, prefixes) SELECT 'custom', 'Custom', ARRAY['correct-horse-batte'];
INSERT INTO apikey.custom_key_types SELECT key_type, label, env_vars, pattern, '{sk-,sk-proj,sk-c0}', checksum, enforcement, docs_url, allow_whitespace FROM apikey.builtin_key_types WHERE key_type = 'openai';
SELECT count(apikey.set_key('hint ' || type, type, 'correct-horse-battery-staple-9b21', check_format => false)) FROM unnest('{acme,custom,openai}'::text[]) type;
SELECT count(apikey.set_key('built in', 'groq', regress_apikey.secret('gsk_', 52)));
SELECT name, hint = '...' || right(apikey.reveal_key(name), 4) AS only_end, hint LIKE 'gsk_...%' AS has_prefix FROM apikey.keys WHERE name LIKE 'hint %' OR name = 'built in' ORDER BY 1;
DELETE FROM apikey.custom_key_types;
SELECT apikey.purge_own_keys();
