-- The trace in the write-ahead log: events stay whatever becomes of the transaction,
-- and are collected exactly once.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET apikey.audit = wal;
SET synchronous_commit = on;
CREATE FUNCTION events(since pg_lsn) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', action, outcome, user_id, key_name, array_to_string(changed, '+'), count, audit_context)
		FROM apikey.audit_trail(since) WHERE action <> 'read_master_key' ORDER BY lsn $$;
-- Everything that has been recorded is flushed, so that it can be read.
CREATE TABLE flushed (i int);
\set flush 'INSERT INTO flushed VALUES (1);'

SELECT apikey.create_key_for('u1', 'k', 'custom', 'audited-value') AS id \gset

-- ROLLBACK, a savepoint, an error afterwards, an exception block, a cursor.
SELECT pg_current_wal_insert_lsn() AS start \gset
BEGIN;
SELECT apikey.set_user_id('u1');
SET LOCAL apikey.audit_context = 'rolled back';
SELECT apikey.reveal_key('k');
ROLLBACK;
BEGIN;
SELECT apikey.set_user_id('u1');
SAVEPOINT s;
SET LOCAL apikey.audit_context = 'savepoint';
SELECT apikey.reveal_key('k');
ROLLBACK TO s;
SELECT apikey.reveal_env();
COMMIT;
BEGIN;
SELECT apikey.set_user_id('u1');
SELECT length(apikey.reveal_key('k')) / 0;
ROLLBACK;
BEGIN;
SELECT apikey.set_user_id('u1');
DO $$ BEGIN PERFORM apikey.reveal_key('k'); PERFORM apikey.reveal_key('absent');
	EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'caught'; END $$;
DECLARE c CURSOR FOR SELECT apikey.reveal_key('k') FROM generate_series(1, 3);
FETCH 2 FROM c;
ROLLBACK;
BEGIN READ ONLY;
SELECT apikey.set_user_id('u1');
SELECT apikey.reveal_key('k');
SELECT apikey.delete_key('k');
COMMIT;
:flush
SELECT * FROM events(:'start');
-- Never the value.
SELECT count(*) FROM apikey.audit_trail(:'start') e WHERE e::text ~ 'audited-value|\.\.\.alue';

-- What is no event is passed over.
SELECT pg_current_wal_insert_lsn() AS start \gset
SELECT count(pg_logical_emit_message(false, 'apikey', message)) FROM (VALUES (''), ('x'), ('[]'), ('{}'), ('{"action":1}'),
	(repeat('[', 100000)), ('{"occurred_at":"2026-13-01T00:00:00.000000Z","action":"a","outcome":"ok"}'),
	('{"occurred_at":"2026-01-01T00:00:00.000000Z","action":"a"}'),
	('{"occurred_at":"2026-01-01T00:00:00.000000Z","action":"\u0000","outcome":"ok"}')) m(message);
SELECT count(pg_logical_emit_message(false, 'apikey', '\xff00'::bytea)), count(pg_logical_emit_message(false, 'apikey2', '{}'));
SELECT count(pg_logical_emit_message(false, 'apikey', '{"occurred_at":"2026-01-01T00:00:00.123456Z","action":"a","outcome":"ok","key_id":"x","count":"y","pid":99999999999,"changed":["a",1,{"b":2},"c"],"other":{"action":"b"}}'));
:flush
SELECT occurred_at AT TIME ZONE 'UTC', action, outcome, key_id, count, pid, changed FROM apikey.audit_trail(:'start');
SELECT count(*) FROM apikey.audit_trail(:'start', :'start');
SELECT count(*) FROM apikey.audit_trail('FFFFFFFF/0');
SELECT count(*) > 0 FROM apikey.audit_trail();

-- Collected exactly once, and not at all if the transaction is rolled back.
CALL apikey.collect_audit();
SELECT count(*) > 10 FROM apikey.audit_log;
TRUNCATE apikey.audit_log;
BEGIN;
SELECT apikey.set_user_id('u1');
SELECT apikey.reveal_key('k');
COMMIT;
:flush
BEGIN; CALL apikey.collect_audit(); SELECT action, user_id FROM apikey.audit_log WHERE action = 'reveal'; ROLLBACK;
SELECT count(*) FROM apikey.audit_log;
BEGIN; CALL apikey.collect_audit(); COMMIT;
CALL apikey.collect_audit();
CALL apikey.collect_audit();
SELECT action, outcome, user_id, key_name, key_type, key_id = :'id', database = current_database(), session_role = session_user,
	role = current_user, pid = pg_backend_pid(), occurred_at BETWEEN now() - interval '1 min' AND now()
	FROM apikey.audit_log WHERE action = 'reveal';
