-- For administrators: every user's keys, but no value.

CREATE FUNCTION apikey.create_key_for(
	user_id text,
	name text,
	key_type text,
	value text,
	expires_at timestamptz DEFAULT NULL,
	metadata jsonb DEFAULT NULL,
	env_var text DEFAULT NULL,
	id uuid DEFAULT NULL,
	created_at timestamptz DEFAULT NULL,
	updated_at timestamptz DEFAULT NULL,
	deleted_at timestamptz DEFAULT NULL,
	check_format boolean DEFAULT true)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_create_key_for';
COMMENT ON FUNCTION apikey.create_key_for(text, text, text, text, timestamptz, jsonb, text, uuid, timestamptz, timestamptz, timestamptz, boolean) IS
'Stores a key on a user''s behalf, also to migrate keys from another system; returns its id. user_id: 1 to 255 characters (22023); id, created_at, updated_at: NULL for new ones; deleted_at: given for a key that is stored as deleted; check_format: false checks only length and characters. If created_at is given, expires_at may be in the past. Otherwise the same as apikey.create_key(). 23505: also for an id that one of the user''s keys already has.';
REVOKE ALL ON FUNCTION apikey.create_key_for(text, text, text, text, timestamptz, jsonb, text, uuid, timestamptz, timestamptz, timestamptz, boolean) FROM PUBLIC;

CREATE FUNCTION apikey.disable_key_for(user_id text, id uuid, reason text DEFAULT NULL)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_disable_key_for';
COMMENT ON FUNCTION apikey.disable_key_for(text, uuid, text) IS
'As apikey.disable_key(text, text), for a key of the given user. 22023: user_id is invalid.';
REVOKE ALL ON FUNCTION apikey.disable_key_for(text, uuid, text) FROM PUBLIC;

CREATE FUNCTION apikey.enable_key_for(user_id text, id uuid) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_enable_key_for';
COMMENT ON FUNCTION apikey.enable_key_for(text, uuid) IS
'As apikey.enable_key(text), for a key of the given user. 22023: user_id is invalid.';
REVOKE ALL ON FUNCTION apikey.enable_key_for(text, uuid) FROM PUBLIC;

CREATE FUNCTION apikey.delete_key_for(user_id text, id uuid) RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_delete_key_for';
COMMENT ON FUNCTION apikey.delete_key_for(text, uuid) IS
'As apikey.delete_key(text), for a key of the given user. 22023: user_id is invalid.';
REVOKE ALL ON FUNCTION apikey.delete_key_for(text, uuid) FROM PUBLIC;

CREATE FUNCTION apikey.restore_key_for(
	user_id text,
	id uuid,
	new_name text DEFAULT NULL)
	RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_restore_key_for';
COMMENT ON FUNCTION apikey.restore_key_for(text, uuid, text) IS
'As apikey.restore_key(uuid, text), for a key of the given user. 22023: user_id is invalid.';
REVOKE ALL ON FUNCTION apikey.restore_key_for(text, uuid, text) FROM PUBLIC;

CREATE FUNCTION apikey.move_keys(
	from_user_id text,
	to_user_id text,
	conflict_suffix text DEFAULT NULL)
	RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_move_keys';
COMMENT ON FUNCTION apikey.move_keys(text, text, text) IS
'Moves all keys of a user, deleted ones too, to another user, and returns how many: for accounts that are merged, and for a user whose id changes. Encrypts each value again, since the user id is part of what it is encrypted with, and reveals none; ids and times are kept. from_user_id, to_user_id: two different user ids (22023); the second must be in its linked users table, if there is one (22023). conflict_suffix: appended to the name of a moved key if the other user has a key with that name; NULL: such names are an error (23505), which lists them. Either all keys are moved, or none. 23505: also for an id that a key of each user has; 54000: the user would have too many keys; KA001: no master key is available; KA002: wrong master key; 40001: the transaction''s snapshot does not see all keys, or another session has just stored a key with the same name, run it again; 55000: a changed row-level security policy hides keys from the function. A value that is damaged, or whose data key is lost, is moved as it is, with a WARNING (KA003), and cannot be decrypted even if its data key is found again.';
REVOKE ALL ON FUNCTION apikey.move_keys(text, text, text) FROM PUBLIC;

CREATE FUNCTION apikey.find_keys(value text) RETURNS SETOF apikey.all_keys
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1
	AS 'MODULE_PATHNAME', 'apikey_find_keys';
COMMENT ON FUNCTION apikey.find_keys(text) IS
'Returns all keys that have this value, of all users, including deleted ones. Decrypts nothing: an index look-up with one HMAC for each data key. 22023: the value is NULL or empty; KA001: no master key is available; KA002: wrong master key; KA003: a data key is damaged. value: looked for trimmed, as it is, and with a line feed at its end, in which forms a file may have been stored.';
REVOKE ALL ON FUNCTION apikey.find_keys(text) FROM PUBLIC;

CREATE FUNCTION apikey.unused_keys(older_than interval) RETURNS SETOF apikey.all_keys
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_unused_keys';
COMMENT ON FUNCTION apikey.unused_keys(interval) IS
'Returns the keys of all users that are not deleted and were neither created nor revealed since this long ago. 22023: older_than is NULL, negative, over 1000 years, or less than apikey.usage_interval, within which uses are not recorded; 55000: apikey.usage_interval is -1.';
REVOKE ALL ON FUNCTION apikey.unused_keys(interval) FROM PUBLIC;

CREATE FUNCTION apikey.verify_keys()
	RETURNS TABLE (user_id text, id uuid, problem text)
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_verify_keys';
COMMENT ON FUNCTION apikey.verify_keys() IS
'Returns every key that cannot be decrypted, with the reason; no row when all is well. Decrypts each value and returns none. KA001: no master key is available.';
REVOKE ALL ON FUNCTION apikey.verify_keys() FROM PUBLIC;

CREATE FUNCTION apikey.purge_deleted(older_than interval) RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_purge_deleted';
COMMENT ON FUNCTION apikey.purge_deleted(interval) IS
'Permanently removes the keys of all users that were deleted longer ago than this; returns how many. 22023: older_than is NULL, negative or over 1000 years.';
REVOKE ALL ON FUNCTION apikey.purge_deleted(interval) FROM PUBLIC;

CREATE FUNCTION apikey.purge_user(user_id text) RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_purge_user';
COMMENT ON FUNCTION apikey.purge_user(text) IS
'Permanently removes all keys of a user, deleted or not; returns how many. 22023: user_id is invalid.';
REVOKE ALL ON FUNCTION apikey.purge_user(text) FROM PUBLIC;

CREATE FUNCTION apikey.rotate_data_key(purpose text DEFAULT 'value') RETURNS uuid
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_rotate_data_key';
COMMENT ON FUNCTION apikey.rotate_data_key(text) IS
'Creates a new data key, which encrypts from now on, and returns its id; the others only decrypt. purpose: ''value'' for stored keys, ''column'' for apikey.encrypt(), which needs one before its first use (22023 for any other). KA001: no master key is available; KA002: wrong master key.';
REVOKE ALL ON FUNCTION apikey.rotate_data_key(text) FROM PUBLIC;

CREATE FUNCTION apikey.reload_master_key() RETURNS boolean
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_reload_master_key';
COMMENT ON FUNCTION apikey.reload_master_key() IS
'Makes the server reload its configuration, and every session re-read the master key, as pg_reload_conf() does; returns whether the signal was sent.';
REVOKE ALL ON FUNCTION apikey.reload_master_key() FROM PUBLIC;
