-- set_key and update_key: clear removes an option, for clients that cannot bind
-- 'infinity'.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_web;
CREATE TEMP VIEW listed AS
	SELECT name, env_var, metadata, expires_at FROM apikey.keys ORDER BY name COLLATE "C";
CREATE FUNCTION pg_temp.options(name text) RETURNS text LANGUAGE sql VOLATILE AS
	$$ SELECT concat_ws(' ', env_var, metadata, expires_at) FROM apikey.keys WHERE keys.name = $1 $$;

-- Each option, several at once, none; in both functions, by name and by id.
CREATE TEMP TABLE functions AS
	SELECT * FROM (VALUES
		(1, 'SELECT apikey.set_key(%1$L, ''openai'', openai(), clear => %2$s)'),
		(2, 'SELECT apikey.update_key(%1$L, clear => %2$s)'),
		(3, 'SELECT apikey.update_key(id, clear => %2$s) FROM apikey.keys WHERE name = %1$L')) f(n, call);
SELECT n, argument,
	outcome('SELECT apikey.set_key(''one'', ''openai'', openai(), ''2100-01-01 00:00+00'', ''{"a": 1}'', ''ONE_KEY'')') AS set,
	outcome(format(call, 'one', argument)),
	pg_temp.options('one')
FROM functions, unnest(ARRAY['''{expires_at}''', '''{metadata}''', '''{env_var}''', '''{expires_at,env_var,metadata}''',
	'''{env_var,env_var}''', '''{{env_var},{metadata}}''', '''{}''', 'NULL']) WITH ORDINALITY a(argument, position)
ORDER BY n, position;

-- A new key has nothing to clear.
SELECT outcome($$SELECT apikey.set_key('two', 'openai', openai('two'), clear => '{expires_at,env_var,metadata}')$$);
-- With a new value and another option.
SELECT outcome($$SELECT apikey.update_key('one', openai('new'), new_metadata => '{"b": 2}', clear => '{expires_at,env_var}')$$);
SELECT * FROM listed;

-- Refused: anything else, NULL, an option that is also given a value, too many.
SELECT n, argument, outcome(format(call, 'one', argument)) FROM functions,
	unnest(ARRAY['''{value}''', '''{""}''', '''{EXPIRES_AT}''', '''{new_expires_at}''', '''{expires_at,NULL}''',
		'array_fill(''env_var''::text, ARRAY[1001])']) WITH ORDINALITY a(argument, position)
ORDER BY n, position;
SELECT outcome(format('SELECT apikey.set_key(''one'', ''openai'', openai(), %s, clear => %L)', value, option)) FROM
	(VALUES ('''2100-01-01''', '{expires_at}'), ('''infinity''', '{expires_at}'), ('metadata => ''{}''', '{metadata}'),
		('env_var => ''ONE_KEY''', '{metadata,env_var}'), ('env_var => ''''', '{env_var}'), ('metadata => ''null''', '{metadata}')) o(value, option);
SELECT outcome(format('SELECT apikey.update_key(''one'', %s, clear => %L)', value, option)) FROM
	(VALUES ('new_expires_at => ''2100-01-01''', '{expires_at}'), ('new_metadata => ''{}''', '{metadata}'),
		('new_env_var => ''ONE_KEY''', '{env_var}')) o(value, option);

SELECT apikey.purge_own_keys();
DROP TABLE functions;
DROP VIEW listed;
DROP FUNCTION pg_temp.options(text);
RESET ROLE;
