-- The triggers that invalidate the caches of the tables whose rows backends
-- cache.  ENABLE ALWAYS, so that rows that logical replication brings invalidate
-- the subscriber's caches, too.

DO $cache_triggers$
DECLARE
	relation regclass;
	trigger_name name;
BEGIN
	FOREACH relation IN ARRAY ARRAY['apikey.data_keys', 'apikey.builtin_key_types',
									'apikey.custom_key_types', 'apikey.user_links']::regclass[]
	LOOP
		EXECUTE format('CREATE TRIGGER invalidate_cache AFTER INSERT OR UPDATE OR DELETE ON %s
			FOR EACH ROW EXECUTE FUNCTION apikey.invalidate_cache()', relation);
		EXECUTE format('CREATE TRIGGER invalidate_cache_truncate AFTER TRUNCATE ON %s
			FOR EACH STATEMENT EXECUTE FUNCTION apikey.invalidate_cache()', relation);
		FOREACH trigger_name IN ARRAY ARRAY['invalidate_cache', 'invalidate_cache_truncate']
		LOOP
			EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', relation, trigger_name);
			EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', trigger_name, relation,
				'Invalidates the cache of this table in every backend.');
		END LOOP;
	END LOOP;
END
$cache_triggers$;
