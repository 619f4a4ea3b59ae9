-- Views.  None holds a value or a fingerprint, and none decrypts.  They join, so
-- nobody can write through them: writes go through the functions.

CREATE VIEW apikey.keys WITH (security_barrier = true) AS
	SELECT k.id, k.user_id, k.name, k.key_type, t.label, k.hint, k.env_var,
		k.metadata, k.created_at, k.updated_at, k.expires_at, k.disabled_at,
		k.disabled_reason, k.deleted_at, k.is_active
	FROM apikey.api_keys k
	LEFT JOIN apikey.key_types t ON t.key_type = k.key_type
	WHERE k.user_id = apikey.current_user_id() AND k.deleted_at IS NULL;
COMMENT ON VIEW apikey.keys IS
'The caller''s keys that are not deleted, to list or to map a model on. Empty without an identity. Read-only: create_key() and its kin write.';
COMMENT ON COLUMN apikey.keys.id IS 'The key''s id; functions take it in place of the name.';
COMMENT ON COLUMN apikey.keys.user_id IS 'Whose key it is.';
COMMENT ON COLUMN apikey.keys.name IS 'What the user calls it.';
COMMENT ON COLUMN apikey.keys.key_type IS 'The provider.';
COMMENT ON COLUMN apikey.keys.label IS 'The provider''s name for people; NULL if the type is gone.';
COMMENT ON COLUMN apikey.keys.hint IS 'What may be shown of the value.';
COMMENT ON COLUMN apikey.keys.env_var IS 'The environment variable of this key alone; NULL: those of its type.';
COMMENT ON COLUMN apikey.keys.metadata IS 'What the application notes of it.';
COMMENT ON COLUMN apikey.keys.created_at IS 'When it was created.';
COMMENT ON COLUMN apikey.keys.updated_at IS 'When it was last changed.';
COMMENT ON COLUMN apikey.keys.expires_at IS 'From when on it is not revealed any more; NULL: never.';
COMMENT ON COLUMN apikey.keys.disabled_at IS 'Since when it is switched off; NULL: it is not.';
COMMENT ON COLUMN apikey.keys.disabled_reason IS 'Why it is switched off.';
COMMENT ON COLUMN apikey.keys.deleted_at IS 'When it was deleted; NULL: it was not.';
COMMENT ON COLUMN apikey.keys.is_active IS 'Neither deleted nor disabled.';

CREATE VIEW apikey.deleted_keys WITH (security_barrier = true) AS
	SELECT k.id, k.user_id, k.name, k.key_type, t.label, k.hint, k.env_var,
		k.metadata, k.created_at, k.updated_at, k.expires_at, k.disabled_at,
		k.disabled_reason, k.deleted_at, k.is_active
	FROM apikey.api_keys k
	LEFT JOIN apikey.key_types t ON t.key_type = k.key_type
	WHERE k.user_id = apikey.current_user_id() AND k.deleted_at IS NOT NULL;
COMMENT ON VIEW apikey.deleted_keys IS
'The caller''s deleted keys, which restore_key() brings back and purge_key() removes for good.';
COMMENT ON COLUMN apikey.deleted_keys.id IS 'The key''s id; functions take it in place of the name.';
COMMENT ON COLUMN apikey.deleted_keys.user_id IS 'Whose key it is.';
COMMENT ON COLUMN apikey.deleted_keys.name IS 'What the user calls it.';
COMMENT ON COLUMN apikey.deleted_keys.key_type IS 'The provider.';
COMMENT ON COLUMN apikey.deleted_keys.label IS 'The provider''s name for people; NULL if the type is gone.';
COMMENT ON COLUMN apikey.deleted_keys.hint IS 'What may be shown of the value.';
COMMENT ON COLUMN apikey.deleted_keys.env_var IS 'The environment variable of this key alone; NULL: those of its type.';
COMMENT ON COLUMN apikey.deleted_keys.metadata IS 'What the application notes of it.';
COMMENT ON COLUMN apikey.deleted_keys.created_at IS 'When it was created.';
COMMENT ON COLUMN apikey.deleted_keys.updated_at IS 'When it was last changed.';
COMMENT ON COLUMN apikey.deleted_keys.expires_at IS 'From when on it is not revealed any more; NULL: never.';
COMMENT ON COLUMN apikey.deleted_keys.disabled_at IS 'Since when it is switched off; NULL: it is not.';
COMMENT ON COLUMN apikey.deleted_keys.disabled_reason IS 'Why it is switched off.';
COMMENT ON COLUMN apikey.deleted_keys.deleted_at IS 'When it was deleted; NULL: it was not.';
COMMENT ON COLUMN apikey.deleted_keys.is_active IS 'Neither deleted nor disabled.';

