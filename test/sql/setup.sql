-- What the other tests need: the extension, roles and helper functions.  Runs
-- first; cleanup.sql runs last.
-- Quiet, since a NOTICE names roles that already have members.
SET client_min_messages = error;
CREATE EXTENSION apikey;
SET client_min_messages = warning;

-- make installcheck requires a master key.
LOAD 'apikey';
SELECT current_setting('apikey.master_key_source') <> '' AS has_source;

-- One role for each kind of caller.
DROP ROLE IF EXISTS regress_apikey_web, regress_apikey_worker, regress_apikey_admin, regress_apikey_monitor, regress_apikey_nobody;
CREATE ROLE regress_apikey_web IN ROLE apikey_user;
CREATE ROLE regress_apikey_worker IN ROLE apikey_reveal;
CREATE ROLE regress_apikey_admin IN ROLE apikey_admin;
CREATE ROLE regress_apikey_monitor IN ROLE apikey_monitor;
CREATE ROLE regress_apikey_nobody;

CREATE SCHEMA regress_apikey;
GRANT USAGE ON SCHEMA regress_apikey TO PUBLIC;

-- Runs a statement and returns its outcome: "done", or all that a driver sees of
-- the error.  Random ids are masked.
CREATE FUNCTION regress_apikey.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text; context text; argument text; result text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
		context = PG_EXCEPTION_CONTEXT, argument = COLUMN_NAME;
	-- our own errors have no other context, which could quote a value
	context := regexp_replace(context, '^PL/pgSQL function [^\n]* line [0-9]+ at [^\n]*$\n?', '', 'gn');
	result := state || coalesce(' on ' || nullif(argument, ''), '') || ': ' || message
		|| coalesce(E'\n  DETAIL: ' || nullif(detail, ''), '')
		|| coalesce(E'\n  HINT: ' || nullif(hint, ''), '')
		|| CASE WHEN context <> '' AND (state LIKE 'KA%' OR argument <> '' OR message LIKE 'invalid input%')
			THEN E'\n  CONTEXT: ' || context ELSE '' END;
	RETURN regexp_replace(result, '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}', '(random id)', 'g');
END $$;

-- A made-up value: the prefix and the given number of hexadecimal digits, always
-- the same for the same seed.  No file contains what looks like a real key.
CREATE FUNCTION regress_apikey.secret(prefix text, digits int, seed text DEFAULT '') RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT prefix || left(string_agg(md5(seed || n), ''), digits) FROM generate_series(1, 4) n
$$;
CREATE FUNCTION regress_apikey.openai(seed text DEFAULT '') RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT regress_apikey.secret('sk-', 48, seed) $$;
CREATE FUNCTION regress_apikey.anthropic(seed text DEFAULT '') RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT regress_apikey.secret('sk-ant-api03-', 93, seed) || 'AA' $$;
