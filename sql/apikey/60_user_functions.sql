-- For applications: add, list, change and delete the caller's keys.

CREATE FUNCTION apikey.create_key(
	name text,
	key_type text,
	value text,
	expires_at timestamptz DEFAULT NULL,
	metadata jsonb DEFAULT NULL,
	env_var text DEFAULT NULL,
	check_format boolean DEFAULT true)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_create_key';
COMMENT ON FUNCTION apikey.create_key(text, text, text, timestamptz, jsonb, text, boolean) IS
'Stores a new key for the caller, encrypted, and returns its id. name: 1 to 200 characters, none invisible, not in the form of a uuid, and nothing that looks like an API key (22023); key_type: one of apikey.key_types (22023); value: the secret, at most 8192 bytes, trimmed unless its type allows white space, and validated against its type (KA008); expires_at: a future time (NULL or infinity: never; a warning if it is more than 100 years away); metadata: a JSON object of at most 8 KiB (22023); env_var: an environment variable used only for this key, such as MY_SERVICE_API_KEY: at most 128 characters, A-Z, 0-9 and _, and none of the names that change what programs run or where they connect, such as PATH (22023); check_format: false ("store it anyway") does not compare the value with its type''s format and with those of other types, but still checks its length and characters. What is NULL has its default. 23505: the name is already in use; KA001: no master key is available; KA002: wrong master key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.create_key(text, text, text, timestamptz, jsonb, text, boolean) FROM PUBLIC;

CREATE FUNCTION apikey.set_key(
	name text,
	key_type text,
	value text,
	expires_at timestamptz DEFAULT NULL,
	metadata jsonb DEFAULT NULL,
	env_var text DEFAULT NULL,
	clear text[] DEFAULT NULL,
	check_format boolean DEFAULT true)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_set_key';
COMMENT ON FUNCTION apikey.set_key(text, text, text, timestamptz, jsonb, text, text[], boolean) IS
'Creates a key of the caller, or replaces the value of the key with this name; returns its id. Options that are NULL keep their values; clear: those to remove, of expires_at, metadata and env_var (22023 for any other, and for one that is also given a value). 22023: the key with this name is of another type. A disabled key stays disabled. Otherwise the same as apikey.create_key().';
REVOKE ALL ON FUNCTION apikey.set_key(text, text, text, timestamptz, jsonb, text, text[], boolean) FROM PUBLIC;

CREATE PROCEDURE apikey.store_key(name text, key_type text, value text, INOUT id uuid DEFAULT NULL)
	LANGUAGE C
	AS 'MODULE_PATHNAME', 'apikey_store_key';
COMMENT ON PROCEDURE apikey.store_key(text, text, text, uuid) IS
'Does the same as apikey.set_key(name, key_type, value), as a procedure: with bound parameters, the value is in no plan, and so in no log of plans. id: returns the id of the key; what is passed does not matter. Raises the same errors.';
REVOKE ALL ON PROCEDURE apikey.store_key(text, text, text, uuid) FROM PUBLIC;

CREATE FUNCTION apikey.update_key(
	name text,
	new_value text DEFAULT NULL,
	new_name text DEFAULT NULL,
	new_expires_at timestamptz DEFAULT NULL,
	new_metadata jsonb DEFAULT NULL,
	new_env_var text DEFAULT NULL,
	clear text[] DEFAULT NULL,
	check_format boolean DEFAULT true)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_update_key';
COMMENT ON FUNCTION apikey.update_key(text, text, text, timestamptz, jsonb, text, text[], boolean) IS
'Changes a key of the caller and returns its id; what is NULL keeps its value. name: the key''s name, or its id as text; new_value: validated against the key''s type (KA008); new_expires_at: infinity removes the expiry; new_metadata: replaces the whole object; new_env_var: an empty string removes it; clear: options to remove, of expires_at, metadata and env_var (22023 for any other, and for one that is also given a value); check_format: as for apikey.create_key(). A new name re-encrypts the value, so it needs the master key (KA001, KA002) and an intact value (KA003). 22023: an invalid argument; 23505: the new name is already in use; KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.update_key(text, text, text, timestamptz, jsonb, text, text[], boolean) FROM PUBLIC;

CREATE FUNCTION apikey.update_key(
	id uuid,
	new_value text DEFAULT NULL,
	new_name text DEFAULT NULL,
	new_expires_at timestamptz DEFAULT NULL,
	new_metadata jsonb DEFAULT NULL,
	new_env_var text DEFAULT NULL,
	clear text[] DEFAULT NULL,
	check_format boolean DEFAULT true)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_update_key_by_id';
