-- A complete sequence of requests, as applications send them: prepared
-- statements, one transaction for each request, the user's id set first.
SET search_path = regress_apikey;
CREATE TABLE jobs (id int PRIMARY KEY, owner text, api_key uuid);
GRANT SELECT, INSERT ON jobs TO regress_apikey_web, regress_apikey_worker;
PREPARE identify(text) AS SELECT apikey.set_user_id($1) IS NOT NULL AS identified;
PREPARE add(text, text, text) AS SELECT apikey.create_key($1, $2, $3) IS NOT NULL AS added;
PREPARE save(text, text, text) AS SELECT apikey.set_key($1, $2, $3) IS NOT NULL AS saved;
PREPARE list AS SELECT name, label, hint, is_active FROM apikey.keys ORDER BY created_at, name;
PREPARE need(text[], text[]) AS SELECT apikey.reveal_env($1, $2);

-- Two users of a web application store their keys.
SET ROLE regress_apikey_web;
BEGIN;
EXECUTE identify('1');
SELECT * FROM apikey.check_key('openai', anthropic('1'));
SELECT * FROM apikey.detect_key_type(anthropic('1')) LIMIT 1;
EXECUTE add('default', 'anthropic', anthropic('1'));
EXECUTE list;
COMMIT;
BEGIN;
EXECUTE identify('2');
EXECUTE add('default', 'anthropic', anthropic('2'));
EXECUTE add('search', 'tavily', secret('tvly-', 40, '2'));
EXECUTE list;
COMMIT;
-- The settings page again: the same name, another value.
BEGIN;
EXECUTE identify('1');
EXECUTE save('default', 'anthropic', anthropic('1 again'));
SELECT name, hint = 'sk-ant-api03-...' || right(anthropic('1 again'), 4) AS replaced FROM apikey.keys;
INSERT INTO jobs SELECT 1, '1', id FROM apikey.keys WHERE name = 'default';
COMMIT;
-- The web application cannot read a value.
BEGIN;
EXECUTE identify('1');
SELECT apikey.reveal_key('default');
ROLLBACK;

-- A worker reads what a job needs, by the id that the job has.
SET ROLE regress_apikey_worker;
BEGIN;
EXECUTE identify('1');
SELECT apikey.reveal_key(api_key) = anthropic('1 again') AS right_value FROM jobs WHERE id = 1;
COMMIT;
BEGIN;
EXECUTE identify('2');
SELECT apikey.reveal_env() = jsonb_build_object('ANTHROPIC_API_KEY', anthropic('2'), 'TAVILY_API_KEY', secret('tvly-', 40, '2')) AS right_values;
SELECT jsonb_object_keys(apikey.reveal_env(ARRAY['search'])) AS variable;
COMMIT;
-- Another user's job reveals nothing.
BEGIN;
EXECUTE identify('2');
SELECT split_part(outcome(format('SELECT apikey.reveal_key(%L::uuid)', api_key)), '"', 1) AS result FROM jobs WHERE id = 1;
ROLLBACK;
-- Without an identity: an error that says what to do.
EXECUTE list;
EXECUTE need(NULL, NULL);

-- The provider revokes a key; the user sees why, and stores a new value.
BEGIN;
EXECUTE identify('2');
SELECT apikey.disable_key('search', '401 from api.tavily.com') IS NOT NULL AS disabled;
COMMIT;
SET ROLE regress_apikey_web;
BEGIN;
EXECUTE identify('2');
SELECT name, disabled_reason FROM apikey.keys WHERE NOT is_active;
SELECT apikey.enable_key('search') = apikey.update_key('search', new_value => secret('tvly-', 40, '2 again')) AS back;
EXECUTE list;
-- A key is deleted and then restored.
SELECT apikey.delete_key('default') IS NOT NULL AS deleted;
EXECUTE list;
SELECT apikey.restore_key(id) = id AS restored FROM apikey.deleted_keys WHERE name = 'default';
COMMIT;

-- A value has leaked: whose is it?
SET ROLE regress_apikey_admin;
SELECT user_id, name FROM apikey.find_keys(anthropic('1 again')) ORDER BY user_id, name;
SELECT apikey.disable_key_for(user_id, id, 'found in a public repository') IS NOT NULL AS disabled FROM apikey.find_keys(anthropic('1 again'));
SELECT count(*) AS broken FROM apikey.verify_keys();
SET ROLE regress_apikey_monitor;
SELECT user_id, name, disabled_reason FROM apikey.all_keys ORDER BY user_id, name;
-- Users leave.
SET ROLE regress_apikey_web;
BEGIN;
EXECUTE identify('1');
SELECT apikey.purge_own_keys();
COMMIT;
SET ROLE regress_apikey_admin;
SELECT apikey.purge_user('2');
SELECT count(*) FROM apikey.all_keys;
RESET ROLE;
DROP TABLE jobs;
DEALLOCATE ALL;
DELETE FROM apikey.data_keys;
