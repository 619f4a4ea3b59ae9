-- The checksums that providers put into their keys.  Each example value is
-- assembled here from its parts, so that no file contains one.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
\getenv source PG_ABS_SRCDIR
\set sample :source '/data/sample.sql'
\set ECHO none
\i :sample
\set ECHO all

CREATE TEMP TABLE worked (type text, prefix text, body text, tail text, sum text, after text DEFAULT '');
\set forty 'AaBbCcDdEeFfGgHhIiJjKkLlMmNn01AaBbCcDdEe'
INSERT INTO worked
	SELECT type, prefix, left(:'forty', 30), '', '0VOnRM', ''
	FROM (VALUES ('github_pat', 'ghp'), ('github_oauth', 'gho'), ('github_app', 'ghu'), ('github_app', 'ghs'), ('npm', 'npm')) v (type, short), concat(short, '_') prefix;
-- padded with zeros
INSERT INTO worked VALUES ('github_pat', concat('ghp', '_'), left(:'forty', 25) || '00078', '', '00XtiS');
INSERT INTO worked VALUES ('github_fine_grained_pat', concat('github_pat', '_'), '11AAAAAAA0' || left(:'forty', 12), '_' || :'forty' || 'FfG', '5FZ6PHIC', 'abcdefgh');
INSERT INTO worked
	SELECT 'gitlab_pat', concat('glpat', '-'), left(:'forty', 27), tail, sum
	FROM (VALUES ('.01.0r', '1jquxid'), ('.0r', '1cxkzrw')) v (tail, sum);
INSERT INTO worked
	SELECT type, prefix, :'forty', '', '334f5d6b', ''
	FROM (VALUES ('cloudflare', 'cfut'), ('cloudflare', 'cfat'), ('cloudflare_global', 'cfk')) v (type, short), concat(short, '_') prefix;
INSERT INTO worked
	SELECT type, prefix, left(repeat(left(:'forty', 30), 2), 50), '', '3TEMjM', ''
	FROM (VALUES ('vercel', 'vcp'), ('vercel', 'vci'), ('vercel', 'vca'), ('vercel', 'vcr'), ('vercel_ai_gateway', 'vck')) v (type, short), concat(short, '_') prefix;

-- Unchanged values.
SELECT type, prefix, length(concat(prefix, body, tail, sum, after)), c.*
	FROM worked LEFT JOIN LATERAL apikey.check_key(type, concat(prefix, body, tail, sum, after)) c ON true
	ORDER BY type, prefix, tail, sum;

-- With one character changed in the body, and with one in the checksum.
SELECT type, prefix, c.severity, c.code, c.message
	FROM worked LEFT JOIN LATERAL apikey.check_key(type, concat(prefix, overlay(body PLACING 'z' FROM 12), tail, sum, after)) c ON true
	ORDER BY type, prefix, tail, sum;
SELECT type, prefix, c.severity, c.code
	FROM worked LEFT JOIN LATERAL apikey.check_key(type, concat(prefix, body, tail, overlay(sum PLACING CASE WHEN right(sum, 1) = '2' THEN '3' ELSE '2' END FROM length(sum)), after)) c ON true
	ORDER BY type, prefix, tail, sum;
-- The meaning of the last 8 characters of GitHub's fine-grained tokens is unknown.
SELECT type, c.code FROM worked LEFT JOIN LATERAL apikey.check_key(type, concat(prefix, body, tail, sum, upper(after))) c ON true
	WHERE after <> '';
-- A checksum without its leading zeros is wrong, even if the length is right.
SELECT c.code FROM apikey.check_key('github_pat', concat('ghp_', left(:'forty', 25), '00078', 'XtiS', '00')) c;

-- The longer form of GitHub's refresh tokens, calculated in SQL.
CREATE FUNCTION pg_temp.crc32(body bytea) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE crc bigint := 4294967295;
BEGIN
	FOR i IN 0 .. length(body) - 1 LOOP
		crc := crc # get_byte(body, i);
		FOR bit IN 1 .. 8 LOOP
			crc := CASE WHEN crc & 1 = 1 THEN (crc >> 1) # 3988292384 ELSE crc >> 1 END;
		END LOOP;
	END LOOP;
	RETURN crc # 4294967295;
END $$;
CREATE FUNCTION pg_temp.digits(number bigint, alphabet text, digits int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT string_agg(substr(alphabet, (number / (length(alphabet)::numeric ^ n)::bigint % length(alphabet))::int + 1, 1), '' ORDER BY n DESC)
	FROM generate_series(0, digits - 1) n
$$;
SELECT to_hex(pg_temp.crc32('123456789'));
\set base62 '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
\set base36 '0123456789abcdefghijklmnopqrstuvwxyz'
SELECT count(*) AS values, count(c.code) AS findings
	FROM generate_series(1, 50) n,
		LATERAL (SELECT left(repeat(md5(n::text), 3), 70) AS body) b
		LEFT JOIN LATERAL apikey.check_key('github_refresh', 'ghr_' || body || pg_temp.digits(pg_temp.crc32(body::bytea), :'base62', 6)) c ON true;
SELECT count(*) AS values, count(c.code) AS findings
	FROM generate_series(1, 50) n,
		LATERAL (SELECT 'glpat-' || left(md5(n::text), 27) || '.0r' AS body) b
		LEFT JOIN LATERAL apikey.check_key('gitlab_pat', body || pg_temp.digits(pg_temp.crc32(body::bytea), :'base36', 7)) c ON true;

-- Forms without a checksum cannot fail.
SELECT type, c.code FROM (VALUES
		('npm', gen_random_uuid()::text),
		('vercel', left(:'forty', 24)),
		('cloudflare', :'forty'),
		('cloudflare', '_' || left(:'forty', 39)),
		('cloudflare_global', left(md5('a') || md5('b'), 37)),
		('gitlab_pat', 'glpat-' || left(:'forty', 20)),
		('github_app', 'ghs_12345_eyJ' || :'forty' || '.' || :'forty' || '.' || left(:'forty', 30))) v (type, value)
	LEFT JOIN LATERAL apikey.check_key(type, value) c ON true;

-- With strict checks a failure is an error.
SET apikey.strict_checks = on;
SELECT DISTINCT c.severity, c.code FROM worked, apikey.check_key(type, concat(prefix, overlay(body PLACING 'z' FROM 12), tail, sum, after)) c;
SELECT count(*) AS findings FROM worked, apikey.check_key(type, concat(prefix, body, tail, sum, after)) c;
RESET apikey.strict_checks;
