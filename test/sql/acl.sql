-- All privileges, by object and role.  Any change in this output must be a
-- deliberate decision.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

-- Privileges of roles, as letters: P public, u apikey_user, r apikey_reveal,
-- a apikey_admin, m apikey_monitor; O apikey_owner and M apikey_maintenance,
-- by grant or as the owner.  regress_apikey_nobody stands for PUBLIC.
CREATE FUNCTION who_can(privilege regprocedure, object oid, what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record; result text := ''; can boolean;
BEGIN
	FOR r IN SELECT * FROM (VALUES ('regress_apikey_nobody', 'P'), ('apikey_user', 'u'), ('apikey_reveal', 'r'), ('apikey_admin', 'a'),
			('apikey_monitor', 'm'), ('apikey_owner', 'O'), ('apikey_maintenance', 'M')) r(name, letter) LOOP
		EXECUTE format('SELECT %s($1, $2, $3)', privilege::regproc) INTO can USING r.name::name, object, what;
		result := result || CASE WHEN can THEN r.letter ELSE '-' END;
	END LOOP;
	RETURN result;
END $$;
\set function_privilege '\'pg_catalog.has_function_privilege(name,oid,text)\''
\set table_privilege '\'pg_catalog.has_table_privilege(name,oid,text)\''
\set column_privilege '\'pg_catalog.has_any_column_privilege(name,oid,text)\''
\set type_privilege '\'pg_catalog.has_type_privilege(name,oid,text)\''
\set schema_privilege '\'pg_catalog.has_schema_privilege(name,oid,text)\''

-- The schema and the type.
SELECT 'USAGE ' || who_can(:schema_privilege, 'apikey'::regnamespace, 'USAGE'), 'CREATE ' || who_can(:schema_privilege, 'apikey'::regnamespace, 'CREATE');
SELECT typname, who_can(:type_privilege, oid, 'USAGE') FROM pg_type WHERE oid = 'apikey.encrypted'::regtype;
-- Functions.  PUBLIC may call only harmless ones.  Administrators cannot reveal.
SELECT who_can(:function_privilege, oid, 'EXECUTE'), oid::regprocedure FROM pg_proc WHERE pronamespace = 'apikey'::regnamespace
	ORDER BY 1, oid::regprocedure::text COLLATE "C";
-- Tables and views: SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES and
-- TRIGGER, on the whole table or on any column.
SELECT relname || E'\n\t' || string_agg(format('%-10s %s%s', what, of_table, CASE WHEN of_column <> of_table THEN ' columns ' || of_column END), E'\n\t' ORDER BY n)
	FROM (SELECT relname, what, n, who_can(:table_privilege, c.oid, what) AS of_table,
			CASE WHEN n IN (1, 2, 3, 6) THEN who_can(:column_privilege, c.oid, what) ELSE who_can(:table_privilege, c.oid, what) END AS of_column
		FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) WITH ORDINALITY w(what, n)
		WHERE relnamespace = 'apikey'::regnamespace AND relkind IN ('r', 'v', 'p', 'm', 'S', 'f')) s
	GROUP BY relname ORDER BY relname;
-- Nothing is granted with grant option, nor to any other role.
SELECT object, grantee::regrole, privilege_type, is_grantable FROM (
		SELECT oid::regclass::text, (aclexplode(relacl)).* FROM pg_class WHERE relnamespace = 'apikey'::regnamespace
		UNION ALL SELECT oid::regprocedure::text, (aclexplode(proacl)).* FROM pg_proc WHERE pronamespace = 'apikey'::regnamespace
		UNION ALL SELECT nspname, (aclexplode(nspacl)).* FROM pg_namespace WHERE nspname = 'apikey'
		UNION ALL SELECT oid::regtype::text, (aclexplode(typacl)).* FROM pg_type WHERE typnamespace = 'apikey'::regnamespace) acl(object, grantor, grantee, privilege_type, is_grantable)
	WHERE is_grantable OR NOT (grantee = 0 OR grantee = grantor
		OR grantee::regrole::text IN ('apikey_user', 'apikey_reveal', 'apikey_admin', 'apikey_monitor', 'apikey_owner', 'apikey_maintenance'));
SELECT attrelid::regclass, attname, attacl FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'apikey'::regnamespace);
-- Owners: everything belongs to the internal roles, but for the extension and its
-- event trigger.
SELECT relowner::regrole, string_agg(relname, ' ' ORDER BY relname) FROM pg_class
	WHERE relnamespace = 'apikey'::regnamespace AND relkind IN ('r', 'v') GROUP BY relowner ORDER BY relowner::regrole::text;
SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d
	JOIN (SELECT 'pg_proc'::regclass AS classid, oid, proowner AS owner FROM pg_proc
		UNION ALL SELECT 'pg_class'::regclass, oid, relowner FROM pg_class
		UNION ALL SELECT 'pg_type'::regclass, oid, typowner FROM pg_type
		UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner FROM pg_namespace
		UNION ALL SELECT 'pg_operator'::regclass, oid, oprowner FROM pg_operator
		UNION ALL SELECT 'pg_opclass'::regclass, oid, opcowner FROM pg_opclass
		UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfowner FROM pg_opfamily
		UNION ALL SELECT 'pg_event_trigger'::regclass, oid, evtowner FROM pg_event_trigger) o USING (classid)
	WHERE d.objid = o.oid AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
		AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'apikey')
		AND o.owner NOT IN ('apikey_owner'::regrole, 'apikey_maintenance'::regrole);
