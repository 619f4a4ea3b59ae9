-- An overview for administrators.

-- The part of status() that comes from tables and catalogs.  Its body is parsed now,
-- so names and operators are resolved as in this script, whoever calls it.
CREATE FUNCTION apikey.catalog_status(OUT item text, OUT value text, OUT severity text, OUT advice text)
	RETURNS SETOF record
	LANGUAGE SQL STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	-- exact up to a number that takes no time to count
	SELECT 'keys',
		CASE WHEN k.counted <= 100000 THEN format('%s active, %s disabled, %s deleted; %s expired', active, disabled, deleted, expired)
			WHEN c.reltuples > 100000 THEN format('about %s, estimated from the planner''s statistics', c.reltuples::bigint)
			ELSE 'more than 100000, not counted' END,
		'ok', NULL
	FROM (SELECT count(*) AS counted,
			count(*) FILTER (WHERE is_active) AS active,
			count(*) FILTER (WHERE deleted_at IS NULL AND disabled_at IS NOT NULL) AS disabled,
			count(*) FILTER (WHERE deleted_at IS NOT NULL) AS deleted,
			count(*) FILTER (WHERE deleted_at IS NULL AND expires_at <= now()) AS expired
		FROM (SELECT is_active, disabled_at, deleted_at, expires_at FROM apikey.api_keys LIMIT 100001) s) k
	CROSS JOIN pg_class c
	WHERE c.oid = 'apikey.api_keys'::regclass
UNION ALL
	SELECT 'row-level security',
		CASE WHEN ok THEN 'forced' ELSE 'not as installed' END,
		CASE WHEN ok THEN 'ok' ELSE 'error' END,
		CASE WHEN NOT ok THEN 'Users might reach each other''s rows.  Run ALTER TABLE apikey.api_keys ENABLE ROW LEVEL SECURITY, then FORCE ROW LEVEL SECURITY, and make sure that the table has the policies own_keys and maintenance and no others.' END
	FROM (SELECT relrowsecurity AND relforcerowsecurity
			AND (SELECT count(*) = 2
					AND count(*) FILTER (WHERE polname = 'own_keys' AND polroles = '{0}') = 1
					AND count(*) FILTER (WHERE polname = 'maintenance'
						AND polroles = ARRAY[(SELECT r.oid FROM pg_roles r WHERE r.rolname = 'apikey_maintenance')]) = 1
				FROM pg_policy WHERE polrelid = c.oid) AS ok
		FROM pg_class c WHERE oid = 'apikey.api_keys'::regclass) s
UNION ALL
	SELECT 'row-level security of other tables',
		coalesce('enabled on ' || string_agg(oid::regclass::text, ', ' ORDER BY relname), 'none'),
		CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
		'These tables have no policies and seem empty; none of their rows can be added.  An event trigger that enables row-level security on each new table may have done that.  Run '
			|| string_agg(format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', oid::regclass), '; ' ORDER BY relname) || '.'
	FROM pg_class
	WHERE relnamespace = 'apikey'::regnamespace AND relkind = 'r' AND relrowsecurity
		AND oid <> 'apikey.api_keys'::regclass
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
	SELECT item, value, severity, advice FROM apikey.link_status()
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

CREATE FUNCTION apikey.status(OUT item text, OUT value text, OUT severity text, OUT advice text)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_status';
COMMENT ON FUNCTION apikey.status() IS
'Returns the state of apikey, one row for each item: its value, severity ("ok", "warning" or "error") and advice (NULL when all is well). Does not fail for lack of a key. Only members of pg_read_all_settings see the source of the master key in full.';
REVOKE ALL ON FUNCTION apikey.status() FROM PUBLIC;
