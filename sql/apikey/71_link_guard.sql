-- Says how to change the type of a linked users table's ids.

CREATE FUNCTION apikey.link_guard() RETURNS event_trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_link_guard';
COMMENT ON FUNCTION apikey.link_guard() IS
'Event trigger. 0A000: the command would change the type of a column that has the ids of a linked users table; the hint has the statements to use.';
REVOKE ALL ON FUNCTION apikey.link_guard() FROM PUBLIC;

CREATE EVENT TRIGGER apikey_link_guard ON ddl_command_start
	WHEN TAG IN ('ALTER TABLE')
	EXECUTE FUNCTION apikey.link_guard();
COMMENT ON EVENT TRIGGER apikey_link_guard IS
'Rejects a change of the type of a linked users table''s ids, as PostgreSQL would, and says how to do it.';