SELECT count(*) - count(DISTINCT lsn) FROM apikey.audit_log;

-- What was removed before it was collected is a gap.
UPDATE apikey.audit_position SET lsn = '0/100';
\set VERBOSITY terse
CALL apikey.collect_audit();
\set VERBOSITY default
SELECT action, outcome, object ~ '^0/100 - ' FROM apikey.audit_log WHERE action = 'gap';
-- A position of another server counts for nothing.
UPDATE apikey.audit_position SET lsn = '0/100', system_identifier = 1;
CALL apikey.collect_audit();
SELECT system_identifier <> 1, lsn > '0/100' FROM apikey.audit_position;

-- Purging is an event itself.
UPDATE apikey.audit_log SET occurred_at = now() - interval '400 days' WHERE action = 'gap';
SELECT apikey.purge_audit('365 days');
SELECT apikey.purge_audit(NULL);
SELECT pg_current_wal_insert_lsn() AS start \gset
SELECT apikey.purge_audit('365 days');
:flush
SELECT * FROM events(:'start');

-- Collecting is one, too, but not if that was all that it found.
CALL apikey.collect_audit(); :flush CALL apikey.collect_audit(); :flush
TRUNCATE apikey.audit_log;
CALL apikey.collect_audit(); :flush CALL apikey.collect_audit();
SELECT action, outcome, count FROM apikey.audit_log ORDER BY lsn;
BEGIN; SELECT apikey.set_user_id('u1'); SELECT apikey.reveal_key('k'); COMMIT;
:flush
CALL apikey.collect_audit(); :flush CALL apikey.collect_audit(); :flush CALL apikey.collect_audit();
SELECT action, outcome, count FROM apikey.audit_log ORDER BY lsn;

-- Who may do what.
SELECT r.role, has_table_privilege(r.role, 'apikey.audit_log', 'SELECT') AS log, has_function_privilege(r.role, 'apikey.audit_trail(pg_lsn, pg_lsn)', 'EXECUTE') AS trail,
	has_function_privilege(r.role, 'apikey.collect_audit()', 'EXECUTE') AS collect, has_function_privilege(r.role, 'apikey.purge_audit(interval)', 'EXECUTE') AS purge,
	has_function_privilege(r.role, 'apikey.start_audit()', 'EXECUTE') AS start, has_table_privilege(r.role, 'apikey.all_keys', 'SELECT') AS keys
	FROM (VALUES ('apikey_auditor'), ('apikey_admin'), ('apikey_monitor'), ('apikey_reveal'), ('apikey_user'), ('public')) r(role);
SET ROLE apikey_auditor;
SELECT count(*) > 0, count(*) = (SELECT count(*) FROM apikey.audit_log) FROM apikey.audit_log;
CALL apikey.collect_audit();
SELECT apikey.set_user_id('u1');
SELECT * FROM apikey.keys;
RESET ROLE;

-- status()
SELECT item, value, severity FROM apikey.status() WHERE item ~ '^audit';
BEGIN;
SELECT substring(advice FROM 'Run (.*)\.$') AS remedy FROM apikey.status() WHERE item = 'audit messages' \gset
:remedy;
SELECT item FROM apikey.status() WHERE item ~ '^audit';
ROLLBACK;
SET apikey.audit = '';
SELECT item, value, severity FROM apikey.status() WHERE item ~ '^audit';
SET apikey.audit = log;
SELECT item, value, severity FROM apikey.status() WHERE item ~ '^audit';
SET log_min_messages = fatal;
SELECT item, value, severity FROM apikey.status() WHERE item ~ '^audit';
SET apikey.audit = 'log, wal';
SELECT item, value, severity FROM apikey.status() WHERE item = 'audit';
RESET log_min_messages;
RESET apikey.audit;

SELECT apikey.purge_user('u1');
TRUNCATE apikey.audit_log, apikey.audit_position;
DROP FUNCTION events(pg_lsn);
DROP TABLE flushed;
