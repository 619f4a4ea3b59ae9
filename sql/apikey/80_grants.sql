-- Ownership first, then grants: the other order leaves REVOKEs from the
-- installing superuser in every dump, by number once that role is dropped.
-- Everything belongs to apikey_owner, but for what works across users, and for the
-- extension and its event trigger, which only a superuser can own.

ALTER VIEW apikey.all_keys OWNER TO apikey_maintenance;
ALTER VIEW apikey.key_status OWNER TO apikey_maintenance;
ALTER VIEW apikey.all_attention OWNER TO apikey_maintenance;
ALTER VIEW apikey.role_state OWNER TO apikey_maintenance;
ALTER VIEW apikey.rotation_progress OWNER TO apikey_maintenance;

DO $owner$
DECLARE
	member record;
BEGIN
	FOR member IN
		SELECT upper(type) AS kind, identity
			FROM pg_depend, pg_identify_object(classid, objid, objsubid)
			WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
				AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'apikey')
				AND type NOT IN ('event trigger', 'cast')
				AND NOT EXISTS (SELECT FROM pg_class
					WHERE classid = 'pg_class'::regclass AND pg_class.oid = objid
						AND relowner = 'apikey_maintenance'::regrole)
				-- array and row types have the owner of their element or table
				AND NOT EXISTS (SELECT FROM pg_type
					WHERE classid = 'pg_type'::regclass AND pg_type.oid = objid
						AND (typelem <> 0 OR typrelid <> 0))
	LOOP
		EXECUTE format('ALTER %s %s OWNER TO apikey_owner', member.kind, member.identity);
	END LOOP;
END
$owner$;

-- An event trigger of this database may have enabled row-level security on each
-- new table.  The tables without policies are protected by privileges.

DO $row_security$
DECLARE
	relation regclass;
BEGIN
	FOR relation IN
		SELECT oid FROM pg_class
			WHERE relnamespace = 'apikey'::regnamespace AND relkind = 'r'
				AND oid NOT IN ('apikey.api_keys'::regclass, 'apikey.key_usage'::regclass)
				AND (relrowsecurity OR relforcerowsecurity)
	LOOP
		EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', relation);
	END LOOP;
END
$row_security$;

-- Whatever ALTER DEFAULT PRIVILEGES of the installing superuser has granted, to
-- anyone, is revoked before anything is granted; so is what PostgreSQL grants to
-- PUBLIC.  Each object has a REVOKE after its change of owner, which makes what
-- is left the privileges that a dump does not mention.

DO $default_privileges$
DECLARE
	statement text;
BEGIN
	FOR statement IN
		SELECT format('REVOKE ALL ON %s FROM %s', object, concat_ws(', ', 'PUBLIC',
				(SELECT string_agg(DISTINCT a.grantee::regrole::text, ', ')
					FROM aclexplode(acl) a WHERE a.grantee NOT IN (0, owner))))
			FROM (SELECT 'TABLE ' || oid::regclass, relacl, relowner FROM pg_class
					WHERE relnamespace = 'apikey'::regnamespace AND relkind IN ('r', 'v')
				UNION ALL
				SELECT 'ROUTINE ' || oid::regprocedure, proacl, proowner FROM pg_proc
					WHERE pronamespace = 'apikey'::regnamespace
				UNION ALL
				SELECT 'TYPE ' || oid::regtype, typacl, typowner FROM pg_type
					WHERE typnamespace = 'apikey'::regnamespace AND typelem = 0 AND typrelid = 0
				UNION ALL
				SELECT 'SCHEMA apikey', nspacl, nspowner FROM pg_namespace
					WHERE nspname = 'apikey') o(object, acl, owner)
	LOOP
		EXECUTE statement;
	END LOOP;
END
$default_privileges$;

GRANT EXECUTE ON FUNCTION apikey.current_user_id(), apikey.has_identity(),
	apikey.is_lost(uuid), apikey.key_type_label(text), apikey.model_user_id(text, regclass, anyelement),
	apikey.data_key_id(apikey.encrypted),
	apikey.encrypted_in(cstring), apikey.encrypted_out(apikey.encrypted),
	apikey.encrypted_recv(internal), apikey.encrypted_send(apikey.encrypted)
	TO PUBLIC;
GRANT USAGE ON TYPE apikey.encrypted TO PUBLIC;

