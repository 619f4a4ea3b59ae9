-- Views.  None has a value or a fingerprint, and none decrypts.

CREATE FUNCTION apikey.has_identity_support(internal) RETURNS internal
	LANGUAGE C STRICT STABLE PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'apikey_has_identity_support';
COMMENT ON FUNCTION apikey.has_identity_support(internal) IS
'Planner support function of apikey.has_identity(): has EXPLAIN report that there is no identity.';
REVOKE ALL ON FUNCTION apikey.has_identity_support(internal) FROM PUBLIC;

CREATE FUNCTION apikey.has_identity() RETURNS boolean
	LANGUAGE C STABLE PARALLEL RESTRICTED SUPPORT apikey.has_identity_support
	AS 'MODULE_PATHNAME', 'apikey_has_identity';
COMMENT ON FUNCTION apikey.has_identity() IS
'Returns true if the caller has an identity. KA007: it has none; 42501: within a security-restricted operation; with apikey.empty_without_identity, false instead of both.';

CREATE FUNCTION apikey.key_type_label(key_type text) RETURNS text
	LANGUAGE C STRICT STABLE PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'apikey_key_type_label';
COMMENT ON FUNCTION apikey.key_type_label(text) IS
'Returns the label of a key type, as in apikey.key_types; NULL if there is no such type.';

CREATE FUNCTION apikey.is_lost(data_key_id uuid) RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'apikey_is_lost';
COMMENT ON FUNCTION apikey.is_lost(uuid) IS
'Returns whether a data key was abandoned as lost, or destroyed, or does not exist, so that what is encrypted with it cannot be decrypted. Reads no master key.';

-- The last two columns of the first two views are subqueries, and not of a join, which
-- the planner would not remove from a list without them: no such list reads
-- key_usage.

CREATE VIEW apikey.keys WITH (security_barrier = true) AS
	SELECT k.id, k.user_id, k.name, k.key_type, apikey.key_type_label(k.key_type) AS label,
		k.hint, k.env_var, k.metadata, k.created_at, k.updated_at, k.expires_at,
		k.disabled_at, k.disabled_reason, k.deleted_at, k.is_active,
		k.is_active AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())
			AND NOT apikey.is_lost(apikey.data_key_id(k.encrypted_value)) AS usable,
		(SELECT u.last_used_at FROM apikey.key_usage u WHERE u.user_id = k.user_id AND u.id = k.id) AS last_used_at,
		coalesce((SELECT u.uses FROM apikey.key_usage u WHERE u.user_id = k.user_id AND u.id = k.id), 0) AS uses
	FROM apikey.api_keys k
	WHERE apikey.has_identity() AND k.user_id = apikey.current_user_id() AND k.deleted_at IS NULL;
COMMENT ON VIEW apikey.keys IS
'The caller''s keys that are not deleted, for lists. Read-only: use apikey.create_key() and related functions to write. KA007: there is no identity (with apikey.empty_without_identity, the view is empty).';

CREATE VIEW apikey.deleted_keys WITH (security_barrier = true) AS
	SELECT k.id, k.user_id, k.name, k.key_type, apikey.key_type_label(k.key_type) AS label,
		k.hint, k.env_var, k.metadata, k.created_at, k.updated_at, k.expires_at,
		k.disabled_at, k.disabled_reason, k.deleted_at, k.is_active,
		k.is_active AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())
			AND NOT apikey.is_lost(apikey.data_key_id(k.encrypted_value)) AS usable,
		(SELECT u.last_used_at FROM apikey.key_usage u WHERE u.user_id = k.user_id AND u.id = k.id) AS last_used_at,
		coalesce((SELECT u.uses FROM apikey.key_usage u WHERE u.user_id = k.user_id AND u.id = k.id), 0) AS uses
	FROM apikey.api_keys k
	WHERE apikey.has_identity() AND k.user_id = apikey.current_user_id() AND k.deleted_at IS NOT NULL;
COMMENT ON VIEW apikey.deleted_keys IS
'The caller''s deleted keys: apikey.restore_key() restores one, apikey.purge_key() removes one permanently. KA007: there is no identity (with apikey.empty_without_identity, the view is empty).';

CREATE VIEW apikey.all_keys WITH (security_barrier = true) AS
	SELECT k.id, k.user_id, k.name, k.key_type, apikey.key_type_label(k.key_type) AS label,
		k.hint, k.env_var, k.metadata, k.created_at, k.updated_at, k.expires_at,
		k.disabled_at, k.disabled_reason, k.deleted_at, k.is_active,
		k.is_active AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())
			AND NOT apikey.is_lost(apikey.data_key_id(k.encrypted_value)) AS usable,
		u.last_used_at, coalesce(u.uses, 0) AS uses
	FROM apikey.api_keys k
	LEFT JOIN apikey.key_usage u ON u.user_id = k.user_id AND u.id = k.id;
