-- check_format => false stores a value whose format is not the one of its type.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_web;
CREATE TEMP TABLE calls AS
	SELECT * FROM (VALUES
		(1, 'apikey.create_key(%2$L, ''openai'', %1$L, check_format => %3$s)'),
		(2, 'apikey.set_key(%2$L, ''openai'', %1$L, check_format => %3$s)'),
		(3, 'apikey.set_key(''old'', ''openai'', %1$L, check_format => %3$s)'),
		(4, 'apikey.update_key(''old'', %1$L, check_format => %3$s)'),
		(5, 'apikey.update_key((SELECT id FROM apikey.keys WHERE name = ''old''), %1$L, check_format => %3$s)')) f(n, call);
GRANT SELECT ON calls TO PUBLIC;
-- The argument that is refused, and what the end of the hint advises.
CREATE FUNCTION pg_temp.advice(outcome text) RETURNS text LANGUAGE sql AS
	$$ SELECT regexp_replace(outcome, '^(.{5} on [a-z_]+|done).*?(  To store [^:]*check_format[^.]*\.)?$', '\1\2') $$;
GRANT EXECUTE ON FUNCTION pg_temp.advice(text) TO PUBLIC;
SELECT outcome($$SELECT apikey.create_key('old', 'openai', openai('old'))$$);

-- Another format, and another provider's key: the hint says how to store them.
SELECT what, n, checked, pg_temp.advice(outcome(format('SELECT ' || call, value, n || what, checked)))
FROM calls, (VALUES ('format', 'key-' || repeat('0a1b', 8)), ('provider', anthropic('x'))) v(what, value),
	unnest(ARRAY['true', 'NULL', 'false']) WITH ORDINALITY c(checked, position)
ORDER BY what, n, position;
SET ROLE regress_apikey_worker;
SELECT name, apikey.reveal_key(name) IN ('key-' || repeat('0a1b', 8), anthropic('x')) FROM apikey.keys ORDER BY name COLLATE "C";

-- Length and characters are checked all the same, and nothing is advised that
-- does not help.
SELECT what, n, checked, pg_temp.advice(outcome(format('SELECT ' || call, value, n || what, checked)))
FROM calls, (VALUES ('empty', ' '), ('inner', 'key-0a1b 0a1b-0a1b'), ('long', repeat('0a', 4097))) v(what, value),
	unnest(ARRAY['true', 'false']) WITH ORDINALITY c(checked, position)
ORDER BY what, n, position;
-- Positional, where existing calls do not reach.
SELECT outcome($$SELECT apikey.create_key('p1', 'openai', 'key-0a1b0a1b0a1b', NULL, NULL, NULL, false)$$);
SELECT outcome($$SELECT apikey.set_key('p2', 'openai', 'key-0a1b0a1b0a1b', NULL, NULL, NULL, NULL, false)$$);
SELECT outcome($$SELECT apikey.update_key('p2', 'key-0a1b0a1b0a1c', NULL, NULL, NULL, NULL, NULL, false)$$);
SET ROLE regress_apikey_admin;
SELECT checked, pg_temp.advice(outcome(format($$SELECT apikey.create_key_for('alice', 'for', 'openai', 'key-0a1b0a1b0a1b', check_format => %s)$$, checked)))
FROM unnest(ARRAY['true', 'NULL', 'false']) checked;

SET ROLE regress_apikey_web;
SELECT apikey.purge_own_keys();
DROP TABLE calls;
DROP FUNCTION pg_temp.advice(text);
RESET ROLE;
