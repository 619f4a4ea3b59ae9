-- For applications: add, list, change and delete the caller's keys.

CREATE FUNCTION apikey.create_key(
	name text,
	key_type text,
	value text,
	expires_at timestamptz DEFAULT NULL,
	metadata jsonb DEFAULT NULL,
	env_var text DEFAULT NULL)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_create_key';
COMMENT ON FUNCTION apikey.create_key(text, text, text, timestamptz, jsonb, text) IS
'Stores a new key of the caller, encrypted, and returns its id. name: 1 to 200 characters, not of a uuid''s form nor of a key''s shape (22023); key_type: one of apikey.key_types (22023); value: the secret, at most 8192 bytes, trimmed and judged by its type (KA008); expires_at: a time to come (NULL, infinity: never); metadata: a JSON object of at most 8 KiB; env_var: an environment variable of its own, such as MY_SERVICE_API_KEY. 23505: the name is taken; KA001, KA002: no master key, or not the one needed; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.create_key(text, text, text, timestamptz, jsonb, text) FROM PUBLIC;

CREATE FUNCTION apikey.set_key(
	name text,
	key_type text,
	value text,
	expires_at timestamptz DEFAULT NULL,
	metadata jsonb DEFAULT NULL,
	env_var text DEFAULT NULL)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_set_key';
COMMENT ON FUNCTION apikey.set_key(text, text, text, timestamptz, jsonb, text) IS
'Creates a key of the caller, or replaces the value of the one that has this name; returns its id. Options that are NULL stay as they were. Another key_type under the name is refused (22023). A disabled key stays disabled. Else as apikey.create_key.';
REVOKE ALL ON FUNCTION apikey.set_key(text, text, text, timestamptz, jsonb, text) FROM PUBLIC;

CREATE FUNCTION apikey.update_key(
	name text,
	new_value text DEFAULT NULL,
	new_name text DEFAULT NULL,
	new_expires_at timestamptz DEFAULT NULL,
	new_metadata jsonb DEFAULT NULL,
	new_env_var text DEFAULT NULL)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_update_key';
COMMENT ON FUNCTION apikey.update_key(text, text, text, timestamptz, jsonb, text) IS
'Changes a key of the caller and returns its id; what is NULL stays as it is. name: the key''s name, or its id as text; new_value is judged anew (KA008); new_expires_at: infinity takes the expiry away; new_metadata replaces the whole object; new_env_var: an empty text takes it away. A new name encrypts the value anew, so it needs the master key. 23505: the new name is taken; KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.update_key(text, text, text, timestamptz, jsonb, text) FROM PUBLIC;

CREATE FUNCTION apikey.update_key(
	id uuid,
	new_value text DEFAULT NULL,
	new_name text DEFAULT NULL,
	new_expires_at timestamptz DEFAULT NULL,
	new_metadata jsonb DEFAULT NULL,
	new_env_var text DEFAULT NULL)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_update_key_by_id';
COMMENT ON FUNCTION apikey.update_key(uuid, text, text, timestamptz, jsonb, text) IS
'As apikey.update_key(text, text, text, timestamptz, jsonb, text), the key given by its id.';
REVOKE ALL ON FUNCTION apikey.update_key(uuid, text, text, timestamptz, jsonb, text) FROM PUBLIC;

CREATE FUNCTION apikey.disable_key(name text, reason text DEFAULT NULL) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_disable_key';
COMMENT ON FUNCTION apikey.disable_key(text, text) IS
'Switches a key of the caller off and keeps it; returns its id. name: the key''s name, or its id as text; reason: at most 200 characters, NULL for none. A key that is off already stays so, with the new reason if one is given. KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.disable_key(text, text) FROM PUBLIC;

CREATE FUNCTION apikey.disable_key(id uuid, reason text DEFAULT NULL) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_disable_key_by_id';
COMMENT ON FUNCTION apikey.disable_key(uuid, text) IS
'As apikey.disable_key(text, text), the key given by its id.';
REVOKE ALL ON FUNCTION apikey.disable_key(uuid, text) FROM PUBLIC;

CREATE FUNCTION apikey.enable_key(name text) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_enable_key';
COMMENT ON FUNCTION apikey.enable_key(text) IS
'Switches a key of the caller on again; returns its id. name: the key''s name, or its id as text. KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.enable_key(text) FROM PUBLIC;

CREATE FUNCTION apikey.enable_key(id uuid) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_enable_key_by_id';
COMMENT ON FUNCTION apikey.enable_key(uuid) IS
'As apikey.enable_key(text), the key given by its id.';
REVOKE ALL ON FUNCTION apikey.enable_key(uuid) FROM PUBLIC;

CREATE FUNCTION apikey.delete_key(name text) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_delete_key';
COMMENT ON FUNCTION apikey.delete_key(text) IS
'Deletes a key of the caller softly: gone from every use and its name free, but kept until purged; returns its id. name: the key''s name, or its id as text. Needs no master key. KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.delete_key(text) FROM PUBLIC;

CREATE FUNCTION apikey.delete_key(id uuid) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_delete_key_by_id';
COMMENT ON FUNCTION apikey.delete_key(uuid) IS
'As apikey.delete_key(text), the key given by its id.';
REVOKE ALL ON FUNCTION apikey.delete_key(uuid) FROM PUBLIC;

CREATE FUNCTION apikey.restore_key(id uuid, new_name text DEFAULT NULL) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_restore_key';
COMMENT ON FUNCTION apikey.restore_key(uuid, text) IS
'Brings a deleted key of the caller back; returns its id. new_name: a name for it; NULL: the one it had. 23505: the name is taken by now; 55000: the key is not deleted; KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.restore_key(uuid, text) FROM PUBLIC;

CREATE FUNCTION apikey.restore_key(id text, new_name text DEFAULT NULL) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_restore_key_by_text';
COMMENT ON FUNCTION apikey.restore_key(text, text) IS
'As apikey.restore_key(uuid, text), for drivers that send the id as text; 22023 if it is none.';
REVOKE ALL ON FUNCTION apikey.restore_key(text, text) FROM PUBLIC;

CREATE FUNCTION apikey.purge_key(id uuid) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_purge_key';
COMMENT ON FUNCTION apikey.purge_key(uuid) IS
'Removes one of the caller''s deleted keys for good; returns its id. 55000: the key is not deleted; KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.purge_key(uuid) FROM PUBLIC;

CREATE FUNCTION apikey.purge_key(id text) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_purge_key_by_text';
COMMENT ON FUNCTION apikey.purge_key(text) IS
'As apikey.purge_key(uuid), for drivers that send the id as text; 22023 if it is none.';
REVOKE ALL ON FUNCTION apikey.purge_key(text) FROM PUBLIC;

CREATE FUNCTION apikey.purge_own_keys() RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_purge_own_keys';
COMMENT ON FUNCTION apikey.purge_own_keys() IS
'Removes all keys of the caller for good, deleted or not; returns how many. KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.purge_own_keys() FROM PUBLIC;
