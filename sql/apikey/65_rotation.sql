-- Rotation: of the master key, of data keys, and the end of a data key.

CREATE FUNCTION apikey.rewrap_data_keys() RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_rewrap_data_keys';
COMMENT ON FUNCTION apikey.rewrap_data_keys() IS
'Wraps every data key under the primary master key, and returns how many were not yet; the older master keys can go when status() says so. Values are not touched: milliseconds, beside any traffic. KA001, KA002, KA003: nothing is changed, since a data key does not open; the message names it. 40001: the transaction''s snapshot is older than a data key.';
REVOKE ALL ON FUNCTION apikey.rewrap_data_keys() FROM PUBLIC;

CREATE PROCEDURE apikey.reencrypt_keys(batch_size integer DEFAULT 1000, pause interval DEFAULT '0 s')
	LANGUAGE C
	AS 'MODULE_PATHNAME', 'apikey_reencrypt_keys';
COMMENT ON PROCEDURE apikey.reencrypt_keys(integer, interval) IS
'Encrypts every stored value anew under the newest active data key, in batches that commit; times stay as they were. batch_size: 1 to 10000 rows; pause: between two batches, at most a day. Readers and writers go on; a row that somebody is changing is met again later. After a cancel or a crash, call it again. A value that does not open stays, with a WARNING, and is counted. 25001 inside a transaction block; 55006 while it runs already; 22023: an argument out of range; KA001, KA002: no master key, or not the one that the newest data key needs.';
REVOKE ALL ON PROCEDURE apikey.reencrypt_keys(integer, interval) FROM PUBLIC;

CREATE FUNCTION apikey.retire_data_key(id uuid, force boolean DEFAULT false) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_retire_data_key';
COMMENT ON FUNCTION apikey.retire_data_key(uuid, boolean) IS
'Destroys a data key for good, and returns its id; what is under it anywhere, such as a row that is brought back from a backup by itself, cannot be opened any more (a whole dump from before has its own copy of the key). 55000 for one that is active or destroyed, that a row is under (with the count), or, without force, of purpose "column", whose users cannot be seen. 22023: no such data key. 40001: the transaction''s snapshot is older than the data key. Waits for transactions that are writing keys, and keeps nobody from reading or writing them. One in each transaction, and not in the one that rotated (55000).';
REVOKE ALL ON FUNCTION apikey.retire_data_key(uuid, boolean) FROM PUBLIC;

-- The last run of reencrypt_keys(); written with each batch.  Not dumped: it
-- tells of this database's doing.
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
'The last run of apikey.reencrypt_keys(), which apikey.rotation_progress shows. What is done and what is not does not depend on it.';
COMMENT ON COLUMN apikey.reencryption.one IS 'There is one row.';
COMMENT ON COLUMN apikey.reencryption.pid IS 'Process that runs it, or ran it.';
COMMENT ON COLUMN apikey.reencryption.data_key IS 'The data key that values are moved to.';
COMMENT ON COLUMN apikey.reencryption.started_at IS 'When it began.';
COMMENT ON COLUMN apikey.reencryption.updated_at IS 'When its last batch was written.';
COMMENT ON COLUMN apikey.reencryption.ended_at IS 'When it was through; NULL: not yet, or interrupted.';
COMMENT ON COLUMN apikey.reencryption.rows_done IS 'Rows that it moved.';
COMMENT ON COLUMN apikey.reencryption.rows_failed IS 'Rows that do not open, which it left.';
COMMENT ON COLUMN apikey.reencryption.rows_left IS 'Rows that it has not met yet.';

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
	-- The lock that a run holds all the time
	CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_locks
			WHERE locktype = 'object' AND pid = r.pid AND granted AND mode = 'ShareUpdateExclusiveLock'
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
				AND classid = 'pg_proc'::regclass
				AND objid = 'apikey.reencrypt_keys(integer, interval)'::regprocedure)) l(held);
COMMENT ON VIEW apikey.rotation_progress IS
'How far apikey.reencrypt_keys() is: one row for its last run, none before the first.';
COMMENT ON COLUMN apikey.rotation_progress.state IS '"running"; "finished"; "interrupted": by a cancel or a crash, to be called again; "unknown": on a standby, which does not see whether the primary runs it.';
COMMENT ON COLUMN apikey.rotation_progress.data_key IS 'The data key that values are moved to.';
COMMENT ON COLUMN apikey.rotation_progress.started_at IS 'When the run began.';
COMMENT ON COLUMN apikey.rotation_progress.updated_at IS 'When its last batch was written.';
COMMENT ON COLUMN apikey.rotation_progress.ended_at IS 'When it was through; NULL: it is not.';
COMMENT ON COLUMN apikey.rotation_progress.rows_done IS 'Rows that this run has moved.';
COMMENT ON COLUMN apikey.rotation_progress.rows_left IS 'Rows that it has not met yet.';
COMMENT ON COLUMN apikey.rotation_progress.rows_failed IS 'Rows that do not open and stay as they are; apikey.verify_keys() lists them.';
COMMENT ON COLUMN apikey.rotation_progress.rows_per_second IS 'Average of this run; NULL before its first batch.';
COMMENT ON COLUMN apikey.rotation_progress.estimated_end IS 'When it will be through at that rate; NULL when it is not running.';