-- A dump mentions no privileges but those that were changed later.
SELECT pg_describe_object(i.classoid, i.objoid, i.objsubid), initprivs, acl FROM pg_init_privs i
	JOIN (SELECT 'pg_class'::regclass AS classid, oid, relacl, relnamespace FROM pg_class
		UNION ALL SELECT 'pg_proc'::regclass, oid, proacl, pronamespace FROM pg_proc
		UNION ALL SELECT 'pg_type'::regclass, oid, typacl, typnamespace FROM pg_type
		UNION ALL SELECT 'pg_namespace'::regclass, oid, nspacl, oid FROM pg_namespace) o(classid, oid, acl, schema)
		ON o.classid = i.classoid AND o.oid = i.objoid AND i.objsubid = 0
	WHERE schema = 'apikey'::regnamespace AND initprivs <> acl;
-- Internal roles have no members and no attributes.
SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
		(SELECT count(*) FROM pg_auth_members WHERE roleid = r.oid OR member = r.oid) AS memberships
	FROM pg_roles r WHERE rolname IN ('apikey_owner', 'apikey_maintenance') ORDER BY 1;

-- Each function called without the privilege is refused for that reason.
CREATE TABLE every AS SELECT p.oid, p.oid::regprocedure::text AS function,
		format('%s %s(%s)', CASE prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT * FROM' END, p.oid::regproc,
			coalesce(string_agg(format('%s::%s', CASE WHEN t = 'regclass'::regtype THEN '''pg_class''' ELSE 'NULL' END, t::regtype), ', ' ORDER BY n) FILTER (WHERE n IS NOT NULL), '')) AS statement
	FROM pg_proc p LEFT JOIN LATERAL unnest(proargtypes) WITH ORDINALITY a(t, n) ON true
	WHERE pronamespace = 'apikey'::regnamespace AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) AND NOT 'internal'::regtype = ANY (proargtypes)
	GROUP BY p.oid;
GRANT SELECT ON every TO PUBLIC;
CREATE FUNCTION refusals() RETURNS TABLE (may boolean, refused boolean) LANGUAGE sql AS $$
	SELECT DISTINCT has_function_privilege(oid, 'EXECUTE') AND has_schema_privilege('apikey', 'USAGE') AS may,
			regress_apikey.outcome(statement) ~ '^42501: permission denied for (function|procedure|schema)' AS refused
		FROM regress_apikey.every WHERE function <> 'apikey.reload_master_key()' ORDER BY 1, 2
$$;
SET ROLE regress_apikey_nobody; SELECT * FROM refusals();
BEGIN;
SET LOCAL ROLE regress_apikey_web; SELECT * FROM refusals();
SET LOCAL ROLE regress_apikey_worker; SELECT * FROM refusals();
SET LOCAL ROLE regress_apikey_admin; SELECT * FROM refusals();
SET LOCAL ROLE regress_apikey_monitor; SELECT * FROM refusals();
ROLLBACK;
RESET ROLE;
-- The same for tables and views, for reading and for writing.
CREATE FUNCTION readable() RETURNS TABLE (result text) LANGUAGE sql SET apikey.empty_without_identity = on AS $$
	SELECT string_agg(relname || CASE regress_apikey.outcome('DELETE FROM apikey.' || relname || ' WHERE false') WHEN 'done' THEN ' (and writable)' ELSE '' END, ', ' ORDER BY relname)
		FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'apikey') AND relkind IN ('r', 'v')
			AND regress_apikey.outcome('SELECT * FROM apikey.' || relname) = 'done'
$$;
SET ROLE regress_apikey_nobody; SELECT * FROM readable();
SET ROLE regress_apikey_web; SELECT * FROM readable();
SET ROLE regress_apikey_worker; SELECT * FROM readable();
SET ROLE regress_apikey_admin; SELECT * FROM readable();
SET ROLE regress_apikey_monitor; SELECT * FROM readable();
RESET ROLE;

-- Administrators can do everything but read a value.
SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('acl', 'one', 'custom', secret('v-', 24)) IS NULL;
BEGIN;
SELECT set_config('apikey.user_id', 'acl', true);
SELECT outcome($$SELECT apikey.reveal_key('one')$$);
SELECT outcome($$SELECT apikey.reveal_env()$$);
SELECT outcome($$SELECT encrypted_value FROM apikey.api_keys$$);
SELECT outcome($$SELECT apikey.decrypt(NULL, 'x')$$);
COMMIT;
SELECT name FROM apikey.find_keys(secret('v-', 24));
-- ... not even through the hint, which shows the prefix of a type that
-- administrators may change: it is made only once, when the value is stored.
BEGIN;
INSERT INTO apikey.custom_key_types (key_type, label, pattern, prefixes)
	SELECT 'custom', 'Any', '^.+$', array_agg(left(secret('v-', 24), 2) || to_hex(n)) FROM generate_series(0, 15) n;
SELECT apikey.delete_key_for('acl', id) = id FROM apikey.all_keys WHERE user_id = 'acl';
SELECT apikey.restore_key_for('acl', id, 'two') = id FROM apikey.all_keys WHERE user_id = 'acl';
SELECT name, hint = '...' || right(secret('v-', 24), 4) AS same_hint FROM apikey.all_keys WHERE user_id = 'acl';
ROLLBACK;
SELECT apikey.purge_user('acl');
RESET ROLE;

-- No view shows a value, a fingerprint or a wrapped key.
SELECT table_name, string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns
	WHERE table_schema = 'apikey' AND table_name IN (SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'apikey'::regnamespace) GROUP BY 1 ORDER BY 1;
DROP TABLE every;
DROP FUNCTION who_can(regprocedure, oid, text), refusals(), readable();
