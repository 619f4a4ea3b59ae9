-- Takes away what lend_master_key.sql has set, and nothing else.
\set ON_ERROR_STOP 1
LOAD 'apikey';
SELECT 'ALTER SYSTEM RESET apikey.master_key_source' FROM pg_settings
	WHERE name = 'apikey.master_key_source' AND setting LIKE 'command:/bin/echo %'
		AND sourcefile LIKE '%/postgresql.auto.conf' \gexec
SELECT pg_reload_conf() \g /dev/null
