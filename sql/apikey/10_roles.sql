-- Roles.  They belong to the whole cluster, so another database's installation
-- may have created them, or anybody else.  The two internal ones decide who can
-- reach the tables.  The others are granted, so they may have members.

CREATE VIEW apikey.role_state WITH (security_barrier = true) AS
	SELECT n.role, n.is_internal, r.oid IS NOT NULL AS is_present,
		a.attributes, m.members, g.granted AS member_of,
		concat_ws('; ',
			'ALTER ROLE ' || quote_ident(n.role) || ' ' || a.remedy,
			CASE WHEN n.is_internal THEN m.remedy END,
			g.remedy) AS remedy
	FROM (VALUES
		(1, 'apikey_owner'::name, true),
		(2, 'apikey_maintenance', true),
		(3, 'apikey_user', false),
		(4, 'apikey_reveal', false),
		(5, 'apikey_admin', false),
		(6, 'apikey_monitor', false),
		(7, 'apikey_auditor', false)) n(place, role, is_internal)
	LEFT JOIN pg_roles r ON r.rolname = n.role
	CROSS JOIN LATERAL (SELECT string_agg(attribute, ', '), string_agg('NO' || attribute, ' ')
		FROM (VALUES
			-- Sessions of other servers run statements as the internal roles.
			(r.rolcanlogin AND NOT (n.is_internal AND coalesce(current_setting('apikey.distributed', true), '') = 'on'), 'LOGIN'),
			(r.rolsuper, 'SUPERUSER'),
			(r.rolcreaterole, 'CREATEROLE'),
			(r.rolcreatedb, 'CREATEDB'),
			(r.rolreplication, 'REPLICATION'),
			(r.rolbypassrls, 'BYPASSRLS')) v(is_set, attribute)
		WHERE is_set) a(attributes, remedy)
	-- In PostgreSQL 16 and newer, several roles can have granted the same membership,
	-- and each grant is revoked separately.
	CROSS JOIN LATERAL (SELECT string_agg(DISTINCT quote_ident(o.rolname), ', '),
			string_agg(format('REVOKE %I FROM %I', n.role, o.rolname)
				|| coalesce(' GRANTED BY ' || quote_ident(b.rolname), ''), '; ' ORDER BY o.rolname)
		FROM pg_auth_members s
		JOIN pg_roles o ON o.oid = s.member
		LEFT JOIN pg_roles b ON b.oid = s.grantor
		WHERE s.roleid = r.oid) m(members, remedy)
	CROSS JOIN LATERAL (SELECT string_agg(DISTINCT quote_ident(o.rolname), ', '),
			string_agg(format('REVOKE %I FROM %I', o.rolname, n.role)
				|| coalesce(' GRANTED BY ' || quote_ident(b.rolname), ''), '; ' ORDER BY o.rolname)
		FROM pg_auth_members s
		JOIN pg_roles o ON o.oid = s.roleid
		LEFT JOIN pg_roles b ON b.oid = s.grantor
		WHERE s.member = r.oid) g(granted, remedy)
	ORDER BY n.place;
COMMENT ON VIEW apikey.role_state IS
'The roles that the extension needs, and what they are in this cluster. Internal: for the installation and apikey.status().';
COMMENT ON COLUMN apikey.role_state.role IS 'The name of the role.';
COMMENT ON COLUMN apikey.role_state.is_internal IS 'Must the role have no members?';
COMMENT ON COLUMN apikey.role_state.is_present IS 'Does a role of that name exist?';
COMMENT ON COLUMN apikey.role_state.attributes IS 'Its attributes; it should have none. NULL: none.';
COMMENT ON COLUMN apikey.role_state.members IS 'The roles that are members of it; NULL: none.';
COMMENT ON COLUMN apikey.role_state.member_of IS 'The roles of which it is a member, which should be none. NULL: none.';
COMMENT ON COLUMN apikey.role_state.remedy IS 'The statements that remove what the role should not have; empty: nothing.';

DO $roles$
DECLARE
	wanted record;
	state record;
	faults text;
BEGIN
	FOR wanted IN SELECT * FROM (VALUES
		('apikey_owner', 'Internal role of the extension apikey: owns what stores data. Grant it to nobody.'),
		('apikey_maintenance', 'Internal role of the extension apikey: works across users. Grant it to nobody.'),
		('apikey_user', 'Role of the extension apikey: adds, lists, changes and deletes the keys of its user.'),
		('apikey_reveal', 'Role of the extension apikey: as apikey_user, and reads the values of its user.'),
		('apikey_admin', 'Role of the extension apikey: administers every user''s keys, and reads no value.'),
		('apikey_monitor', 'Role of the extension apikey: sees the list and the state of all keys.'),
		('apikey_auditor', 'Role of the extension apikey: reads the trace of every use of a key, and nothing else.')) r(name, description)
	LOOP
		CONTINUE WHEN to_regrole(wanted.name) IS NOT NULL;
		-- If another database's installation is creating it, this waits for the
		-- end of that transaction.  All take the roles in the same order, so they
		-- do not deadlock, as they could with a lock on pg_authid, which a
		-- transaction that has created a role before would have to strengthen.
		BEGIN
			EXECUTE format('CREATE ROLE %I NOLOGIN', wanted.name);
			EXECUTE format('COMMENT ON ROLE %I IS %L', wanted.name, wanted.description);
		EXCEPTION
			WHEN unique_violation OR duplicate_object THEN NULL;
		END;
	END LOOP;

	-- CREATE EXTENSION has set this to warning, where it was lower.
	IF current_setting('client_min_messages') = 'warning' THEN
		PERFORM set_config('client_min_messages', 'notice', true);
	END IF;
	FOR state IN SELECT * FROM apikey.role_state
	LOOP
		IF NOT state.is_present THEN
			RAISE EXCEPTION 'role "%" was created by a concurrent transaction', state.role
				USING ERRCODE = 'serialization_failure', HINT = 'Retry the transaction.';
		END IF;
		faults := concat_ws(' and ',
			'has the attributes ' || state.attributes,
			CASE WHEN state.is_internal THEN 'has the members ' || state.members END,
			CASE WHEN state.is_internal THEN 'is a member of ' || state.member_of END);
		IF faults <> '' THEN
			RAISE EXCEPTION 'existing role "%" cannot serve as a role of apikey', state.role
				USING ERRCODE = 'object_not_in_prerequisite_state',
					DETAIL = format('The role %s.', faults),
					HINT = format('Run %s; then run CREATE EXTENSION again.', state.remedy);
		END IF;
		IF state.member_of IS NOT NULL THEN
			RAISE WARNING 'role "%" is a member of %', state.role, state.member_of
				USING DETAIL = format('Every member of %I has these memberships as well.', state.role),
					HINT = format('Unless that is intended, run %s.', state.remedy);
		END IF;
		IF state.members IS NOT NULL THEN
			RAISE NOTICE 'role "%" already has members: %', state.role, state.members;
		END IF;
	END LOOP;
	IF current_setting('client_min_messages') = 'notice' THEN
		PERFORM set_config('client_min_messages', 'warning', true);
	END IF;
END
$roles$;
