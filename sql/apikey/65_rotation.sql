-- Rotation of the master key and of data keys, and retiring a data key.

CREATE FUNCTION apikey.rewrap_data_keys() RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_rewrap_data_keys';
COMMENT ON FUNCTION apikey.rewrap_data_keys() IS
'Wraps every data key with the primary master key, except those abandoned as lost that still cannot be unwrapped, and returns how many were wrapped with another; the older master keys can be removed when apikey.status() says so. Does not touch values, so it takes milliseconds and does not disturb other sessions. KA001, KA002, KA003: nothing was changed, since a data key could not be unwrapped; the message names it. 40001: the transaction''s snapshot is older than a data key.';
REVOKE ALL ON FUNCTION apikey.rewrap_data_keys() FROM PUBLIC;

CREATE FUNCTION apikey.abandon_lost_data_keys() RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_abandon_lost_data_keys';
COMMENT ON FUNCTION apikey.abandon_lost_data_keys() IS
'Starts over after the loss of a master key: marks as lost the data keys that no available master key can unwrap, or that are damaged, and returns how many; from then on, new values are encrypted with a new data key. Destroys nothing: values encrypted with a lost data key stay listed, with usable = false, and if its master key is found, apikey.rewrap_data_keys() takes the mark back. KA001: no master key is available.';
REVOKE ALL ON FUNCTION apikey.abandon_lost_data_keys() FROM PUBLIC;

CREATE PROCEDURE apikey.reencrypt_keys(batch_size integer DEFAULT 1000, pause interval DEFAULT '0 s')
	LANGUAGE C
	AS 'MODULE_PATHNAME', 'apikey_reencrypt_keys';
COMMENT ON PROCEDURE apikey.reencrypt_keys(integer, interval) IS
'Re-encrypts every stored value with the newest active data key, in batches that commit; timestamps do not change. batch_size: 1 to 10000 rows; pause: between two batches, at most a day. Does not block readers or writers; a row that another session is changing is tried again later. After a cancel or a crash, call it again. A value that cannot be decrypted stays as it is, with a WARNING, and is counted. 25001: called inside a transaction block; 55006: already running; 22023: an argument is out of range; KA001: no master key is available; KA002: wrong master key for the newest data key.';
REVOKE ALL ON PROCEDURE apikey.reencrypt_keys(integer, interval) FROM PUBLIC;

CREATE FUNCTION apikey.retire_data_key(id uuid, force boolean DEFAULT false) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_retire_data_key';
COMMENT ON FUNCTION apikey.retire_data_key(uuid, boolean) IS
'Permanently destroys a data key, and returns its id; whatever is still encrypted with it, such as a single row restored from a backup, can no longer be decrypted (a complete dump from before has its own copy of the key). 55000: the key is active or already destroyed, rows need it (the message has the count), it is of purpose "column", whose uses are not known, and force is not true, or the same transaction has retired or deactivated a data key; 22023: no such data key; 40001: the transaction''s snapshot is older than the data key. Waits for transactions that are writing keys, without blocking others.';
REVOKE ALL ON FUNCTION apikey.retire_data_key(uuid, boolean) FROM PUBLIC;

-- The last run of reencrypt_keys(), updated with each batch.  Not dumped, since it
-- describes what happened in this database.
CREATE TABLE apikey.reencryption (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	pid integer NOT NULL,
	data_key uuid NOT NULL,
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	ended_at timestamptz,
	rows_done bigint NOT NULL DEFAULT 0,
	rows_failed bigint NOT NULL DEFAULT 0,
	rows_left bigint NOT NULL
);
COMMENT ON TABLE apikey.reencryption IS
'The last run of apikey.reencrypt_keys(), which apikey.rotation_progress shows. For monitoring only: the rows themselves say what remains to be done.';
COMMENT ON COLUMN apikey.reencryption.one IS 'Always true: there is only one row.';
COMMENT ON COLUMN apikey.reencryption.pid IS 'The process id of the backend that runs it, or ran it.';
COMMENT ON COLUMN apikey.reencryption.data_key IS 'The data key that values are re-encrypted with.';
COMMENT ON COLUMN apikey.reencryption.started_at IS 'When the run began.';
COMMENT ON COLUMN apikey.reencryption.updated_at IS 'When its last batch was committed.';
COMMENT ON COLUMN apikey.reencryption.ended_at IS 'When it finished; NULL: it is running, or was interrupted.';
COMMENT ON COLUMN apikey.reencryption.rows_done IS 'The number of rows re-encrypted.';
COMMENT ON COLUMN apikey.reencryption.rows_failed IS 'The number of rows that could not be decrypted and stay as they are.';
COMMENT ON COLUMN apikey.reencryption.rows_left IS 'The number of rows not yet processed.';

CREATE VIEW apikey.rotation_progress WITH (security_barrier = true) AS
	SELECT CASE WHEN r.ended_at IS NOT NULL THEN 'finished'
			WHEN pg_is_in_recovery() THEN 'unknown'
			WHEN l.held THEN 'running'
			ELSE 'interrupted' END AS state,
		r.data_key, r.started_at, r.updated_at, r.ended_at,
		r.rows_done, r.rows_left, r.rows_failed, s.rate AS rows_per_second,
		CASE WHEN r.ended_at IS NULL AND l.held AND s.rate > 0
			THEN greatest(now(), r.updated_at + make_interval(secs => r.rows_left / s.rate)) END AS estimated_end
	FROM apikey.reencryption r
	CROSS JOIN LATERAL (SELECT round((r.rows_done / nullif(
			extract(epoch FROM coalesce(r.ended_at, r.updated_at) - r.started_at), 0))::numeric, 1)::double precision) s(rate)
	-- the lock that a run holds from beginning to end
	CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_locks
			WHERE locktype = 'object' AND pid = r.pid AND granted AND mode = 'ShareUpdateExclusiveLock'
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
				AND classid = 'pg_proc'::regclass
				AND objid = 'apikey.reencrypt_keys(integer, interval)'::regprocedure)) l(held);
COMMENT ON VIEW apikey.rotation_progress IS
'The progress of apikey.reencrypt_keys(): one row for its last run, none before the first.';
COMMENT ON COLUMN apikey.rotation_progress.state IS '"running"; "finished"; "interrupted": by a cancel or a crash, call it again; "unknown": on a standby, which cannot see whether the primary is running it.';
COMMENT ON COLUMN apikey.rotation_progress.data_key IS 'The data key that values are re-encrypted with.';
COMMENT ON COLUMN apikey.rotation_progress.started_at IS 'When the run began.';
COMMENT ON COLUMN apikey.rotation_progress.updated_at IS 'When its last batch was committed.';
COMMENT ON COLUMN apikey.rotation_progress.ended_at IS 'When the run finished; NULL: it has not.';
COMMENT ON COLUMN apikey.rotation_progress.rows_done IS 'The number of rows that this run has re-encrypted.';
COMMENT ON COLUMN apikey.rotation_progress.rows_left IS 'The number of rows not yet processed.';
COMMENT ON COLUMN apikey.rotation_progress.rows_failed IS 'The number of rows that could not be decrypted and stay as they are; apikey.verify_keys() lists them.';
COMMENT ON COLUMN apikey.rotation_progress.rows_per_second IS 'The average rate of this run; NULL before its first batch.';
COMMENT ON COLUMN apikey.rotation_progress.estimated_end IS 'When the run will finish at that rate; NULL when it is not running.';