CREATE VIEW apikey.all_keys WITH (security_barrier = true) AS
	SELECT k.id, k.user_id, k.name, k.key_type, t.label, k.hint, k.env_var,
		k.metadata, k.created_at, k.updated_at, k.expires_at, k.disabled_at,
		k.disabled_reason, k.deleted_at, k.is_active
	FROM apikey.api_keys k
	LEFT JOIN apikey.key_types t ON t.key_type = k.key_type;
COMMENT ON VIEW apikey.all_keys IS
'Every user''s keys, deleted ones too, for administrators and monitors.';
COMMENT ON COLUMN apikey.all_keys.id IS 'The key''s id; functions take it in place of the name.';
COMMENT ON COLUMN apikey.all_keys.user_id IS 'Whose key it is.';
COMMENT ON COLUMN apikey.all_keys.name IS 'What the user calls it.';
COMMENT ON COLUMN apikey.all_keys.key_type IS 'The provider.';
COMMENT ON COLUMN apikey.all_keys.label IS 'The provider''s name for people; NULL if the type is gone.';
COMMENT ON COLUMN apikey.all_keys.hint IS 'What may be shown of the value.';
COMMENT ON COLUMN apikey.all_keys.env_var IS 'The environment variable of this key alone; NULL: those of its type.';
COMMENT ON COLUMN apikey.all_keys.metadata IS 'What the application notes of it.';
COMMENT ON COLUMN apikey.all_keys.created_at IS 'When it was created.';
COMMENT ON COLUMN apikey.all_keys.updated_at IS 'When it was last changed.';
COMMENT ON COLUMN apikey.all_keys.expires_at IS 'From when on it is not revealed any more; NULL: never.';
COMMENT ON COLUMN apikey.all_keys.disabled_at IS 'Since when it is switched off; NULL: it is not.';
COMMENT ON COLUMN apikey.all_keys.disabled_reason IS 'Why it is switched off.';
COMMENT ON COLUMN apikey.all_keys.deleted_at IS 'When it was deleted; NULL: it was not.';
COMMENT ON COLUMN apikey.all_keys.is_active IS 'Neither deleted nor disabled.';

CREATE VIEW apikey.key_status WITH (security_barrier = true) AS
	SELECT d.id, d.purpose,
		CASE WHEN d.destroyed_at IS NOT NULL THEN 'destroyed'
			WHEN d.deactivated_at IS NOT NULL THEN 'inactive'
			ELSE 'active' END AS state,
		d.created_at, now() - d.created_at AS age,
		CASE WHEN d.purpose = 'value' THEN coalesce(r.rows, 0) END AS rows,
		encode(substring(d.wrapped_key FROM 3 FOR 8), 'hex') AS master_key
	FROM apikey.data_keys d
	-- One scan for all data keys; that of one, asked for by id, uses the index.
	LEFT JOIN (SELECT apikey.data_key_id(k.encrypted_value) AS id, count(*) AS rows
			FROM apikey.api_keys k GROUP BY 1) r USING (id);
COMMENT ON VIEW apikey.key_status IS
'The data keys: what each is for, whether it is in use, how old it is, how many rows need it, and which master key wraps it.';
COMMENT ON COLUMN apikey.key_status.id IS 'The data key''s id, as apikey.data_key_id() gives it.';
COMMENT ON COLUMN apikey.key_status.purpose IS '"value" or "column".';
COMMENT ON COLUMN apikey.key_status.state IS '"active": the newest of them encrypts; "inactive": decrypts alone; "destroyed": what is under it is lost.';
COMMENT ON COLUMN apikey.key_status.created_at IS 'When it was made.';
COMMENT ON COLUMN apikey.key_status.age IS 'How long ago that was.';
COMMENT ON COLUMN apikey.key_status.rows IS 'Rows of apikey.api_keys under it; NULL for purpose "column", whose users cannot be seen.';
COMMENT ON COLUMN apikey.key_status.master_key IS 'Fingerprint of the master key that wraps it; NULL once destroyed.';
