-- metrics: the counters.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';
-- Names as Prometheus' conventions want them: in basic units, counters with _total,
-- at most one label; each name and label once.
SELECT name, string_agg(l.key || '=' || l.value, ' ' ORDER BY l.value) FROM apikey.metrics LEFT JOIN LATERAL jsonb_each_text(labels) l ON true GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM apikey.metrics WHERE name !~ '^apikey_[a-z_]+(_total|_seconds|_shared)$' OR value IS NULL OR value < 0;
SELECT name, labels FROM apikey.metrics GROUP BY 1, 2 HAVING count(*) > 1;
SELECT value BETWEEN extract(epoch FROM now() - interval '10 years') AND extract(epoch FROM clock_timestamp()) FROM apikey.metrics WHERE name = 'apikey_metrics_start_time_seconds';

-- What has been counted since the last look, of what only calls of functions change.
CREATE TEMP TABLE last AS SELECT * FROM apikey.metrics;
CREATE FUNCTION since() RETURNS TABLE (metric text, more double precision) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY SELECT m.name || coalesce('{' || (SELECT string_agg(l.value, ' ') FROM jsonb_each_text(m.labels) l) || '}', ''), m.value - l.value
		FROM apikey.metrics m JOIN last l USING (name, labels) WHERE m.value <> l.value AND m.name !~ 'cache_loads|usage|seconds|key_source' ORDER BY 1;
	DELETE FROM last;
	INSERT INTO last SELECT * FROM apikey.metrics;
END $$;
SELECT apikey.create_key(name, 'custom', secret('v-', 24, name), env_var => upper(name) || '_KEY') IS NULL FROM unnest(ARRAY['one', 'two']) name;
SELECT apikey.set_key('two', 'custom', secret('v-', 24)) IS NULL, apikey.set_key('three', 'custom', secret('v-', 24)) IS NULL;
SELECT apikey.create_key_for('bob', 'one', 'custom', secret('v-', 24)) IS NULL;
SELECT * FROM since();
SELECT length(apikey.reveal_key(name)) FROM unnest(ARRAY['one', 'two', 'three']) name;
SELECT count(*) FROM jsonb_object_keys(apikey.reveal_env()) variable;
SELECT * FROM since();
-- Also what is rolled back.
BEGIN;
SELECT apikey.create_key('four', 'custom', secret('v-', 24)) IS NULL;
ROLLBACK;
SELECT * FROM since();
-- Refusals, each once, by SQLSTATE; other errors of ours under "other".
SELECT left(outcome(statement), 5) FROM unnest(ARRAY[$$SELECT apikey.reveal_key('none')$$, $$SELECT apikey.reveal_env(ARRAY['none'])$$,
	$$SELECT apikey.create_key('one', 'custom', 'some_value')$$, $$SELECT apikey.create_key('x', 'openai', 'sk-1')$$, $$SELECT apikey.create_key('x', 'no_type', 'x')$$,
	$$SELECT apikey.reveal_key(id) FROM (SELECT apikey.disable_key('one') AS id) s$$, $$SELECT apikey.fernet_decrypt('x')$$,
	$$SELECT apikey.reveal_key('one') FROM set_config('apikey.user_id', '', false)$$, $$CALL apikey.reencrypt_keys(1)$$]) statement;
SELECT * FROM since();
-- Errors that PostgreSQL raises are not counted.
SELECT outcome('SELECT 1/0');
SELECT * FROM since();
-- Records of the trace.
SET apikey.user_id = 'alice';
SET apikey.audit = 'log, wal';
SELECT length(apikey.reveal_key('two'));
SET apikey.audit = 'log';
SELECT length(apikey.reveal_key('two'));
RESET apikey.audit;
SELECT * FROM since();
-- Re-encryption.
SELECT apikey.rotate_data_key() IS NULL;
SET client_min_messages = warning;
CALL apikey.reencrypt_keys();
RESET client_min_messages;
SELECT metric, more >= 4 FROM since();
-- Sessions read the keys when they first need them, and again after a change.
SELECT name, labels, m.value > 0 FROM apikey.metrics m WHERE name ~ 'cache_loads' ORDER BY labels->>'cache';
SELECT apikey.reload_master_key();
SELECT sum(m.value) > 0, (SELECT value > 0 FROM apikey.metrics WHERE name = 'apikey_key_source_read_seconds_total') FROM apikey.metrics m WHERE name = 'apikey_key_source_reads_total';

-- Who may read them: monitors and administrators.
SET ROLE regress_apikey_monitor; SELECT count(*) > 0 FROM apikey.metrics;
SET ROLE regress_apikey_worker; SELECT outcome('SELECT * FROM apikey.metrics'), outcome('SELECT * FROM apikey.read_counters()');
RESET ROLE;
SELECT apikey.purge_user('alice'), apikey.purge_user('bob');
DROP FUNCTION since();
DROP TABLE last;
