-- An overview for administrators.

-- The part of status() that comes from tables and catalogs.  Its body is parsed now,
-- so names and operators are resolved as in this script, whoever calls it.
CREATE FUNCTION apikey.catalog_status(OUT item text, OUT value text, OUT severity text, OUT advice text)
	RETURNS SETOF record
	LANGUAGE SQL STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT 'row-level security',
		CASE WHEN count(*) = 0 THEN 'forced' ELSE 'not as installed on ' || string_agg(t.oid::regclass::text, ', ' ORDER BY t.relname) END,
		CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
		CASE WHEN count(*) > 0 THEN format('Users might reach each other''s rows.  Run ALTER TABLE ... ENABLE ROW LEVEL SECURITY, then FORCE ROW LEVEL SECURITY, on %s, and make sure that each has the policies own_keys and maintenance and no others.', string_agg(t.oid::regclass::text, ' and ' ORDER BY t.relname)) END
	FROM (SELECT oid, relname, relrowsecurity AND relforcerowsecurity
			AND (SELECT count(*) = 2 + count(*) FILTER (WHERE polname = 'owner_all' AND polpermissive
						AND polroles = ARRAY[(SELECT r.oid FROM pg_roles r WHERE r.rolname = 'apikey_owner')]
						AND current_setting('apikey.distributed', true) = 'on')
					AND count(*) FILTER (WHERE polname = 'own_keys' AND polroles = '{0}') = 1
					AND count(*) FILTER (WHERE polname = 'maintenance'
						AND polroles = ARRAY[(SELECT r.oid FROM pg_roles r WHERE r.rolname = 'apikey_maintenance')]) = 1
				FROM pg_policy WHERE polrelid = c.oid) AS ok
		FROM pg_class c WHERE oid IN ('apikey.api_keys'::regclass, 'apikey.key_usage'::regclass)) t
	WHERE NOT t.ok