GRANT USAGE ON SCHEMA apikey TO apikey_maintenance,
	apikey_user, apikey_reveal, apikey_admin, apikey_monitor, apikey_auditor;

-- What works across users: reading, removing, counting and re-encrypting.
GRANT SELECT, DELETE, UPDATE (encrypted_value, fingerprint) ON apikey.api_keys TO apikey_maintenance;
GRANT SELECT, INSERT, UPDATE, DELETE ON apikey.key_usage TO apikey_maintenance;
GRANT SELECT ON apikey.data_keys, apikey.key_types, apikey.user_links, apikey.link_triggers, apikey.linked_users,
	apikey.reencryption, apikey.audit_position TO apikey_maintenance;

GRANT SELECT ON apikey.key_types TO apikey_user, apikey_reveal, apikey_admin, apikey_monitor;
GRANT SELECT ON apikey.keys, apikey.deleted_keys, apikey.attention TO apikey_user, apikey_reveal;
-- To write is an error in any case, which only those with the privilege get to see.
GRANT INSERT, UPDATE, DELETE ON apikey.keys, apikey.deleted_keys TO apikey_user, apikey_reveal;
GRANT INSERT, UPDATE, DELETE ON apikey.all_keys TO apikey_admin;
GRANT SELECT ON apikey.all_keys, apikey.all_attention, apikey.metrics, apikey.key_status, apikey.rotation_progress TO apikey_admin, apikey_monitor;
GRANT SELECT, INSERT, UPDATE, DELETE ON apikey.custom_key_types TO apikey_admin;
GRANT SELECT ON apikey.linked_users TO apikey_admin;

GRANT EXECUTE ON FUNCTION
	apikey.set_user_id(text), apikey.set_user_id(bigint), apikey.set_user_id(uuid),
	apikey.create_key(text, text, text, timestamptz, jsonb, text, boolean),
	apikey.set_key(text, text, text, timestamptz, jsonb, text, text[], boolean),
	apikey.update_key(text, text, text, timestamptz, jsonb, text, text[], boolean),
	apikey.update_key(uuid, text, text, timestamptz, jsonb, text, text[], boolean),
	apikey.disable_key(text, text), apikey.disable_key(uuid, text),
	apikey.enable_key(text), apikey.enable_key(uuid),
	apikey.delete_key(text), apikey.delete_key(uuid),
	apikey.restore_key(uuid, text), apikey.restore_key(text, text),
	apikey.purge_key(uuid), apikey.purge_key(text),
	apikey.purge_own_keys()
	TO apikey_user, apikey_reveal;

GRANT EXECUTE ON PROCEDURE apikey.store_key(text, text, text, uuid) TO apikey_user, apikey_reveal;

GRANT EXECUTE ON FUNCTION apikey.check_key(text, text), apikey.detect_key_type(text),
	apikey.create_model_view(text, regclass), apikey.model_view_trigger()
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
	apikey.move_keys(text, text, text),
	apikey.find_keys(text), apikey.unused_keys(interval), apikey.verify_keys(),
	apikey.purge_deleted(interval), apikey.purge_user(text),
	apikey.rotate_data_key(text), apikey.rewrap_data_keys(), apikey.abandon_lost_data_keys(),
	apikey.retire_data_key(uuid, boolean),
	apikey.reload_master_key()
	TO apikey_admin;
GRANT EXECUTE ON PROCEDURE apikey.reencrypt_keys(integer, interval) TO apikey_admin;

GRANT EXECUTE ON FUNCTION
	apikey.link_users(regclass, name, text, text), apikey.unlink_users(regclass),
	apikey.users_delete_trigger(), apikey.users_update_trigger(), apikey.users_truncate_trigger()
	TO apikey_admin;

GRANT EXECUTE ON FUNCTION apikey.status(), apikey.read_counters() TO apikey_admin, apikey_monitor;
GRANT EXECUTE ON FUNCTION apikey.catalog_status(), apikey.link_status(), apikey.audit_status() TO apikey_maintenance;

-- The trace.  Starting, stopping and purging it is for superusers.
GRANT SELECT ON apikey.audit_log TO apikey_auditor;
GRANT EXECUTE ON FUNCTION apikey.audit_trail(pg_lsn, pg_lsn) TO apikey_auditor;
GRANT EXECUTE ON PROCEDURE apikey.collect_audit() TO apikey_auditor, apikey_admin;
