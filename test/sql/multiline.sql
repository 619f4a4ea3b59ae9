-- Secrets of several lines: stored byte for byte, and recognized by their form.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';

-- Made-up files; no line is that of a real key.
CREATE TEMP TABLE files (name text, key_type text, value text);
CREATE FUNCTION pg_temp.body(lines int, line_end text DEFAULT E'\n') RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(rtrim(encode(sha512(convert_to(n::text, 'UTF8')), 'base64'), E'\n='), line_end) FROM generate_series(1, lines) n
$$;
CREATE FUNCTION pg_temp.pem(kind text, lines int, line_end text DEFAULT E'\n') RETURNS text LANGUAGE sql AS $$
	SELECT replace(format('-----BEGIN %1$sPRIVATE KEY-----%2$s%3$s%2$s-----END %1$sPRIVATE KEY-----%2$s', kind, line_end, pg_temp.body(lines, line_end)),
		E'A\n', E'AAAAAAAAAAAAAAA\n')
$$;
CREATE FUNCTION pg_temp.account(members jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('type', 'service_account', 'project_id', 'an-example', 'private_key_id', md5('id'), 'private_key', pg_temp.pem('', 18),
		'client_email', 'deploy-bot@an-example.iam.gserviceaccount.com', 'client_id', '1', 'universe_domain', 'googleapis.com') || members
$$;
INSERT INTO files VALUES
	('google', 'google_service_account', jsonb_pretty(pg_temp.account()) || E'\n'), ('google, one line', 'google_service_account', pg_temp.account()::text),
	('google, CRLF', 'google_service_account', replace(jsonb_pretty(pg_temp.account()), E'\n', E'\r\n')),
	('pkcs8', 'pem_private_key', pg_temp.pem('', 18)), ('rsa 4096', 'pem_private_key', pg_temp.pem('RSA ', 37)), ('ec, CRLF', 'pem_private_key', pg_temp.pem('EC ', 3, E'\r\n')),
	('pem, no last line end', 'pem_private_key', rtrim(pg_temp.pem('', 18), E'\n')), ('pem, after text', 'pem_private_key', E'Bag Attributes\n  friendlyName: x\n' || pg_temp.pem('', 18)),
	('pem, encrypted', 'pem_private_key', replace(pg_temp.pem('RSA ', 18), E'KEY-----\nz', E'KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nz')),
	('ed25519', 'ssh_private_key', pg_temp.pem('OPENSSH ', 5)), ('ssh rsa 4096', 'ssh_private_key', pg_temp.pem('OPENSSH ', 48)), ('putty', 'ssh_private_key', E'PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n'),
	('netrc', 'custom_multiline', E'machine example.com\n\tlogin alice\n\tpassword Tr0ub4dor&3\n'), ('blanks around', 'custom_multiline', E' \n correct horse battery \n ');
SELECT name, octet_length(value) FROM files ORDER BY name COLLATE "C";

-- Nothing is said about them, and they come back as they were, from each function.
SELECT name, c.* FROM files, apikey.check_key(key_type, value) c ORDER BY name COLLATE "C";
SET apikey.strict_checks = on;
SELECT name, c.* FROM files, apikey.check_key(key_type, value) c ORDER BY name COLLATE "C";
SELECT count(apikey.create_key(name, key_type, value)) FROM files;
RESET apikey.strict_checks;
SELECT name FROM files WHERE apikey.reveal_key(name) IS DISTINCT FROM value;
SELECT count(apikey.set_key(name, key_type, value || E'\n')) FROM files;
SELECT name FROM files WHERE apikey.reveal_key(name) IS DISTINCT FROM value || E'\n';
SELECT count(apikey.update_key(name, value)) FROM files;
SELECT name FROM files WHERE apikey.reveal_key(name) IS DISTINCT FROM value;
SELECT count(apikey.update_key(name, new_name => name || '.')) FROM files;
SELECT name FROM files WHERE apikey.reveal_key(name || '.') IS DISTINCT FROM value;
SELECT apikey.reveal_env('{ed25519.}') = jsonb_build_object('SSH_PRIVATE_KEY', value) AS same FROM files WHERE name = 'ed25519';
SELECT apikey.reveal_env('{google.}')->>'GOOGLE_CREDENTIALS' = value AS same FROM files WHERE name = 'google';
SELECT apikey.update_key('netrc.', new_env_var => 'NETRC_TEXT') IS NOT NULL AS updated;
SELECT apikey.reveal_env('{netrc.}')->>'NETRC_TEXT' = value AS same FROM files WHERE name = 'netrc';

-- The hint shows nothing of them.
SELECT name, hint FROM apikey.keys ORDER BY name COLLATE "C";
SELECT k.name FROM apikey.keys k JOIN files f ON k.name = f.name || '.' WHERE rtrim(k.hint, '.') <> '' AND position(rtrim(k.hint, '.') IN f.value::jsonb->>'private_key') > 0;
-- Nor if the address is something else, or the format was not checked.
CREATE FUNCTION pg_temp.hint_of(type text, value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM apikey.set_key('hinted ' || type, type, value, check_format => false);
	RETURN (SELECT hint FROM apikey.keys WHERE name = 'hinted ' || type);
END $$;
SELECT n, pg_temp.hint_of('google_service_account', value) FROM (VALUES
	(1, pg_temp.account('{"client_email": "a secret of some kind"}')::text), (2, pg_temp.account('{"client_email": 5}')::text), (3, (pg_temp.account() - 'client_email')::text),
	(4, (pg_temp.account() - 'private_key')::text), (5, pg_temp.account('{"private_key": "x"}')::text), (6, pg_temp.account('{"client_email": "\"@x"}')::text),
	(7, pg_temp.account()::text || 'x'), (8, '{"nested": {"client_email": "a@b", "private_key": "-----BEGIN x"}}'), (9, pg_temp.account('{"client_email": "a@b.c"}')::text),
	(10, '"client_email": "a@b", "private_key": "-----BEGIN "'), (11, '[{"client_email": "a@b", "private_key": "-----BEGIN x"}]')) v(n, value) ORDER BY n;
SELECT pg_temp.hint_of('custom_multiline', 'one line without any blank') AS one, pg_temp.hint_of('ssh_private_key', 'PuTTY-User-Key-File-3: ssh-ed25519 and more') AS other;

-- What is not such a file.
SELECT n, t.key_type, c.severity, c.code FROM (VALUES
	(1, '{}'), (2, pg_temp.account('{"client_email": 5}')::text), (3, pg_temp.account('{"private_key": ["-----BEGIN"]}')::text), (4, (pg_temp.account() - 'private_key')::text),
	(5, left(pg_temp.account()::text, -1)), (6, to_jsonb(pg_temp.account()::text)::text), (7, repeat('[', 5000)), (8, '{"installed": {"client_email": "a@b", "private_key": "-----BEGIN x"}}'),
	(9, left(pg_temp.pem('', 18), -20)), (10, replace(pg_temp.pem('', 18), E'\n', '\n')), (11, replace(pg_temp.pem('', 18), E'\n', ' ')), (12, replace(pg_temp.pem('', 18), 'PRIVATE', 'PUBLIC')),
	(13, E'ssh-ed25519 AAAA\n'), (14, '-----BEGIN PRIVATE KEY-----'), (15, E' \r\n\t'), (16, repeat('a b ', 2049)), (17, 'short'), (18, '')) v(n, value),
	unnest('{google_service_account,pem_private_key,ssh_private_key}'::text[]) t(key_type), apikey.check_key(t.key_type, value) c ORDER BY n, 2, 3, 4;
SELECT n, c.* FROM (VALUES (1, '{}'), (2, left(pg_temp.pem('OPENSSH ', 5), -1)), (3, pg_temp.pem('OPENSSH ', 5, E'\r\n')), (4, pg_temp.pem('RSA ', 5, E'\r\n'))) v(n, value),
	unnest('{google_service_account,ssh_private_key}'::text[]) t(key_type), apikey.check_key(t.key_type, value) c
	WHERE (n > 1) = (key_type = 'ssh_private_key') ORDER BY n;
SELECT code FROM apikey.check_key('custom_multiline', E' \n\t '), apikey.check_key('custom_multiline', 'a b') x(s, c) LIMIT 1;
SELECT DISTINCT c.code FROM unnest(ARRAY[E'a form\x0c feed', U&'a no-break\00A0 space', U&'a zero-width\200B space']) value, apikey.check_key('custom_multiline', value) c;
SELECT count(*) FROM apikey.check_key('custom_multiline', U&'p\00E4ssword with\000Alines \4E2D');
-- The other types tell where such a value belongs.
SELECT regress_apikey.outcome(format('SELECT apikey.create_key(%L, %L, %L)', 'x', type, pg_temp.pem('', 18))) FROM unnest('{custom,openai}'::text[]) type;

-- What stands in place of a key is refused here, too, whatever is around it.
CREATE TEMP TABLE stand_ins AS SELECT * FROM unnest(ARRAY['[REDACTED]', '************', 'sk-a****', '${X_API_KEY}', '{{ api_key }}', '<your api key>', '*** masked ***', '[object Object]', 'not set', 'undefined',
	U&'\2022\2022\2022\2022 9b21', 'sk-... 9b21', '$(cat /run/secrets/key)', 'op://vault/some item/field', 'OPENAI_API_KEY=sk-abc12345', 'Authorization: Bearer sk-abc12345', '"sk-abc 12345"', repeat('*', 250)]) value;
INSERT INTO apikey.custom_key_types (key_type, label, allow_whitespace) VALUES ('config', 'Config file', true);
SELECT key_type, value FROM apikey.key_types, (SELECT unnest(ARRAY[value, value || E'\n', E' \r\n\t' || value || ' ']) FROM stand_ins) v(value)
	WHERE allow_whitespace AND NOT EXISTS (SELECT FROM apikey.check_key(key_type, value) c WHERE c.severity = 'error' AND c.code IN ('mask', 'template'));
SELECT c.code, count(*) FROM stand_ins, apikey.check_key('custom_multiline', value) c GROUP BY 1 ORDER BY 1;
SELECT count(*), count(*) FILTER (WHERE regress_apikey.outcome(format('SELECT apikey.create_key(%L, %L, %L, check_format => false)', 'x', 'config', value)) LIKE 'KA008 on value:%') FROM stand_ins;
DELETE FROM apikey.custom_key_types;
SELECT n, c.code FROM (VALUES (1, repeat(E'****\n', 200)), (2, repeat('* ', 500)), (3, U&'\2022\2022\000A\2022\2022'), (4, repeat('*', 5000))) v(n, value), apikey.check_key('custom_multiline', value) c ORDER BY n;
-- So is a file of which only the key is masked, even if its format is not checked.
CREATE TEMP TABLE masked_files AS SELECT f.name, f.key_type, m.mask, f.before || m.mask || f.after AS value FROM (VALUES
	('pem', 'pem_private_key', left(pg_temp.pem('', 1), 28), E'\n-----END ' || E'PRIVATE KEY-----\n'),
	('pem, encrypted', 'pem_private_key', left(pg_temp.pem('', 1), 28) || E'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n', E'\n-----END ' || E'PRIVATE KEY-----\n'),
	('ssh, a part', 'ssh_private_key', left(pg_temp.pem('OPENSSH ', 5), 200), right(pg_temp.pem('OPENSSH ', 5), 100)),
	('google', 'google_service_account', '{"client_email": "a@b.example", "private_key": "-----BEGIN ' || 'PRIVATE KEY-----\n', '\n-----END ' || 'PRIVATE KEY-----\n"}'),
	('google, the string', 'google_service_account', E'{"client_email": "a@b.example",\n "private_key" : "', E'"}\n'),
	('putty', 'ssh_private_key', E'PuTTY-User-Key-File-3: ssh-ed25519\r\nComment: mine...\r\nPrivate-Lines: 1\r\n', E'\r\nPrivate-MAC: 00\r\n')) f(name, key_type, before, after),
	unnest(ARRAY['[REDACTED]', 'redacted', '*****', '...', U&'\2026', U&'\2022\2022\2022', '(hidden)', '${KEY}', '$KEY', '{{ key }}', '<your key>', '%KEY%']) m(mask);
SELECT name, string_agg(DISTINCT c.code, ' ') AS codes, count(*) FROM masked_files LEFT JOIN LATERAL apikey.check_key(key_type, value) c ON c.code IN ('mask', 'template') GROUP BY 1 ORDER BY name COLLATE "C";
SELECT count(*), count(*) FILTER (WHERE regress_apikey.outcome(format('SELECT apikey.create_key(%L, %L, %L, check_format => false)', 'x', key_type, value)) LIKE 'KA008 on value:%') FROM masked_files;
SELECT DISTINCT name FROM masked_files WHERE NOT EXISTS (SELECT FROM apikey.check_key('custom_multiline', value) c WHERE c.code IN ('mask', 'template'));
-- Not a text that contains such things where they may be, nor a passphrase.
SELECT n, c.* FROM (VALUES (1, E'# ****** settings ******\nurl=https://${HOST}/...\nOPENAI_API_KEY=sk-abc12345\n'), (2, 'host=db.example user=alice password=Tr0ub4dor&3'), (3, 'password=Tr0ub4dor&3 host=db.example'),
	(4, E'template: "{{ a }}"\nnote: [REDACTED]\nkey: 1'), (5, 'correct horse battery staple'), (6, E'{"key": "a",\n "note": "**bold** ..."}'), (7, '-- -- -- --'), (8, pg_temp.account('{"project_id": "${x} [REDACTED] ..."}')::text),
	(9, E'Bag Attributes\n  friendlyName: *** [REDACTED] ... ${x}\n' || pg_temp.pem('', 2) || E'*** ...\n')) v(n, value),
	apikey.check_key('custom_multiline', value) c ORDER BY n;
-- Nor is the key's own hint taken, by any of the functions.
SELECT apikey.create_key('account', 'google_service_account', value) IS NOT NULL AS created FROM files WHERE name = 'google';
SELECT k.name, form FROM apikey.keys k, unnest('{%1$s...,%1$s…,%1$s****,%1$s,"%1$s... ","\n%1$s...\n",(%1$s...),...,…,********,"* * *"}'::text[]) form, unnest(ARRAY['SELECT apikey.set_key(%1$L, %2$L, %3$L, check_format => false)', 'SELECT apikey.update_key(%1$L, %3$L, check_format => false)']) call
	WHERE k.name IN ('account', 'netrc.', 'ed25519.') AND (rtrim(k.hint, '.') <> '' OR form LIKE '%…%' OR form LIKE '%.%' OR form LIKE '%*%')
	AND regress_apikey.outcome(format(call, k.name, k.key_type, format(form, rtrim(k.hint, '.')))) NOT LIKE 'KA008 on %';
SELECT regress_apikey.outcome(format('SELECT apikey.update_key(%L, %L, check_format => false)', name, replace(hint, '...', '##'))) FROM apikey.keys WHERE name = 'account';
SELECT apikey.reveal_key('account') = value AS same FROM files WHERE name = 'google';
SELECT apikey.delete_key('account') IS NOT NULL AND apikey.purge_key(id) IS NOT NULL AS purged FROM apikey.keys WHERE name = 'account';

-- Which type it could be.
SELECT name, string_agg(t, ' ') FROM files, apikey.detect_key_type(value) t GROUP BY name ORDER BY name COLLATE "C";
SELECT count(*) FROM apikey.detect_key_type(regress_apikey.openai()) t WHERE t LIKE '%multiline';

-- find_keys() looks for the same bytes, and for those without white space around them.
RESET ROLE;
SELECT f.name FROM files f WHERE NOT EXISTS (SELECT FROM apikey.find_keys(f.value) k WHERE k.name = f.name || '.') ORDER BY name;
SELECT f.name, count(k.*) FROM files f LEFT JOIN LATERAL apikey.find_keys(f.value || E'\n') k ON true GROUP BY 1 ORDER BY f.name COLLATE "C";
SELECT apikey.create_key('trimmed', 'custom', E' correct-horse-battery-9b21\n') IS NOT NULL AS created;
SELECT name FROM apikey.find_keys(E'\ncorrect-horse-battery-9b21 ');
SELECT count(*) FROM apikey.verify_keys() WHERE user_id = 'alice';

-- The administrator's types that allow white space keep it, too.
INSERT INTO apikey.custom_key_types (key_type, label, allow_whitespace) VALUES ('config', 'Config file', true);
SELECT apikey.set_key('config', 'config', E'  a: b\n') IS NOT NULL AS stored, apikey.reveal_key('config') = E'  a: b\n' AS same;
SELECT hint FROM apikey.keys WHERE name = 'config';
SELECT apikey.purge_own_keys();
DELETE FROM apikey.custom_key_types;
