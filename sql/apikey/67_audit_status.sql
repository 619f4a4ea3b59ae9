-- The trace: reading it from the write-ahead log, collecting it, and its state.

CREATE FUNCTION apikey.audit_trail(from_lsn pg_lsn DEFAULT NULL, to_lsn pg_lsn DEFAULT NULL)
	RETURNS SETOF apikey.audit_log
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_audit_trail';
COMMENT ON FUNCTION apikey.audit_trail(pg_lsn, pg_lsn) IS
'Returns the events of this database whose records begin at from_lsn or later, and before to_lsn, in the write-ahead log that the server still has; also on a standby. from_lsn: NULL for its beginning; to_lsn: NULL for its end, as far as it is flushed. 58P01: that part has been removed; XX001: it is damaged.';
REVOKE ALL ON FUNCTION apikey.audit_trail(pg_lsn, pg_lsn) FROM PUBLIC;

CREATE PROCEDURE apikey.collect_audit()
	LANGUAGE C
	AS 'MODULE_PATHNAME', 'apikey_collect_audit';
COMMENT ON PROCEDURE apikey.collect_audit() IS
'Stores the events of this database that have come into the write-ahead log since the last call in apikey.audit_log, each exactly once, and lets the slot of apikey.start_audit() go on; within a transaction block, the next call does the latter. Where write-ahead log was removed meanwhile, it raises a WARNING and stores a row with action "gap". Is itself recorded if there was anything but such records. 25006: on a standby; 40001: under REPEATABLE READ, while another session collects; 55006: somebody receives from the slot.';
REVOKE ALL ON PROCEDURE apikey.collect_audit() FROM PUBLIC;

CREATE FUNCTION apikey.purge_audit(older_than interval) RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_purge_audit';
COMMENT ON FUNCTION apikey.purge_audit(interval) IS
'Deletes the events in apikey.audit_log that are older, and returns how many; is itself recorded. 22023: the age is NULL, negative or above 1000 years.';
REVOKE ALL ON FUNCTION apikey.purge_audit(interval) FROM PUBLIC;

CREATE FUNCTION apikey.start_audit() RETURNS pg_lsn
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_start_audit';
COMMENT ON FUNCTION apikey.start_audit() IS
'Makes the server keep its write-ahead log until apikey.collect_audit() has read it, by the physical replication slot apikey_audit, and returns from where on; does nothing if the slot exists. Is itself recorded. Needs the attribute REPLICATION. 55000: wal_level is minimal, or max_replication_slots is 0.';
REVOKE ALL ON FUNCTION apikey.start_audit() FROM PUBLIC;

CREATE FUNCTION apikey.stop_audit() RETURNS boolean
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_stop_audit';
COMMENT ON FUNCTION apikey.stop_audit() IS
'Drops the slot of apikey.start_audit(): events that are not collected in time are lost from then on. Returns whether there was one. Is itself recorded. Needs the attribute REPLICATION. What is recorded is not changed; apikey.audit says that.';
REVOKE ALL ON FUNCTION apikey.stop_audit() FROM PUBLIC;

-- The rows of status() about the trace.  Its body is parsed now, so names and
-- operators are resolved as in this script, whoever calls it.
CREATE FUNCTION apikey.audit_status(OUT item text, OUT value text, OUT severity text, OUT advice text)
	RETURNS SETOF record
	LANGUAGE SQL STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT 'audit', coalesce(nullif(audit, ''), 'off'), CASE WHEN fault IS NULL THEN 'ok' ELSE 'warning' END, fault
	FROM (SELECT btrim(current_setting('apikey.audit')) AS audit) s
	CROSS JOIN LATERAL (SELECT CASE
		WHEN audit = ''
			THEN 'The use of a key leaves no record.  Set apikey.audit to wal, log, or both.'
		WHEN audit !~ 'log' AND pg_is_in_recovery()
			THEN 'No key can be used on a standby, where nothing can be recorded in the write-ahead log.  Set apikey.audit to "log, wal" on this server.'
		WHEN audit !~ 'wal' AND current_setting('log_min_messages') IN ('fatal', 'panic')
			THEN 'No key can be used, since its use cannot be recorded in the server log.  Set log_min_messages to error or a lower level.'
		END) f(fault)
UNION ALL
	SELECT 'audit messages',
		'can be written by any role',
		'warning',
		'Messages that look like events can be put into the write-ahead log by any role.  Run '
			|| string_agg(format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', oid::regprocedure), '; ' ORDER BY oid) || '.'
	FROM pg_proc
	WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = 'pg_logical_emit_message'
		AND current_setting('apikey.audit') ~ 'wal' AND has_function_privilege('public', oid, 'EXECUTE')
	HAVING count(*) > 0
UNION ALL
	SELECT 'audit slot',
		format('%s of write-ahead log held, %s', coalesce(pg_size_pretty(held), 'none'),
			coalesce('collected at ' || date_trunc('second', collected_at), 'never collected')),
		CASE WHEN fault IS NULL THEN 'ok' WHEN held IS NULL THEN 'error' ELSE 'warning' END,
		fault
	FROM (SELECT s.restart_lsn, s.wal_status, p.collected_at,
			pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
				ELSE pg_current_wal_lsn() END, s.restart_lsn) AS held
		FROM pg_replication_slots s LEFT JOIN apikey.audit_position p ON true
		WHERE s.slot_name = 'apikey_audit') s
	CROSS JOIN LATERAL (SELECT CASE
		WHEN held IS NULL OR wal_status = 'lost'
			THEN 'The server has removed write-ahead log that was not collected.  Run SELECT apikey.stop_audit(), apikey.start_audit(), and CALL apikey.collect_audit() more often.'
		WHEN held > 1024 * 1024 * 1024 OR collected_at < now() - interval '1 day'
			THEN 'The slot keeps the server from removing write-ahead log, which can fill the disk.  CALL apikey.collect_audit() regularly, or run SELECT apikey.stop_audit().'
		END) f(fault);
END;
COMMENT ON FUNCTION apikey.audit_status() IS
'The rows of apikey.status() about the trace. Internal: only apikey.status() calls it.';
REVOKE ALL ON FUNCTION apikey.audit_status() FROM PUBLIC;
