-- No DROP of the extension while it holds keys.

CREATE FUNCTION apikey.drop_guard() RETURNS event_trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_drop_guard';
COMMENT ON FUNCTION apikey.drop_guard() IS
'Event trigger: 2BP01 for a command that would drop the extension while it holds stored keys, or data keys of purpose "column", unless apikey.allow_drop is on.';
REVOKE ALL ON FUNCTION apikey.drop_guard() FROM PUBLIC;

CREATE EVENT TRIGGER apikey_drop_guard ON ddl_command_start
	WHEN TAG IN ('DROP EXTENSION', 'DROP OWNED')
	EXECUTE FUNCTION apikey.drop_guard();
COMMENT ON EVENT TRIGGER apikey_drop_guard IS
'Refuses DROP EXTENSION apikey, and DROP OWNED BY its owner, while keys are stored. SET apikey.allow_drop = on (superuser) lets them pass.';
