-- Counters for monitoring, named as Prometheus' conventions want it.

CREATE FUNCTION apikey.read_counters(OUT name text, OUT labels jsonb, OUT value double precision)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 50
	AS 'MODULE_PATHNAME', 'apikey_read_counters';
COMMENT ON FUNCTION apikey.read_counters() IS
'Returns the rows of apikey.metrics that are counted: those of the whole server if the library is preloaded, or else those of this session. 42501: within a security-restricted operation.';
REVOKE ALL ON FUNCTION apikey.read_counters() FROM PUBLIC;

CREATE VIEW apikey.metrics WITH (security_barrier = true) AS
	SELECT c.name, c.labels, c.value FROM apikey.read_counters() c
UNION ALL
	SELECT 'apikey_audit_lag_bytes', '{}'::jsonb,
		greatest(0, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
			ELSE pg_current_wal_flush_lsn() END, p.lsn))::double precision
	FROM apikey.audit_position p
	WHERE p.system_identifier = (SELECT system_identifier FROM pg_control_system());
COMMENT ON VIEW apikey.metrics IS
'Counters for monitoring, since apikey_metrics_start_time_seconds: of the whole server, in all databases, if apikey_metrics_shared is 1, or else of this session. apikey_audit_lag_bytes is that of this database: how much write-ahead log apikey.collect_audit() has not read; no row: it was never called. What functions did counts even if the transaction was rolled back.';
COMMENT ON COLUMN apikey.metrics.name IS 'The name of the metric, as in Prometheus: counters end in _total.';
COMMENT ON COLUMN apikey.metrics.labels IS 'Its labels; an empty object: none.';
COMMENT ON COLUMN apikey.metrics.value IS 'Its value.';