COMMENT ON VIEW apikey.all_keys IS
'Every user''s keys, including deleted ones, for administrators and monitoring.';

CREATE FUNCTION apikey.read_only_view() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_read_only_view';
COMMENT ON FUNCTION apikey.read_only_view() IS
'Trigger of the views of keys. 55000: the view is read-only, with a hint that names the functions to call; 39P01: not called as its trigger.';
REVOKE ALL ON FUNCTION apikey.read_only_view() FROM PUBLIC;

DO $triggers$
DECLARE
	relation regclass;
	hint text;
BEGIN
	FOR relation, hint IN VALUES
		('apikey.keys'::regclass, 'Call apikey.create_key(), apikey.update_key() or a related function.'),
		('apikey.deleted_keys', 'Call apikey.restore_key() or apikey.purge_key().'),
		('apikey.all_keys', 'Call apikey.create_key_for() or a related function.')
	LOOP
		EXECUTE format('CREATE TRIGGER read_only INSTEAD OF INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION apikey.read_only_view(%L)', relation, hint);
		EXECUTE format('COMMENT ON TRIGGER read_only ON %s IS %L', relation, 'Keeps the view from being updatable.');
		EXECUTE format('CREATE TRIGGER read_only_statement BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION apikey.read_only_view(%L)', relation, hint);
		EXECUTE format('COMMENT ON TRIGGER read_only_statement ON %s IS %L', relation, 'Raises an error that tells what to call instead.');
	END LOOP;
END
$triggers$;

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
		('is_active', 'Neither deleted nor disabled.'),
		('usable', 'Neither deleted, disabled nor expired, nor encrypted with a data key that is lost: apikey.reveal_key() returns its value.'),
		('last_used_at', 'When the key was last revealed, as recorded at most once per apikey.usage_interval; NULL: never, or not recorded.'),
		('uses', 'How often the key was revealed, as far as sessions have recorded it: a lower bound.')) c(attribute, description)
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', relation, attribute, description);
	END LOOP;
END
$comments$;

CREATE VIEW apikey.key_status WITH (security_barrier = true) AS
	SELECT d.id, d.purpose,
		CASE WHEN d.destroyed_at IS NOT NULL THEN 'destroyed'
			WHEN d.lost_at IS NOT NULL THEN 'lost'
			WHEN d.deactivated_at IS NOT NULL THEN 'inactive'
			ELSE 'active' END AS state,
		d.created_at, now() - d.created_at AS age,
		CASE WHEN d.purpose = 'value' THEN least(r.counted, 100000) END AS rows,
		CASE WHEN d.purpose = 'value' THEN r.counted <= 100000 END AS rows_exact,
		encode(substring(d.wrapped_key FROM 3 FOR 8), 'hex') AS master_key
	FROM apikey.data_keys d
	-- Whether there is a row, which the index tells: the planner expects as many for each
	-- data key, and would read the whole table for one that has none.
	CROSS JOIN LATERAL (SELECT (SELECT apikey.data_key_id(k.encrypted_value) FROM apikey.api_keys k
			WHERE apikey.data_key_id(k.encrypted_value) >= d.id
			ORDER BY apikey.data_key_id(k.encrypted_value), k.user_id, k.id LIMIT 1) = d.id AS has_rows OFFSET 0) f
	-- Not many more than are shown.
	CROSS JOIN LATERAL (SELECT count(*) AS counted FROM (SELECT FROM apikey.api_keys k
			WHERE f.has_rows AND apikey.data_key_id(k.encrypted_value) = d.id LIMIT 100001) s) r;
COMMENT ON VIEW apikey.key_status IS
'The data keys: the purpose of each, whether it is in use, how old it is, how many rows need it, and which master key wraps it.';
COMMENT ON COLUMN apikey.key_status.id IS 'The id of the data key, as apikey.data_key_id() returns it.';
COMMENT ON COLUMN apikey.key_status.purpose IS '"value" or "column".';
COMMENT ON COLUMN apikey.key_status.state IS '"active": the newest of these encrypts; "inactive": only decrypts; "lost": abandoned, since no master key can unwrap it; "destroyed": what was encrypted with it is lost.';
COMMENT ON COLUMN apikey.key_status.created_at IS 'When the data key was created.';
COMMENT ON COLUMN apikey.key_status.age IS 'How long ago it was created.';
COMMENT ON COLUMN apikey.key_status.rows IS 'The number of rows of apikey.api_keys encrypted with it, counted up to 100000; NULL for purpose "column", whose uses are not known.';
COMMENT ON COLUMN apikey.key_status.rows_exact IS 'Whether rows is the exact number; false: there are more.';
COMMENT ON COLUMN apikey.key_status.master_key IS 'The fingerprint of the master key that wraps it; NULL once destroyed.';
