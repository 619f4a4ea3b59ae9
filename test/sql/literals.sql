-- store_key(), and values that are part of the statement.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';

-- store_key() is set_key() as a procedure.
SET ROLE regress_apikey_monitor;
SELECT outcome($$CALL apikey.store_key('stored', 'custom', 'the-first-value', NULL)$$);
SET ROLE regress_apikey_worker;
DO $$
DECLARE created uuid; replaced uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
	CALL apikey.store_key('stored', 'custom', 'the-first-value', created);
	CALL apikey.store_key('stored', 'custom', 'the-second-value', replaced);
	RAISE INFO 'the same key: %, %', created = replaced, created = (SELECT id FROM apikey.keys WHERE name = 'stored');
END $$;
SELECT apikey.reveal_key('stored');
CALL apikey.store_key('stored', 'custom', 'the-third-value') \gset stored_
SELECT apikey.reveal_key(:'stored_id');
SELECT outcome($$CALL apikey.store_key('stored', 'openai', openai(), NULL)$$);
SELECT outcome($$CALL apikey.store_key(NULL, 'openai', openai(), NULL)$$);
SELECT outcome($$CALL apikey.store_key('stored', 'custom', NULL, NULL)$$);
RESET apikey.user_id;
SELECT outcome($$CALL apikey.store_key('stored', 'custom', 'the-first-value', NULL)$$);
SET apikey.user_id = 'alice';

-- Only superusers set either setting.
SET apikey.reject_literals = on;
SET apikey.redact_logs = off;

-- A value in the text of the statement is refused, wherever it stands.
RESET ROLE;
SET apikey.reject_literals = on;
SELECT apikey.create_key('n', 'custom', 'a-literal-value');
SELECT apikey.create_key('n', 'custom', E'a-literal''s-\\value');
SELECT apikey.create_key('n', 'custom', $$  a-literal-value $$);
SELECT apikey.create_key('n', 'custom', v) FROM (VALUES ('a-literal-value')) AS s(v);
SELECT apikey.set_key('stored', 'custom', 'a-literal-value');
SELECT apikey.update_key('stored', new_value => 'a-literal-value');
SELECT apikey.update_key(:'stored_id'::uuid, 'a-literal-value');
SELECT apikey.create_key_for('bob', 'n', 'custom', 'a-literal-value');
SELECT * FROM apikey.check_key('custom', 'a-literal-value');
SELECT * FROM apikey.detect_key_type('a-literal-value');
SELECT * FROM apikey.find_keys('a-literal-value');
SELECT apikey.encrypt('a-literal-value', 'context');
CALL apikey.store_key('n', 'custom', 'a-literal-value');
DO $$ DECLARE v text := 'a-literal-value'; BEGIN PERFORM apikey.create_key('n', 'custom', v); END $$;
PREPARE store(text) AS SELECT apikey.create_key('n', 'custom', $1);
EXECUTE store('a-literal-value');
DEALLOCATE store;
SELECT count(*) FROM apikey.all_keys WHERE name = 'n';

-- One that is not in the text is accepted.
SELECT set_config('test.bound', 'a-bound-value', false);
SELECT apikey.create_key('bound', 'custom', current_setting('test.bound')) IS NOT NULL;
SELECT apikey.create_key('null', 'custom', NULL);
RESET apikey.reject_literals;

-- A statement with a value: without the position of the error, from which clients
-- show a line of it.
SELECT apikey.create_key('n', 'custom', 'a-literal-value', 'never');
-- Tersely, with "at character" for the line, since versions differ in the hint.
\set VERBOSITY terse
SELECT apikey.creat_key('n', 'custom', 'a-literal-value');
-- Any other: with it.
SELECT apikey.enable_key('n', 'never', 1);
SELECT made_up('a-literal-value');
\set VERBOSITY default

-- Other sessions see the statement without it.
SELECT query FROM pg_stat_activity, LATERAL (SELECT apikey.create_key('seen', 'custom', 'a-literal-value')) c WHERE pid = pg_backend_pid();
SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() AND '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' <> '';
DELETE FROM apikey.api_keys WHERE user_id = 'alice';
