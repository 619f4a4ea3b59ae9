-- The other modes of identity: the session's setting, the role and the claims of
-- a token.  None falls back on another.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION who() RETURNS text LANGUAGE sql SET apikey.empty_without_identity = on AS $$
	SELECT coalesce(apikey.current_user_id(), '(nobody)') || ' sees '
			|| coalesce(string_agg(user_id || '/' || name, ' ' ORDER BY user_id, name), 'nothing')
		FROM apikey.keys
$$;
-- Roles, and functions that anyone may call to act with the rights of one of them.
CREATE ROLE regress_apikey_alice IN ROLE apikey_reveal;
CREATE ROLE regress_apikey_bob IN ROLE apikey_reveal;
CREATE FUNCTION who_as_alice() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ SELECT regress_apikey.who() $$;
ALTER FUNCTION who_as_alice() OWNER TO regress_apikey_alice;
CREATE FUNCTION reveal_as_alice(name text) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
	AS $$ SELECT apikey.reveal_key(name) $$;
ALTER FUNCTION reveal_as_alice(text) OWNER TO regress_apikey_alice;
SELECT count(apikey.create_key_for(u, 'key of ' || u, 'custom', secret('v-', 16, u)))
	FROM unnest(ARRAY['alice', 'bob', 'regress_apikey_alice', 'regress_apikey_bob']) u;

-- session: the setting counts however it was made, until it is reset.
SET apikey.identity = 'session';
SET SESSION AUTHORIZATION regress_apikey_worker;
SELECT who();
SELECT outcome($$SELECT apikey.reveal_key('key of alice')$$);
SET apikey.user_id = 'alice';
SELECT who();
BEGIN; SELECT apikey.set_user_id('bob'); SELECT who(); SAVEPOINT a; SELECT apikey.set_user_id('x'); ROLLBACK TO a; SELECT who(); COMMIT;
SELECT who();
BEGIN; SELECT set_config('request.jwt.claims', '{"sub": "bob"}', true); SELECT who(); COMMIT;
SET apikey.user_id = '';
SELECT who();
SET apikey.user_id = 'alice';
RESET apikey.user_id;
SELECT who();
SET apikey.user_id = 'alice';
SELECT apikey.reveal_key('key of alice') = secret('v-', 16, 'alice');
DISCARD ALL;
SELECT regress_apikey.who();
\c
SET search_path = regress_apikey;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET apikey.identity = 'session';
ALTER DATABASE :"db" SET apikey.user_id = 'alice';
\c
SET search_path = regress_apikey;
SET SESSION AUTHORIZATION regress_apikey_worker;
SELECT who();
SELECT left(outcome($$SET apikey.identity = 'transaction'$$), 5);
SELECT left(outcome($$RESET apikey.identity$$), 5);
SELECT who();
\c
ALTER DATABASE :"db" RESET apikey.identity;
\c
SET search_path = regress_apikey;
SELECT who();
ALTER DATABASE :"db" RESET apikey.user_id;
\c
SET search_path = regress_apikey;

-- role: the calling role, whatever else is set.
SET apikey.identity = 'role';
SET apikey.user_id = 'alice';
SET SESSION AUTHORIZATION regress_apikey_worker;
SELECT who();
SELECT outcome($$SELECT apikey.reveal_key('key of alice')$$);
SELECT outcome($$SELECT apikey.set_user_id('alice')$$);
BEGIN; SET LOCAL apikey.user_id = 'alice'; SET LOCAL request.jwt.claims = '{"sub": "alice"}'; SELECT who(); COMMIT;
RESET SESSION AUTHORIZATION;
SET ROLE regress_apikey_alice;
SELECT who();
SELECT apikey.reveal_key('key of regress_apikey_alice') = secret('v-', 16, 'regress_apikey_alice');
SET ROLE regress_apikey_bob;
SELECT who();
SELECT outcome($$SELECT apikey.reveal_key('key of regress_apikey_alice')$$);
-- Inside a SECURITY DEFINER function that is the function's owner; after it, or
-- after its failure, it is the caller again.
SELECT who_as_alice();
SELECT reveal_as_alice('key of regress_apikey_alice') = secret('v-', 16, 'regress_apikey_alice');
SELECT outcome($$SELECT reveal_as_alice('key of regress_apikey_bob')$$);
SELECT who();
BEGIN; SAVEPOINT a; SELECT reveal_as_alice('no such key'); ROLLBACK TO a; SELECT who(); COMMIT;
BEGIN; SET LOCAL ROLE regress_apikey_alice; SELECT who(); COMMIT; SELECT who();
-- The session's role, not the owner of the view or function.
CREATE TEMP VIEW of_mine AS SELECT current_user AS me, user_id, name FROM apikey.keys;
SELECT * FROM of_mine;
SELECT current_user, id IS NOT NULL FROM apikey.create_key('made by role', 'custom', secret('v-', 16)) id;
RESET ROLE;
SELECT user_id FROM apikey.all_keys WHERE name = 'made by role';
-- A plan made for one role returns the next role's own rows.
PREPARE mine AS SELECT user_id, name FROM apikey.keys ORDER BY name;
SET plan_cache_mode = force_generic_plan;
SET ROLE regress_apikey_alice; EXECUTE mine;
SET ROLE regress_apikey_bob; EXECUTE mine;
SET ROLE regress_apikey_worker; EXECUTE mine;
RESET ROLE; EXECUTE mine;
SET plan_cache_mode = force_custom_plan;
SET ROLE regress_apikey_alice; EXECUTE mine;
SET ROLE regress_apikey_bob; EXECUTE mine;
RESET ROLE;
RESET plan_cache_mode;

