-- Ownership first, then grants: the other order leaves REVOKEs from the
-- installing superuser in every dump.

ALTER TABLE apikey.data_keys OWNER TO apikey_owner;
ALTER TABLE apikey.api_keys OWNER TO apikey_owner;
ALTER TABLE apikey.builtin_key_types OWNER TO apikey_owner;
ALTER TABLE apikey.custom_key_types OWNER TO apikey_owner;
ALTER TABLE apikey.linked_users OWNER TO apikey_owner;
ALTER VIEW apikey.key_types OWNER TO apikey_owner;
ALTER VIEW apikey.keys OWNER TO apikey_owner;
ALTER VIEW apikey.deleted_keys OWNER TO apikey_owner;
ALTER VIEW apikey.all_keys OWNER TO apikey_maintenance;
ALTER VIEW apikey.key_status OWNER TO apikey_maintenance;

GRANT USAGE ON SCHEMA apikey TO apikey_owner, apikey_maintenance,
	apikey_user, apikey_reveal, apikey_admin, apikey_monitor;

-- What works across users: read, remove, and count.
GRANT SELECT, DELETE ON apikey.api_keys TO apikey_maintenance;
GRANT SELECT ON apikey.data_keys, apikey.key_types, apikey.linked_users TO apikey_maintenance;

GRANT SELECT ON apikey.key_types TO apikey_user, apikey_reveal, apikey_admin, apikey_monitor;
GRANT SELECT ON apikey.keys, apikey.deleted_keys TO apikey_user, apikey_reveal;
GRANT SELECT ON apikey.all_keys, apikey.key_status TO apikey_admin, apikey_monitor;
GRANT SELECT, INSERT, UPDATE, DELETE ON apikey.custom_key_types TO apikey_admin;
GRANT SELECT ON apikey.linked_users TO apikey_admin;

GRANT EXECUTE ON FUNCTION
	apikey.set_user_id(text), apikey.set_user_id(bigint), apikey.set_user_id(uuid),
	apikey.create_key(text, text, text, timestamptz, jsonb, text),
	apikey.set_key(text, text, text, timestamptz, jsonb, text),
	apikey.update_key(text, text, text, timestamptz, jsonb, text),
	apikey.update_key(uuid, text, text, timestamptz, jsonb, text),
	apikey.disable_key(text, text), apikey.disable_key(uuid, text),
	apikey.enable_key(text), apikey.enable_key(uuid),
	apikey.delete_key(text), apikey.delete_key(uuid),
	apikey.restore_key(uuid, text), apikey.restore_key(text, text),
	apikey.purge_key(uuid), apikey.purge_key(text),
	apikey.purge_own_keys()
	TO apikey_user, apikey_reveal;

GRANT EXECUTE ON FUNCTION apikey.check_key(text, text), apikey.detect_key_type(text)
	TO apikey_user, apikey_reveal, apikey_admin;

GRANT EXECUTE ON FUNCTION
	apikey.reveal_key(text), apikey.reveal_key(uuid),
	apikey.reveal_env(text[], text[])
	TO apikey_reveal;

GRANT EXECUTE ON FUNCTION
	apikey.create_key_for(text, text, text, text, timestamptz, jsonb, text, uuid,
		timestamptz, timestamptz, timestamptz, boolean),
	apikey.disable_key_for(text, uuid, text), apikey.enable_key_for(text, uuid),
	apikey.delete_key_for(text, uuid), apikey.restore_key_for(text, uuid, text),
	apikey.find_keys(text), apikey.verify_keys(),
	apikey.purge_deleted(interval), apikey.purge_user(text),
	apikey.rotate_data_key(text), apikey.reload_master_key()
	TO apikey_admin;

GRANT EXECUTE ON FUNCTION
	apikey.link_users(regclass, name, text, text), apikey.unlink_users(regclass),
	apikey.users_delete_trigger(), apikey.users_update_trigger(), apikey.users_truncate_trigger()
	TO apikey_admin;

GRANT EXECUTE ON FUNCTION apikey.status() TO apikey_admin, apikey_monitor;
GRANT EXECUTE ON FUNCTION apikey.catalog_status() TO apikey_maintenance;