COMMENT ON FUNCTION apikey.update_key(uuid, text, text, timestamptz, jsonb, text, text[], boolean) IS
'As apikey.update_key(text, text, text, timestamptz, jsonb, text, text[], boolean), with the key given by its id.';
REVOKE ALL ON FUNCTION apikey.update_key(uuid, text, text, timestamptz, jsonb, text, text[], boolean) FROM PUBLIC;

CREATE FUNCTION apikey.disable_key(name text, reason text DEFAULT NULL) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_disable_key';
COMMENT ON FUNCTION apikey.disable_key(text, text) IS
'Disables a key of the caller, which keeps its value; returns its id. name: the key''s name, or its id as text; reason: at most 200 characters (22023), NULL for none. A key that is already disabled stays so, with the new reason if one is given. KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.disable_key(text, text) FROM PUBLIC;

CREATE FUNCTION apikey.disable_key(id uuid, reason text DEFAULT NULL) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_disable_key_by_id';
COMMENT ON FUNCTION apikey.disable_key(uuid, text) IS
'As apikey.disable_key(text, text), with the key given by its id.';
REVOKE ALL ON FUNCTION apikey.disable_key(uuid, text) FROM PUBLIC;

CREATE FUNCTION apikey.enable_key(name text) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_enable_key';
COMMENT ON FUNCTION apikey.enable_key(text) IS
'Enables a disabled key of the caller; returns its id. name: the key''s name, or its id as text. KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.enable_key(text) FROM PUBLIC;

CREATE FUNCTION apikey.enable_key(id uuid) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_enable_key_by_id';
COMMENT ON FUNCTION apikey.enable_key(uuid) IS
'As apikey.enable_key(text), with the key given by its id.';
REVOKE ALL ON FUNCTION apikey.enable_key(uuid) FROM PUBLIC;

CREATE FUNCTION apikey.delete_key(name text) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_delete_key';
COMMENT ON FUNCTION apikey.delete_key(text) IS
'Soft-deletes a key of the caller: it can no longer be used and its name is free again, but it is kept until it is purged; returns its id. name: the key''s name, or its id as text. Needs no master key. KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.delete_key(text) FROM PUBLIC;

CREATE FUNCTION apikey.delete_key(id uuid) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_delete_key_by_id';
COMMENT ON FUNCTION apikey.delete_key(uuid) IS
'As apikey.delete_key(text), with the key given by its id.';
REVOKE ALL ON FUNCTION apikey.delete_key(uuid) FROM PUBLIC;

CREATE FUNCTION apikey.restore_key(id uuid, new_name text DEFAULT NULL) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_restore_key';
COMMENT ON FUNCTION apikey.restore_key(uuid, text) IS
'Restores a deleted key of the caller; returns its id. new_name: a new name for it; NULL: the name it had. 23505: the name is already in use; 55000: the key is not deleted; KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.restore_key(uuid, text) FROM PUBLIC;

CREATE FUNCTION apikey.restore_key(id text, new_name text DEFAULT NULL) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_restore_key_by_text';
COMMENT ON FUNCTION apikey.restore_key(text, text) IS
'As apikey.restore_key(uuid, text), for drivers that send the id as text. 22023: not a uuid.';
REVOKE ALL ON FUNCTION apikey.restore_key(text, text) FROM PUBLIC;

CREATE FUNCTION apikey.purge_key(id uuid) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_purge_key';
COMMENT ON FUNCTION apikey.purge_key(uuid) IS
'Permanently removes one of the caller''s deleted keys; returns its id. 55000: the key is not deleted; KA005: no such key; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.purge_key(uuid) FROM PUBLIC;

CREATE FUNCTION apikey.purge_key(id text) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_purge_key_by_text';
COMMENT ON FUNCTION apikey.purge_key(text) IS
'As apikey.purge_key(uuid), for drivers that send the id as text. 22023: not a uuid.';
REVOKE ALL ON FUNCTION apikey.purge_key(text) FROM PUBLIC;

CREATE FUNCTION apikey.purge_own_keys() RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_purge_own_keys';
COMMENT ON FUNCTION apikey.purge_own_keys() IS
'Permanently removes all keys of the caller, deleted or not; returns how many. KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.purge_own_keys() FROM PUBLIC;
