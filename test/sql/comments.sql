-- Every object of the extension has a comment, and every column.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

CREATE VIEW objects AS SELECT classid, objid, objsubid, pg_describe_object(classid, objid, objsubid) AS object
	FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
		AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'apikey');
-- Array and row types, which PostgreSQL creates implicitly, are not commented.
SELECT object FROM objects o
	WHERE obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) IS NULL
		AND NOT (classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type WHERE oid = objid AND (typelem <> 0 OR typrelid <> 0)));
-- Columns of tables and views.
SELECT c.oid::regclass, attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
	WHERE relnamespace = 'apikey'::regnamespace AND relkind IN ('r', 'v') AND col_description(c.oid, attnum) IS NULL;
-- Objects that belong to a table and are not members themselves: indexes without
-- a constraint, triggers and policies.
SELECT indexrelid::regclass FROM pg_index JOIN pg_class c ON c.oid = indexrelid
	WHERE relnamespace = 'apikey'::regnamespace AND obj_description(indexrelid, 'pg_class') IS NULL
		AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid);
SELECT tgrelid::regclass, tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
	WHERE relnamespace = 'apikey'::regnamespace AND NOT tgisinternal AND obj_description(pg_trigger.oid, 'pg_trigger') IS NULL;
SELECT polrelid::regclass, polname FROM pg_policy JOIN pg_class c ON c.oid = polrelid
	WHERE relnamespace = 'apikey'::regnamespace AND obj_description(pg_policy.oid, 'pg_policy') IS NULL;
-- The extension itself, its schema and its event trigger.
SELECT obj_description(oid, 'pg_extension') IS NOT NULL FROM pg_extension WHERE extname = 'apikey';
SELECT obj_description('apikey'::regnamespace, 'pg_namespace') IS NOT NULL;
SELECT evtname, obj_description(oid, 'pg_event_trigger') IS NOT NULL FROM pg_event_trigger;
-- The object classes, to show that none was overlooked.
SELECT classid::regclass, count(*) > 0 FROM objects GROUP BY classid ORDER BY classid::regclass::text;
-- Comments end like sentences and have one line.
SELECT object FROM objects o WHERE obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) !~ '^\S.*\S\.$'
		OR obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) LIKE E'%\n%';
DROP VIEW objects;