-- claims: "sub" of the token that PostgREST passes on, set in the transaction.
SET apikey.identity = 'claims';
SET apikey.user_id = 'bob';
SET SESSION AUTHORIZATION regress_apikey_worker;
SELECT who();
SELECT outcome($$SELECT apikey.reveal_key('key of alice')$$);
SELECT outcome($$SELECT apikey.set_user_id('alice')$$);
BEGIN;
SELECT set_config('request.jwt.claims', '{"role": "web", "sub": "alice", "exp": 1}', true);
SELECT who();
SELECT apikey.reveal_key('key of alice') = secret('v-', 16, 'alice');
SET LOCAL apikey.user_id = 'bob';
SELECT who();
COMMIT;
SELECT who();
-- By the same rule, a setting left over does not count.
BEGIN; SET request.jwt.claims = '{"sub": "alice"}'; SELECT who(); COMMIT;
SELECT current_setting('request.jwt.claims'), who();
BEGIN; SAVEPOINT a; SET LOCAL request.jwt.claims = '{"sub": "bob"}'; SELECT who(); ROLLBACK TO a;
SELECT current_setting('request.jwt.claims'), who(); COMMIT;
DO $$ BEGIN PERFORM set_config('request.jwt.claims', '{"sub": "bob"}', true); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN RAISE NOTICE '%', regress_apikey.who(); END $$;
RESET SESSION AUTHORIZATION;
-- Which claims count: only an object with exactly one "sub", which is a string.
CREATE FUNCTION claimed(claims text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('request.jwt.claims', claims, true);
	RETURN coalesce('<' || apikey.current_user_id() || '>', 'none');
END $$;
SELECT claimed(c), left(c, 60) FROM unnest(ARRAY[
	'{"sub":"alice"}', ' { "sub" : "alice" } ', E'{\n"sub"\t:"alice"}',
	'{"a":{"sub":"bob"},"sub":"alice"}', '{"sub":"alice","a":{"sub":"bob"}}', '{"a":[{"sub":"bob"},"sub"],"sub":"alice"}',
	'{"sub":"al\u0069ce"}', '{"s\u0075b":"alice"}', '{"sub":"\u00e9\ud83d\ude00"}', '{"sub":"a \"b\" \\c"}',
	'{"a":"sub","b":"bob","sub":"alice"}',
	-- several
	'{"sub":"alice","sub":"alice"}', '{"sub":"alice","sub":"bob"}', '{"sub":"alice","s\u0075b":"bob"}', '{"sub":null,"sub":"bob"}', '{"sub":{"sub":"bob"},"sub":"alice"}',
	-- not a string
	'{"sub":1}', '{"sub":null}', '{"sub":true}', '{"sub":["alice"]}', '{"sub":{"sub":"alice"}}', '{"sub":{}}', '{"sub":[]}', '{"sub":{},"x":"alice"}', '{"sub":[],"x":"alice"}',
	-- none
	'{}', '{"SUB":"alice"}', '{"Sub":"alice"}', '{"sub ":"alice"}', '{"user":{"sub":"alice"}}', '[{"sub":"alice"}]', '["sub","alice"]', '"alice"', 'alice', 'null', '""', '', ' ',
	-- malformed
	'{"sub":"alice"', '{"sub":"alice"}}', '{"sub":"alice"} x', '{"sub":"alice",}', '{sub:"alice"}', '{''sub'':''alice''}', '{"sub":"alice"}{"sub":"bob"}', '{"sub":"alice" "x":1}', '{"sub":"\u0000"}', '{"sub":"\ud83d"}', '{"sub":"\x"}',
	-- not a user id
	'{"sub":""}', '{"sub":"a\nb"}', '{"sub":"a\u001fb"}', '{"sub":"\u0085"}',
	format('{"sub":"%s"}', repeat('x', 255)), format('{"sub":"%s"}', repeat('x', 256)),
	-- not trimmed, not folded
	'{"sub":" alice "}', '{"sub":"ALICE"}']) c;
SELECT who();

RESET apikey.identity;
RESET apikey.user_id;
SELECT who();
SELECT left(outcome($$SET apikey.identity = 'none'$$), 5);
DROP VIEW of_mine;
DROP FUNCTION who_as_alice(), reveal_as_alice(text), claimed(text), who();
SELECT sum(apikey.purge_user(u)) FROM unnest(ARRAY['alice', 'bob', 'regress_apikey_alice', 'regress_apikey_bob']) u;
DROP ROLE regress_apikey_alice, regress_apikey_bob;
