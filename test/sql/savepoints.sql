-- Errors and rollbacks: what is undone and what is not.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
TRUNCATE apikey.api_keys, apikey.data_keys;
GRANT EXECUTE ON FUNCTION apikey.reveal_key(text) TO regress_apikey_web;

-- In a transaction that uses savepoints, an error undoes nothing else.
SET ROLE regress_apikey_web;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT apikey.create_key('one', 'openai', openai('one')) IS NOT NULL;
SAVEPOINT s;
SELECT apikey.create_key('one', 'openai', openai('two'));
ROLLBACK TO s;
SELECT apikey.create_key('two', 'openai', anthropic());
ROLLBACK TO s;
SELECT apikey.reveal_key('absent');
ROLLBACK TO s;
SELECT apikey.update_key('absent');
ROLLBACK TO s;
-- The identity was set before the savepoint, so it is still there.
SELECT apikey.current_user_id();
SELECT apikey.create_key('two', 'openai', openai('two')) IS NOT NULL;
RELEASE s;
SELECT apikey.reveal_key('one') = openai('one'), apikey.reveal_key('two') = openai('two');
COMMIT;
-- An error without a savepoint undoes everything, and the next transaction works.
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT apikey.create_key('three', 'openai', openai('three')) IS NOT NULL;
SELECT apikey.create_key('three', 'openai', openai('three'));
SELECT apikey.reveal_key('one');
COMMIT;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT name FROM apikey.keys ORDER BY name;
SELECT apikey.reveal_key('one') = openai('one');
COMMIT;

-- A rollback undoes keys, changes and an identity.
BEGIN;
SELECT apikey.set_user_id('alice');
SAVEPOINT s;
SELECT apikey.set_user_id('bob');
SELECT apikey.create_key('bob''s', 'openai', openai('bob')) IS NOT NULL;
ROLLBACK TO s;
SELECT apikey.current_user_id();
SELECT apikey.update_key('one', openai('changed'), 'uno') IS NOT NULL, apikey.delete_key('two') IS NOT NULL;
SELECT apikey.reveal_key('uno') = openai('changed');
ROLLBACK TO s;
SELECT apikey.reveal_key('one') = openai('one'), apikey.reveal_key('two') = openai('two');
SAVEPOINT t;
SELECT apikey.purge_own_keys();
SELECT count(*) FROM apikey.keys;
ROLLBACK TO t;
SELECT count(*) FROM apikey.keys;
COMMIT;
-- An identity set after a savepoint that is released lasts to the end of the
-- transaction.
BEGIN;
SAVEPOINT s;
SELECT apikey.set_user_id('alice');
RELEASE s;
SELECT count(*) FROM apikey.keys;
COMMIT;
SELECT count(*) FROM apikey.keys;

-- In PL/pgSQL: blocks that catch errors, in a loop.
DO $$
DECLARE
	result text[]; state text; argument text;
BEGIN
	PERFORM apikey.set_user_id('carol');
	FOR n IN 1..5 LOOP
		BEGIN
			PERFORM apikey.create_key('key ' || n % 2, CASE n WHEN 4 THEN 'opena' ELSE 'openai' END, CASE n WHEN 5 THEN 'x' ELSE regress_apikey.openai(n::text) END);
			result := result || 'done'::text;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, argument = COLUMN_NAME;
			result := result || concat_ws(' ', state, argument);
		END;
	END LOOP;
	RAISE NOTICE '%', result;
	-- By condition: our own codes and PostgreSQL's.
	BEGIN
		PERFORM apikey.reveal_key('absent');
	EXCEPTION WHEN SQLSTATE 'KA005' THEN
		RAISE NOTICE 'absent';
	END;
	BEGIN
		PERFORM apikey.create_key('key 0', 'openai', regress_apikey.openai());
	EXCEPTION WHEN unique_violation THEN
		RAISE NOTICE 'taken';
	END;
	BEGIN
		PERFORM apikey.update_key('key 0', new_name => 'key 1');
	EXCEPTION WHEN unique_violation THEN
		RAISE NOTICE 'taken, too';
	END;
	RAISE NOTICE '% %', apikey.current_user_id(), (SELECT count(*) FROM apikey.keys);
END $$;
BEGIN;
SELECT apikey.set_user_id('carol');
SELECT name, apikey.reveal_key(name) = openai(CASE name WHEN 'key 1' THEN '1' ELSE '2' END) FROM apikey.keys ORDER BY name;
SELECT apikey.purge_own_keys();
COMMIT;

-- Data keys: one created in a transaction that rolls back is not kept in the cache.
RESET ROLE;
TRUNCATE apikey.api_keys, apikey.data_keys;
GRANT SELECT ON apikey.key_status TO regress_apikey_web;
SET ROLE regress_apikey_web;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT apikey.create_key('one', 'openai', openai('one')) IS NOT NULL;
SELECT count(*) FROM apikey.key_status;
ROLLBACK;
SELECT count(*) FROM apikey.key_status;
BEGIN;
SELECT apikey.set_user_id('alice');
SAVEPOINT s;
SELECT apikey.create_key('one', 'openai', openai('one')) IS NOT NULL;
SELECT apikey.reveal_key('one') = openai('one');
ROLLBACK TO s;
SELECT count(*) FROM apikey.key_status;
SELECT apikey.create_key('one', 'openai', openai('other')) IS NOT NULL;
SELECT apikey.reveal_key('one') = openai('other');
COMMIT;
SELECT count(*), sum(rows) FROM apikey.key_status;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT apikey.reveal_key('one') = openai('other');
COMMIT;
-- The same holds for a rotation that rolls back.
RESET ROLE;
BEGIN;
SELECT apikey.set_user_id('alice');
SAVEPOINT s;
SELECT apikey.rotate_data_key() IS NOT NULL;
SELECT apikey.set_key('one', 'openai', openai('rotated')) IS NOT NULL;
ROLLBACK TO s;
SELECT apikey.create_key('two', 'openai', openai('two')) IS NOT NULL;
COMMIT;
SELECT state, rows FROM apikey.key_status;
BEGIN;
SELECT apikey.set_user_id('alice');
SELECT apikey.reveal_key('one') = openai('other'), apikey.reveal_key('two') = openai('two');
COMMIT;
-- A cursor that outlives its transaction keeps what it read.
BEGIN;
SELECT apikey.set_user_id('alice');
DECLARE held CURSOR WITH HOLD FOR SELECT name, user_id FROM apikey.keys ORDER BY name;
COMMIT;
FETCH ALL FROM held;
CLOSE held;
-- With one snapshot for the transaction: its own changes are visible, and so is a
-- new data key.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT apikey.set_user_id('alice');
SELECT apikey.reveal_key('one') = openai('other');
SELECT apikey.rotate_data_key() IS NOT NULL;
SELECT apikey.set_key('one', 'openai', openai('again')) IS NOT NULL;
SELECT apikey.reveal_key('one') = openai('again'), apikey.reveal_key('two') = openai('two');
COMMIT;

REVOKE SELECT ON apikey.key_status FROM regress_apikey_web;
REVOKE EXECUTE ON FUNCTION apikey.reveal_key(text) FROM regress_apikey_web;
SELECT apikey.purge_user('alice');
DELETE FROM apikey.data_keys;
