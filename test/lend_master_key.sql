-- For make installcheck on a server that has no master key: lends it a random
-- one for as long as the tests run; take_master_key_back.sql follows.
\set ON_ERROR_STOP 1
LOAD 'apikey';
SELECT format('ALTER SYSTEM SET apikey.master_key_source = %L', 'command:/bin/echo '
		|| encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex'))
	WHERE current_setting('apikey.master_key_source') = '' \gexec
SELECT pg_reload_conf() \g /dev/null
-- A session reads its configuration between statements.
SELECT 'DO $$ BEGIN IF current_setting(''apikey.master_key_source'') = '''' THEN PERFORM pg_sleep(0.1); END IF; END $$'
	FROM generate_series(1, 300) \gexec
