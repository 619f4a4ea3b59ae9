-- The invalidation message to every backend that a cached table has changed.

CREATE FUNCTION apikey.invalidate_cache() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_invalidate_cache';
COMMENT ON FUNCTION apikey.invalidate_cache() IS
'Trigger of the tables that backends cache: sends a relcache invalidation message for the table. 39P01: not called as a trigger.';
REVOKE ALL ON FUNCTION apikey.invalidate_cache() FROM PUBLIC;
