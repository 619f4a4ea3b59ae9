-- Word to every backend that a cached table has changed.

CREATE FUNCTION apikey.invalidate_cache() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_invalidate_cache';
COMMENT ON FUNCTION apikey.invalidate_cache() IS
'Trigger of the tables that backends cache: sends a relcache message for the table, which drops their caches.';
REVOKE ALL ON FUNCTION apikey.invalidate_cache() FROM PUBLIC;