UNION ALL
	SELECT 'row-level security of other tables',
		coalesce('enabled on ' || string_agg(oid::regclass::text, ', ' ORDER BY relname), 'none'),
		CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
		'These tables have no policies and seem empty; none of their rows can be added.  An event trigger that enables row-level security on each new table may have done that.  Run '
			|| string_agg(format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', oid::regclass), '; ' ORDER BY relname) || '.'
	FROM pg_class
	WHERE relnamespace = 'apikey'::regnamespace AND relkind = 'r' AND relrowsecurity
		AND oid NOT IN ('apikey.api_keys'::regclass, 'apikey.key_usage'::regclass)
UNION ALL
	-- Our functions turn it on for their own statements; a view cannot.
	SELECT 'row_security setting',
		coalesce('off for ' || string_agg(scope, ', ' ORDER BY scope), 'on'),
		CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
		CASE WHEN count(*) > 0 THEN 'The views of keys cannot be read there.  Run ' || string_agg(remedy, ', ' ORDER BY scope)
			|| ', and connect again.' END
	FROM (SELECT concat_ws(' in ',
				CASE WHEN s.setrole <> 0 THEN format('role %s', s.setrole::regrole)
					WHEN s.setdatabase = 0 THEN 'all roles' END,
				CASE WHEN s.setdatabase <> 0 THEN 'this database' END) AS scope,
			concat_ws(' ', 'ALTER ROLE',
				CASE WHEN s.setrole <> 0 THEN s.setrole::regrole::text ELSE 'ALL' END,
				CASE WHEN s.setdatabase <> 0 THEN format('IN DATABASE %I', current_database()) END,
				'RESET row_security') AS remedy
		FROM pg_db_role_setting s, unnest(s.setconfig) c(setting)
		WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
			AND c.setting LIKE 'row\_security=%' AND NOT substr(c.setting, 14)::boolean) s
UNION ALL
	SELECT 'drop guard',
		CASE WHEN ok THEN 'enabled' ELSE 'disabled' END,
		CASE WHEN ok THEN 'ok' ELSE 'error' END,
		CASE WHEN NOT ok THEN 'DROP EXTENSION apikey would remove all keys.  Run ALTER EVENT TRIGGER apikey_drop_guard ENABLE.' END
	FROM (SELECT EXISTS (SELECT FROM pg_event_trigger
			WHERE evtname = 'apikey_drop_guard' AND evtenabled IN ('O', 'A')) AS ok) s
UNION ALL
	SELECT 'cache triggers',
		coalesce('not enabled on ' || string_agg(t.relation::text, ', '), 'enabled'),
		CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
		CASE WHEN count(*) > 0 THEN 'Sessions may keep using outdated data.  Run ALTER TABLE ... ENABLE ALWAYS TRIGGER for the two triggers of each of these tables that call apikey.invalidate_cache().' END
	FROM unnest(ARRAY['apikey.data_keys'::regclass, 'apikey.builtin_key_types', 'apikey.custom_key_types',
			'apikey.user_links']) t(relation)
	-- AFTER INSERT OR UPDATE OR DELETE FOR EACH ROW, and AFTER TRUNCATE
	WHERE (SELECT count(*) FROM pg_trigger
		WHERE tgrelid = t.relation AND tgfoid = 'apikey.invalidate_cache()'::regprocedure
			AND tgenabled = 'A' AND tgtype IN (29, 32)) <> 2
UNION ALL
	-- Only a superuser can add an object to these tables and views.
	SELECT 'functions of others',
		coalesce('called by ' || string_agg(DISTINCT pg_describe_object(t.classid, t.objid, 0), ', '), 'none'),
		CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warning' END,
		'These objects run in sessions that store or reveal keys, and call functions of roles that are not superusers: '
			|| string_agg(DISTINCT format('%s of %I', p.oid::regprocedure, r.rolname), ', ')
			|| '.  Drop the objects, or run ALTER FUNCTION ... OWNER TO a superuser after checking the functions.'
	FROM pg_class c
	JOIN pg_depend t ON t.refclassid = 'pg_class'::regclass AND t.refobjid = c.oid
	JOIN pg_depend d ON d.classid = t.classid AND d.objid = t.objid AND d.refclassid = 'pg_proc'::regclass
	JOIN pg_proc p ON p.oid = d.refobjid AND p.pronamespace <> c.relnamespace
	JOIN pg_roles r ON r.oid = p.proowner AND NOT r.rolsuper
	LEFT JOIN pg_rewrite w ON t.classid = 'pg_rewrite'::regclass AND w.oid = t.objid
	LEFT JOIN pg_class v ON v.oid = w.ev_class
	-- not the views of others that read ours
	WHERE c.relnamespace = 'apikey'::regnamespace AND (v.oid IS NULL OR v.relnamespace = c.relnamespace)
UNION ALL
	SELECT item, value, severity, advice FROM apikey.link_status()
UNION ALL
	SELECT item, value, severity, advice FROM apikey.audit_status()
UNION ALL
	SELECT CASE WHEN is_internal THEN 'internal role' ELSE 'role' END,
		CASE WHEN is_present
			THEN concat_ws('; ', role || coalesce(': ' || attributes, ''), 'members: ' || members,
				'member of: ' || member_of)
			ELSE role || ': does not exist' END,
		CASE WHEN fault IS NULL THEN 'ok'
			WHEN is_present AND NOT is_internal AND attributes IS NULL THEN 'warning'
			ELSE 'error' END,
		fault
	FROM apikey.role_state
	CROSS JOIN LATERAL (SELECT CASE
		WHEN NOT is_present
			THEN format('If the role was renamed, rename it back with ALTER ROLE ... RENAME TO %I.', role)
		WHEN remedy <> ''
			THEN format('Somebody could act as this role, or do more through it than intended.  Run %s.', remedy)
		END) f(fault);
END;
COMMENT ON FUNCTION apikey.catalog_status() IS
'The rows of apikey.status() that come from tables and catalogs. Internal: only apikey.status() calls it.';
REVOKE ALL ON FUNCTION apikey.catalog_status() FROM PUBLIC;

-- pg_init_privs has what CREATE EXTENSION granted.  apikey_owner reads this, so that
-- it works without any privilege of apikey_maintenance.
CREATE VIEW apikey.missing_privileges WITH (security_barrier = true) AS
	SELECT format('GRANT %s%s ON %s %s TO %I', p.privilege_type,
		(SELECT format(' (%I)', attname) FROM pg_attribute
			WHERE attrelid = i.objoid AND attnum = i.objsubid AND attnum > 0),
		k.kind, o.identity, r.rolname) AS statement
	FROM pg_extension e
	JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
	JOIN pg_init_privs i ON i.classoid = d.classid AND i.objoid = d.objid
	CROSS JOIN LATERAL aclexplode(i.initprivs) p
	JOIN pg_roles r ON r.oid = p.grantee
	JOIN (VALUES ('pg_class'::regclass, 'TABLE'), ('pg_proc', 'ROUTINE'), ('pg_type', 'TYPE'),
		('pg_namespace', 'SCHEMA')) k(catalog, kind) ON k.catalog = i.classoid
	CROSS JOIN LATERAL pg_identify_object(i.classoid, i.objoid, 0) o
	WHERE e.extname = 'apikey' AND r.rolname IN ('apikey_owner', 'apikey_maintenance')
		AND NOT CASE k.kind
			WHEN 'ROUTINE' THEN has_function_privilege(r.oid, i.objoid, p.privilege_type)
			WHEN 'TYPE' THEN has_type_privilege(r.oid, i.objoid, p.privilege_type)
			WHEN 'SCHEMA' THEN has_schema_privilege(r.oid, i.objoid, p.privilege_type)
			ELSE CASE WHEN i.objsubid = 0 THEN has_table_privilege(r.oid, i.objoid, p.privilege_type)
				ELSE has_column_privilege(r.oid, i.objoid, i.objsubid::smallint, p.privilege_type) END
		END;
COMMENT ON VIEW apikey.missing_privileges IS
'What the internal roles were granted when the extension was created, and do not have any longer. Internal: for apikey.status().';
COMMENT ON COLUMN apikey.missing_privileges.statement IS 'The statement that grants it again.';

CREATE FUNCTION apikey.status(OUT item text, OUT value text, OUT severity text, OUT advice text)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_status';
COMMENT ON FUNCTION apikey.status() IS
'Returns the state of apikey, one row for each item: its value, severity ("ok", "warning" or "error") and advice (NULL when all is well). Does not fail for lack of a key, nor if the extension''s own tables or roles are not as installed: what cannot be found out is an item "report" with the error. Only members of pg_read_all_settings see the source of the master key in full.';
REVOKE ALL ON FUNCTION apikey.status() FROM PUBLIC;
