-- Views.  None has a value or a fingerprint, and none decrypts.  They are joins and
-- therefore read-only: writes go through the functions.

CREATE VIEW apikey.keys WITH (security_barrier = true) AS
	SELECT k.id, k.user_id, k.name, k.key_type, t.label, k.hint, k.env_var,
		k.metadata, k.created_at, k.updated_at, k.expires_at, k.disabled_at,
		k.disabled_reason, k.deleted_at, k.is_active
	FROM apikey.api_keys k
	LEFT JOIN apikey.key_types t ON t.key_type = k.key_type
	WHERE k.user_id = apikey.current_user_id() AND k.deleted_at IS NULL;
COMMENT ON VIEW apikey.keys IS
'The caller''s keys that are not deleted, for lists and for models of an ORM. Empty without an identity. Read-only: use apikey.create_key() and related functions to write.';

CREATE VIEW apikey.deleted_keys WITH (security_barrier = true) AS
	SELECT k.id, k.user_id, k.name, k.key_type, t.label, k.hint, k.env_var,
		k.metadata, k.created_at, k.updated_at, k.expires_at, k.disabled_at,
		k.disabled_reason, k.deleted_at, k.is_active
	FROM apikey.api_keys k
	LEFT JOIN apikey.key_types t ON t.key_type = k.key_type
	WHERE k.user_id = apikey.current_user_id() AND k.deleted_at IS NOT NULL;
COMMENT ON VIEW apikey.deleted_keys IS
'The caller''s deleted keys: apikey.restore_key() restores one, apikey.purge_key() removes one permanently.';

CREATE VIEW apikey.all_keys WITH (security_barrier = true) AS
	SELECT k.id, k.user_id, k.name, k.key_type, t.label, k.hint, k.env_var,
		k.metadata, k.created_at, k.updated_at, k.expires_at, k.disabled_at,
		k.disabled_reason, k.deleted_at, k.is_active
	FROM apikey.api_keys k
	LEFT JOIN apikey.key_types t ON t.key_type = k.key_type;
COMMENT ON VIEW apikey.all_keys IS
'Every user''s keys, including deleted ones, for administrators and monitoring.';

-- The three views have the same columns.
DO $comments$
DECLARE
	relation regclass;
	attribute name;
	description text;
BEGIN
	FOR relation, attribute, description IN
		SELECT v.relation, c.attribute, c.description
			FROM unnest(ARRAY['apikey.keys', 'apikey.deleted_keys', 'apikey.all_keys']::regclass[]) v(relation),
				(VALUES
		('id', 'The key''s id; functions accept it in place of the name.'),
		('user_id', 'The user whose key it is.'),
		('name', 'The name that the user gave the key.'),
		('key_type', 'The key type, which stands for the provider.'),
		('label', 'The display name of the key type; NULL if the type no longer exists.'),
		('hint', 'The part of the value that may be shown.'),
		('env_var', 'The environment variable used only for this key; NULL: those of its type.'),
		('metadata', 'What the application stores about the key.'),
		('created_at', 'When the key was created.'),
		('updated_at', 'When the key was last changed.'),
		('expires_at', 'When the key expires: from then on it is not revealed; NULL: never.'),
		('disabled_at', 'When the key was disabled; NULL: it is not disabled.'),
		('disabled_reason', 'Why the key was disabled.'),
		('deleted_at', 'When the key was deleted; NULL: it is not deleted.'),
		('is_active', 'Neither deleted nor disabled.')) c(attribute, description)
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', relation, attribute, description);
	END LOOP;
END
$comments$;

CREATE VIEW apikey.key_status WITH (security_barrier = true) AS
	SELECT d.id, d.purpose,
		CASE WHEN d.destroyed_at IS NOT NULL THEN 'destroyed'
			WHEN d.deactivated_at IS NOT NULL THEN 'inactive'
			ELSE 'active' END AS state,
		d.created_at, now() - d.created_at AS age,
		CASE WHEN d.purpose = 'value' THEN coalesce(r.rows, 0) END AS rows,
		encode(substring(d.wrapped_key FROM 3 FOR 8), 'hex') AS master_key
	FROM apikey.data_keys d
	-- One scan for all data keys; a query for a single id uses the index.
	LEFT JOIN (SELECT apikey.data_key_id(k.encrypted_value) AS id, count(*) AS rows
			FROM apikey.api_keys k GROUP BY 1) r USING (id);
COMMENT ON VIEW apikey.key_status IS
'The data keys: the purpose of each, whether it is in use, how old it is, how many rows need it, and which master key wraps it.';
COMMENT ON COLUMN apikey.key_status.id IS 'The id of the data key, as apikey.data_key_id() returns it.';
COMMENT ON COLUMN apikey.key_status.purpose IS '"value" or "column".';
COMMENT ON COLUMN apikey.key_status.state IS '"active": the newest of these encrypts; "inactive": only decrypts; "destroyed": what was encrypted with it is lost.';
COMMENT ON COLUMN apikey.key_status.created_at IS 'When the data key was created.';
COMMENT ON COLUMN apikey.key_status.age IS 'How long ago it was created.';
COMMENT ON COLUMN apikey.key_status.rows IS 'The number of rows of apikey.api_keys encrypted with it; NULL for purpose "column", whose uses are not known.';
COMMENT ON COLUMN apikey.key_status.master_key IS 'The fingerprint of the master key that wraps it; NULL once destroyed.';
