-- The trace: events that have been collected from the write-ahead log.

CREATE TABLE apikey.audit_log (
	lsn pg_lsn NOT NULL,
	occurred_at timestamptz NOT NULL,
	action text NOT NULL,
	outcome text NOT NULL,
	user_id text,
	key_id uuid,
	key_name text,
	key_type text,
	changed text[],
	count bigint,
	object text,
	database text,
	session_role text,
	role text,
	client_addr text,
	application_name text,
	pid integer,
	audit_context text
);
SELECT pg_extension_config_dump('apikey.audit_log', '');

COMMENT ON TABLE apikey.audit_log IS
'The events that apikey.collect_audit() has taken from the write-ahead log. Members of apikey_auditor may read it.';
COMMENT ON COLUMN apikey.audit_log.lsn IS 'Where the record stands in the write-ahead log.';
COMMENT ON COLUMN apikey.audit_log.occurred_at IS 'When it was recorded.';
COMMENT ON COLUMN apikey.audit_log.action IS 'What was done, such as "reveal"; "gap": write-ahead log was removed before its events were collected.';
COMMENT ON COLUMN apikey.audit_log.outcome IS '"ok", or the SQLSTATE of the error; of a gap "lost".';
COMMENT ON COLUMN apikey.audit_log.user_id IS 'The user whose keys were concerned.';
COMMENT ON COLUMN apikey.audit_log.key_id IS 'The key''s id.';
COMMENT ON COLUMN apikey.audit_log.key_name IS 'The key''s name at that time; for a key that does not exist, the name that was asked for.';
COMMENT ON COLUMN apikey.audit_log.key_type IS 'The key''s type.';
COMMENT ON COLUMN apikey.audit_log.changed IS 'What an update changed: value, name, expires_at, metadata, env_var.';
COMMENT ON COLUMN apikey.audit_log.count IS 'How many keys, data keys or events were changed or found.';
COMMENT ON COLUMN apikey.audit_log.object IS 'What else was concerned: the user to whom keys were moved, a users table, a data key, the scheme of a key source, the range of a gap.';
COMMENT ON COLUMN apikey.audit_log.database IS 'The name of the database at that time.';
COMMENT ON COLUMN apikey.audit_log.session_role IS 'The role that had connected.';
COMMENT ON COLUMN apikey.audit_log.role IS 'The current role.';
COMMENT ON COLUMN apikey.audit_log.client_addr IS 'The address of the client; NULL: a Unix-domain socket, or none.';
COMMENT ON COLUMN apikey.audit_log.application_name IS 'The client''s application_name.';
COMMENT ON COLUMN apikey.audit_log.pid IS 'The process id of the session.';
COMMENT ON COLUMN apikey.audit_log.audit_context IS 'apikey.audit_context in that transaction.';

CREATE INDEX audit_log_occurred_at_idx ON apikey.audit_log (occurred_at);
COMMENT ON INDEX apikey.audit_log_occurred_at_idx IS 'Events by time, for reports and purge_audit.';

-- Not dumped, since it is about the write-ahead log of this server.
CREATE TABLE apikey.audit_position (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	system_identifier bigint NOT NULL,
	lsn pg_lsn NOT NULL,
	collected_at timestamptz
);
COMMENT ON TABLE apikey.audit_position IS
'Up to where apikey.collect_audit() has read the write-ahead log; changed in the transaction that stores the events.';
COMMENT ON COLUMN apikey.audit_position.one IS 'Always true: there is only one row.';
COMMENT ON COLUMN apikey.audit_position.system_identifier IS 'The server whose write-ahead log it is.';
COMMENT ON COLUMN apikey.audit_position.lsn IS 'Where the next record begins.';
COMMENT ON COLUMN apikey.audit_position.collected_at IS 'When events were last collected.';
