-- Prevents dropping the extension while keys are stored.

CREATE FUNCTION apikey.drop_guard() RETURNS event_trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_drop_guard';
COMMENT ON FUNCTION apikey.drop_guard() IS
'Event trigger. 2BP01: the command would drop the extension while keys are stored, or while there are data keys of purpose "column", and apikey.allow_drop is off.';
REVOKE ALL ON FUNCTION apikey.drop_guard() FROM PUBLIC;

CREATE EVENT TRIGGER apikey_drop_guard ON ddl_command_start
	WHEN TAG IN ('DROP EXTENSION', 'DROP OWNED')
	EXECUTE FUNCTION apikey.drop_guard();
COMMENT ON EVENT TRIGGER apikey_drop_guard IS
'Rejects DROP EXTENSION apikey, and DROP OWNED BY its owner, while keys are stored, unless a superuser has set apikey.allow_drop to on.';
