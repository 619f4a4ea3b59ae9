-- Roles.  They belong to the whole cluster, so another database's installation
-- may have created them.  The two internal ones decide who can reach the tables:
-- a role that somebody could log in as, or become, is rejected.

DO $roles$
DECLARE
	role_name name;
	fault text;
	members text;
BEGIN
	FOREACH role_name IN ARRAY ARRAY['apikey_owner', 'apikey_maintenance', 'apikey_user',
									 'apikey_reveal', 'apikey_admin', 'apikey_monitor']
	LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
		END IF;
	END LOOP;

	FOREACH role_name IN ARRAY ARRAY['apikey_owner', 'apikey_maintenance']
	LOOP
		SELECT concat_ws(', ',
				CASE WHEN rolcanlogin THEN 'it can log in' END,
				CASE WHEN rolsuper THEN 'it is a superuser' END,
				CASE WHEN rolcreaterole THEN 'it has CREATEROLE' END,
				CASE WHEN rolcreatedb THEN 'it has CREATEDB' END,
				CASE WHEN rolreplication THEN 'it has REPLICATION' END,
				CASE WHEN rolbypassrls THEN 'it has BYPASSRLS' END,
				CASE WHEN EXISTS (SELECT FROM pg_auth_members WHERE roleid = r.oid)
					THEN 'it has members' END,
				CASE WHEN EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid)
					THEN 'it is a member of another role' END)
			INTO fault FROM pg_roles r WHERE rolname = role_name;
		IF fault <> '' THEN
			RAISE EXCEPTION 'role "%" cannot serve as an internal role of apikey', role_name
				USING ERRCODE = 'object_not_in_prerequisite_state',
					DETAIL = format('Somebody could act as it: %s.', fault),
					HINT = 'Remove these attributes and memberships, or drop or rename the role, then run CREATE EXTENSION again.';
		END IF;
	END LOOP;

	FOREACH role_name IN ARRAY ARRAY['apikey_user', 'apikey_reveal', 'apikey_admin', 'apikey_monitor']
	LOOP
		SELECT string_agg(quote_ident(m.rolname), ', ' ORDER BY m.rolname) INTO members
			FROM pg_auth_members a
			JOIN pg_roles r ON r.oid = a.roleid
			JOIN pg_roles m ON m.oid = a.member
			WHERE r.rolname = role_name;
		IF members IS NOT NULL THEN
			-- CREATE EXTENSION has set this to warning, where it was lower.
			IF current_setting('client_min_messages') = 'warning' THEN
				PERFORM set_config('client_min_messages', 'notice', true);
			END IF;
			RAISE NOTICE 'role "%" already has members: %', role_name, members;
			IF current_setting('client_min_messages') = 'notice' THEN
				PERFORM set_config('client_min_messages', 'warning', true);
			END IF;
		END IF;
	END LOOP;
END
$roles$;
