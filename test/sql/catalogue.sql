-- The extension in the system catalogs: rules that its objects follow.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

-- The extension: installed by superusers only, in pg_catalog, not relocatable.
SELECT superuser, trusted, relocatable, schema, requires FROM pg_available_extension_versions WHERE name = 'apikey' AND installed;
SELECT extnamespace::regnamespace, extrelocatable FROM pg_extension WHERE extname = 'apikey';
-- Every member is in schema apikey; members that belong to no schema, by name.
CREATE VIEW objects AS SELECT classid, objid, objsubid FROM pg_depend
	WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'apikey');
SELECT type, identity FROM objects, pg_identify_object(classid, objid, objsubid) i
	WHERE schema IS DISTINCT FROM 'apikey' ORDER BY 1, 2;
-- And everything in schema apikey is a member.
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'apikey'::regnamespace AND oid NOT IN (SELECT objid FROM objects WHERE classid = 'pg_proc'::regclass);
SELECT oid::regclass FROM pg_class WHERE relnamespace = 'apikey'::regnamespace AND relkind IN ('r', 'v', 'm', 'S') AND oid NOT IN (SELECT objid FROM objects WHERE classid = 'pg_class'::regclass);
SELECT oid::regtype FROM pg_type WHERE typnamespace = 'apikey'::regnamespace AND typrelid = 0 AND typelem = 0 AND oid NOT IN (SELECT objid FROM objects WHERE classid = 'pg_type'::regclass);
SELECT oid::regoperator FROM pg_operator WHERE oprnamespace = 'apikey'::regnamespace;
-- A dump includes all of the users' data and none of the extension's own.
SELECT c::regclass, condition = '' AS whole FROM pg_extension, unnest(extconfig, extcondition) e(c, condition) WHERE extname = 'apikey' ORDER BY c::regclass::text;

-- Functions: none is leakproof; SECURITY DEFINER functions set a search path;
-- those that handle plaintext are volatile and run in no parallel worker.
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'apikey'::regnamespace AND proleakproof;
SELECT oid::regprocedure, proconfig FROM pg_proc WHERE pronamespace = 'apikey'::regnamespace AND prosecdef AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, pg_temp%', false);
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = prolang WHERE pronamespace = 'apikey'::regnamespace
	AND lanname NOT IN ('c', 'internal') AND prosqlbody IS NULL AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, pg_temp%', false)
	AND prokind <> 'p';
SELECT provolatile, proparallel, string_agg(oid::regprocedure::text, ' ' ORDER BY oid::regprocedure::text COLLATE "C") FROM pg_proc
	WHERE pronamespace = 'apikey'::regnamespace AND (provolatile, proparallel) <> ('v', 'u') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) FROM pg_proc WHERE pronamespace = 'apikey'::regnamespace AND provolatile = 'v' AND proparallel <> 'u';
-- Every function returns something, since some clients cannot handle void.
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'apikey'::regnamespace AND prorettype = 'void'::regtype AND prokind = 'f';
-- C functions are in this library, under names with its prefix.
SELECT count(*) FILTER (WHERE probin <> '$libdir/apikey' OR prosrc !~ '^apikey_') FROM pg_proc p JOIN pg_language l ON l.oid = prolang WHERE pronamespace = 'apikey'::regnamespace AND lanname = 'c';
-- The type: no casts, stored without compression.
SELECT typstorage, typcategory, typispreferred, typalign FROM pg_type WHERE oid = 'apikey.encrypted'::regtype;
SELECT castsource::regtype, casttarget::regtype FROM pg_cast WHERE 'apikey.encrypted'::regtype IN (castsource, casttarget);

-- The table of keys: row-level security is forced; policies consist of one
-- operator, without a sub-select; no trigger, no foreign key to or from the table,
-- user_id in each unique index.  (So it can be distributed by user_id.)
SELECT relrowsecurity, relforcerowsecurity, relpersistence FROM pg_class WHERE oid = 'apikey.api_keys'::regclass;
SELECT polname, polcmd, polpermissive, (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END, ' ') FROM unnest(polroles) r) AS roles,
		pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid),
		polqual::text ~ 'SUBLINK|SUBPLAN' AS sub_select, polwithcheck::text ~ 'SUBLINK|SUBPLAN' AS sub_select_in_check
	FROM pg_policy WHERE polrelid = 'apikey.api_keys'::regclass ORDER BY 1;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'apikey.api_keys'::regclass;
SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND 'apikey.api_keys'::regclass IN (conrelid, confrelid);
SELECT count(*) FROM pg_rewrite WHERE ev_class = 'apikey.api_keys'::regclass;
SELECT count(*) FROM pg_inherits WHERE 'apikey.api_keys'::regclass IN (inhrelid, inhparent);
SELECT indexrelid::regclass, indisunique, indisprimary, pg_get_indexdef(indexrelid) ~ '\(user_id' AS has_user_id FROM pg_index
	WHERE indrelid = 'apikey.api_keys'::regclass ORDER BY indexrelid::regclass::text;
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'apikey.api_keys'::regclass ORDER BY 1;
SELECT attname, format_type(atttypid, atttypmod), attnotnull, attgenerated, (SELECT collname FROM pg_collation WHERE oid = attcollation) FROM pg_attribute
	WHERE attrelid = 'apikey.api_keys'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
-- Columns derived from a value or written by users leave no samples in statistics.
SELECT apikey.create_key_for('u' || n, 'one', 'custom', secret('v-', 24, n::text)) IS NULL FROM generate_series(1, 5) n;
ANALYZE apikey.api_keys;
SELECT attname FROM pg_attribute WHERE attrelid = 'apikey.api_keys'::regclass AND attstattarget = 0 AND attnum > 0 ORDER BY 1;
SELECT attname, staattnum IS NOT NULL FROM pg_attribute LEFT JOIN pg_statistic ON starelid = attrelid AND staattnum = attnum
	WHERE attrelid = 'apikey.api_keys'::regclass AND attname IN ('hint', 'fingerprint', 'name', 'metadata', 'env_var', 'disabled_reason', 'user_id') ORDER BY 1;
SELECT count(*) FROM pg_statistic_ext WHERE stxrelid = 'apikey.api_keys'::regclass;
SELECT sum(apikey.purge_user('u' || n)) FROM generate_series(1, 5) n;
-- Views: security barriers, not updatable or with a trigger that raises an error
-- (INSTEAD OF and BEFORE, for INSERT, UPDATE and DELETE), and without calls of
-- functions that decrypt a value.
SELECT relname, reloptions, CASE WHEN pg_relation_is_updatable(oid, true) <> 0 THEN
		(SELECT string_agg(format('%s %s %s', tgfoid::regproc, tgtype, tgenabled), ', ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid) END
	FROM pg_class c WHERE relnamespace = 'apikey'::regnamespace AND relkind = 'v' ORDER BY 1;
SELECT relname FROM pg_class WHERE relnamespace = 'apikey'::regnamespace AND relkind = 'v' AND pg_get_viewdef(oid) ~ '\m(reveal|decrypt)';
SELECT relname FROM pg_class WHERE relnamespace = 'apikey'::regnamespace AND relkind = 'v' AND pg_get_viewdef(oid) ~ 'encrypted_value' AND pg_get_viewdef(oid) !~ 'data_key_id\((k\.)?encrypted_value\)';
-- Triggers: those that invalidate caches or check rows are enabled as ALWAYS.
SELECT tgrelid::regclass, tgname, tgenabled, tgfoid::regproc FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
	WHERE relnamespace = 'apikey'::regnamespace AND NOT tgisinternal ORDER BY c.relname, tgname;
SELECT evtname, evtevent, evtenabled, evttags, evtfoid::regproc FROM pg_event_trigger ORDER BY 1;
-- Settings: who may set them, and who may see them.
LOAD 'apikey';
SELECT name, context, vartype, boot_val FROM pg_settings WHERE name LIKE 'apikey.%' ORDER BY 1;
SET ROLE regress_apikey_web;
SELECT name FROM pg_settings WHERE name LIKE 'apikey.%' ORDER BY 1;
RESET ROLE;
DROP VIEW objects;

-- A schema that existed before is not adopted, nor is anything in it; without
-- such a schema, the extension can be created and dropped without a trace.
CREATE DATABASE regress_apikey_x TEMPLATE template0;
SELECT current_database() AS db \gset
\c regress_apikey_x
CREATE SCHEMA apikey;
\set VERBOSITY sqlstate
CREATE EXTENSION apikey;
\set VERBOSITY default
SELECT count(*) FROM pg_extension WHERE extname = 'apikey';
DROP SCHEMA apikey;
-- The installation script uses no object of the caller's that precedes pg_catalog
-- in the search path.
CREATE SCHEMA trap;
CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap sprung'; END $$;
CREATE FUNCTION trap.sprung(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap sprung'; END $$;
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.sprung);
CREATE FUNCTION trap.pg_extension_config_dump(regclass, text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap sprung'; END $$;
CREATE TABLE trap.pg_roles (rolname name);
SET search_path = trap, pg_catalog, public;
SET client_min_messages = error;
CREATE EXTENSION apikey;
RESET search_path;
SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'own_keys';
SELECT count(*) FROM pg_depend d WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'trap'::regnamespace AND objid IN (SELECT oid FROM pg_proc WHERE pronamespace = 'apikey'::regnamespace);
DROP EXTENSION apikey;
SELECT nspname FROM pg_namespace WHERE nspname = 'apikey';
SELECT count(*) FROM pg_event_trigger;
\c :db
DROP DATABASE regress_apikey_x;
