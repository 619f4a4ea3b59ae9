-- encrypt and decrypt, for columns of other tables.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
TRUNCATE apikey.api_keys, apikey.data_keys;

-- Nobody has the privilege until an administrator grants it.
SELECT r, f, has_function_privilege(r, f, 'EXECUTE')
	FROM unnest(ARRAY['public', 'apikey_user', 'apikey_reveal', 'apikey_admin', 'apikey_monitor']) r,
		unnest(ARRAY['apikey.encrypt(text, text)', 'apikey.decrypt(apikey.encrypted, text)']) f
	WHERE has_function_privilege(r, f, 'EXECUTE');
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.encrypt('a secret', 'a context')$$);
SELECT outcome($$SELECT apikey.decrypt(NULL, 'a context')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION apikey.encrypt(text, text), apikey.decrypt(apikey.encrypted, text) TO regress_apikey_worker;
SET ROLE regress_apikey_worker;

-- encrypt() creates no data key, whether or not there is one for stored keys.
SELECT outcome($$SELECT apikey.encrypt('a secret', 'a context')$$);
SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('alice', 'one', 'openai', openai(), id => '00000000-0000-0000-0000-000000000001');
SET ROLE regress_apikey_worker;
SELECT outcome($$SELECT apikey.encrypt('a secret', 'a context')$$);
SET ROLE regress_apikey_admin;
SELECT apikey.rotate_data_key('column') IS NOT NULL;
SELECT purpose, state FROM apikey.key_status ORDER BY 1;
SET ROLE regress_apikey_worker;

-- Encrypt and decrypt, without an identity.
SELECT apikey.decrypt(apikey.encrypt('a secret', 'a context'), 'a context');
SELECT apikey.decrypt(encrypted => apikey.encrypt(value => 'a secret', context => ''), context => '');
SELECT n, apikey.decrypt(apikey.encrypt(v, 'c'), 'c') = v, length(apikey.encrypted_send(apikey.encrypt(v, 'c'))) - octet_length(v) AS overhead
	FROM unnest(ARRAY[0, 1, 15, 16, 17, 8192, 8193, 1000000]) n, repeat('x', n) v;
SELECT apikey.decrypt(apikey.encrypt(v, v), v) FROM (VALUES (E' \t white space and\nline breaks \n '), (U&'\540d\524d \+01f511')) t(v);
SELECT outcome($$SELECT apikey.encrypt(repeat('x', 64 * 1024 * 1024 + 1), 'c')$$);
-- No two results are the same.
SELECT count(DISTINCT apikey.encrypt('a secret', 'a context')::text) FROM generate_series(1, 100);
SELECT left(apikey.encrypt('a secret', 'a context')::text, 4);
-- NULL for a NULL value; the context is required.
SELECT apikey.encrypt(NULL, 'a context') IS NULL, apikey.decrypt(NULL, 'a context') IS NULL;
SELECT outcome($$SELECT apikey.encrypt('a secret', NULL)$$);
SELECT outcome($$SELECT apikey.encrypt(NULL, NULL)$$);
SELECT outcome($$SELECT apikey.decrypt(apikey.encrypt('a secret', 'a context'), NULL)$$);

-- In an application's own table, bound to the row.
CREATE TEMP TABLE accounts (id int PRIMARY KEY, password apikey.encrypted);
INSERT INTO accounts SELECT id, apikey.encrypt('password of ' || id, 'accounts.password:' || id) FROM generate_series(1, 3) id;
SELECT id, apikey.decrypt(password, 'accounts.password:' || id) FROM accounts ORDER BY id;
UPDATE accounts SET password = (SELECT password FROM accounts WHERE id = 1) WHERE id = 2;
SELECT id, outcome(format('SELECT apikey.decrypt(%L, %L)', password, 'accounts.password:' || id)) FROM accounts ORDER BY id;
SELECT context, outcome(format('SELECT apikey.decrypt(%L, %L)', password, context)) FROM accounts,
	unnest(ARRAY['', 'accounts.password:1 ', 'accounts.password:10', 'Accounts.password:1']) context WHERE id = 1 ORDER BY context COLLATE "C";
-- Altered values.
SELECT outcome(format('SELECT apikey.decrypt(%L, %L)', overlay(password::text PLACING CASE substr(password::text, 100, 1) WHEN 'A' THEN 'B' ELSE 'A' END FROM 100),
	'accounts.password:3')) FROM accounts WHERE id = 3;
SELECT outcome(format('SELECT apikey.decrypt(%L, %L)', overlay(password::text PLACING CASE substr(password::text, 10, 1) WHEN 'A' THEN 'B' ELSE 'A' END FROM 10),
	'accounts.password:3')) FROM accounts WHERE id = 3;

-- No context decrypts a stored key.
RESET ROLE;
CREATE TEMP TABLE stored AS SELECT encrypted_value FROM apikey.api_keys;
GRANT SELECT ON stored TO PUBLIC;
SET ROLE regress_apikey_worker;
SELECT DISTINCT outcome(format('SELECT apikey.decrypt(%L, %L)', encrypted_value, context)) FROM stored, unnest(ARRAY['', 'value', 'one', 'alice', E'value\x01', 'alice' || '00000000-0000-0000-0000-000000000001' || 'openai' || 'one']) context;
-- Nor would it if the data key were one for columns.
RESET ROLE;
BEGIN;
UPDATE apikey.data_keys SET purpose = 'column';
SELECT outcome(format('SELECT apikey.decrypt(%L, %L)', encrypted_value, 'alice')) FROM stored;
ROLLBACK;
-- A column's envelope copied into api_keys cannot be decrypted.
UPDATE apikey.api_keys SET encrypted_value = apikey.encrypt(openai(), 'alice');
SELECT apikey.set_user_id('alice'), outcome($$SELECT apikey.reveal_key('one')$$);
SELECT user_id, id, regexp_replace(problem, '[0-9a-f]{8}-[0-9a-f-]{27}', '(its id)') FROM apikey.verify_keys();
UPDATE apikey.api_keys SET encrypted_value = (TABLE stored);
SELECT apikey.set_user_id('alice'), apikey.reveal_key('one') = openai();

-- Rotation: existing values can still be decrypted, new ones use the new data key.
SET ROLE regress_apikey_admin;
SELECT apikey.rotate_data_key('column') IS NOT NULL;
SET ROLE regress_apikey_worker;
INSERT INTO accounts VALUES (4, apikey.encrypt('password of 4', 'accounts.password:4'));
SELECT id, apikey.decrypt(password, 'accounts.password:' || id) FROM accounts WHERE id IN (1, 4) ORDER BY id;
SELECT count(DISTINCT apikey.data_key_id(password)) FROM accounts;
SET ROLE regress_apikey_admin;
SELECT purpose, state, rows FROM apikey.key_status ORDER BY 1, 2;
-- Also in a read-only transaction.
SET ROLE regress_apikey_worker;
BEGIN READ ONLY;
SELECT apikey.decrypt(apikey.encrypt('a secret', 'a context'), 'a context');
COMMIT;

RESET ROLE;
REVOKE EXECUTE ON FUNCTION apikey.encrypt(text, text), apikey.decrypt(apikey.encrypted, text) FROM regress_apikey_worker;
DROP TABLE accounts, stored;
SELECT apikey.purge_user('alice');
DELETE FROM apikey.data_keys;
