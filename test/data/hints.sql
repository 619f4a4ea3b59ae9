-- Each hint, and each piece of advice of status(), in the state that raises it, and
-- then followed; run by test/t/155_hints.pl.
--
-- A case is a paragraph.  Its lines are statements, marked by their first character:
--
--	(none)	prepares the case
--	!		raises a hint, or shows advice: every row that it returns is one
--	>		follows it
--	=		works now, without that hint; if there is no such line, it is the one
--			marked with !
--
-- A case is a transaction that is rolled back, in which user u has a key k.  "status
-- ITEM" stands for the query that shows the advice on that item.

-- Identity

SELECT set_config('apikey.user_id', '', true);
! SELECT apikey.reveal_key('k');
> SELECT apikey.set_user_id('u');

SET LOCAL apikey.identity = 'session';
SELECT set_config('apikey.user_id', '', true);
! SELECT apikey.reveal_key('k');
> SET apikey.user_id = 'u';

SET LOCAL apikey.identity = 'claims';
! SELECT apikey.reveal_key('k');
> SELECT set_config('request.jwt.claims', '{"sub": "u"}', true);

SELECT apikey.create_key_for('keeper_of_keys', 'k', 'custom', 'some_value', env_var => 'K_KEY');
SET LOCAL apikey.identity = 'role';
! SELECT apikey.set_user_id('u');
> SET ROLE keeper_of_keys;
= SELECT apikey.reveal_key('k');

! SELECT apikey.set_user_id('');
> SELECT apikey.set_user_id('42');
= SELECT apikey.set_user_id('42');

! SELECT apikey.create_key_for('', 'k', 'custom', 'some_value');
= SELECT apikey.create_key_for('42', 'k', 'custom', 'some_value');

! SELECT apikey.set_user_id('v') FROM apikey.keys;
> SELECT apikey.set_user_id('v');

! DECLARE held CURSOR WITH HOLD FOR SELECT apikey.reveal_key('k'); FETCH held;
= DECLARE c CURSOR FOR SELECT apikey.reveal_key('k'); FETCH c;

SET LOCAL apikey.identity = 'session';
! status identity
> RESET apikey.identity;

-- A distributed database

SET LOCAL apikey.create_data_keys = off;
! SELECT apikey.rotate_data_key();
> SET LOCAL apikey.create_data_keys = on;

SET LOCAL apikey.distributed = on;
! status distribution
> SET LOCAL apikey.distributed = off;

-- The trace

SET LOCAL apikey.audit = 'log';
SET LOCAL log_min_messages = fatal;
! SELECT apikey.reveal_key('k');
> SET LOCAL log_min_messages = error;

! status audit
> SET LOCAL apikey.audit = 'wal';

SET LOCAL apikey.audit = 'log';
SET LOCAL log_min_messages = fatal;
! status audit
> SET LOCAL log_min_messages = error;

SET LOCAL apikey.audit = 'wal';
! status audit messages
> SELECT substring(advice FROM 'Run (.*)\.$') AS remedy FROM apikey.status() WHERE item = 'audit messages' \gset
> :remedy;

CALL apikey.collect_audit();
UPDATE apikey.audit_position SET lsn = '0/100';
! CALL apikey.collect_audit();
> SELECT apikey.start_audit();

SELECT apikey.start_audit();
CALL apikey.collect_audit();
UPDATE apikey.audit_position SET collected_at = now() - interval '2 days';
! status audit slot
> CALL apikey.collect_audit();

-- Keys that are not there, or not usable

! SELECT apikey.reveal_key('absent');
> SELECT name AS found FROM apikey.keys UNION ALL SELECT name FROM apikey.deleted_keys \gset
= SELECT apikey.reveal_key(:'found');

SELECT apikey.delete_key('k') AS id \gset
! SELECT apikey.reveal_key(:'id'::uuid);
> SELECT apikey.restore_key(:'id'::uuid);

SELECT apikey.delete_key('k') AS id \gset
! SELECT apikey.disable_key_for('u', :'id');
> SELECT apikey.restore_key_for('u', :'id');

! SELECT apikey.disable_key_for('u', gen_random_uuid());
> SELECT user_id, id FROM apikey.all_keys LIMIT 1 \gset
= SELECT apikey.disable_key_for(:'user_id', :'id');

SELECT apikey.delete_key('k');
! SELECT apikey.purge_key('k');
> SELECT id FROM apikey.deleted_keys \gset
= SELECT apikey.purge_key(:'id'::uuid);

SELECT id FROM apikey.keys \gset
! SELECT apikey.purge_key(:'id'::uuid);
> SELECT apikey.delete_key(:'id'::uuid);

SELECT id FROM apikey.keys \gset
! SELECT apikey.restore_key(:'id'::uuid);
> SELECT apikey.delete_key(:'id'::uuid);

SELECT apikey.disable_key('k');
! SELECT apikey.reveal_key('k');
> SELECT apikey.enable_key('k');

SELECT apikey.create_key_for('u', 'old', 'custom', 'some_value', '2001-01-02', created_at => '2001-01-01', env_var => 'OLD_KEY');
! SELECT apikey.reveal_key('old');
> SELECT apikey.update_key('old', new_value => 'another_value', new_expires_at => 'infinity');

SELECT apikey.disable_key('k');
! SELECT apikey.set_key('k', 'custom', 'another_value');
> SELECT apikey.enable_key('k');

SELECT apikey.disable_key('k');
! SELECT apikey.update_key('k', new_value => 'another_value');
> SELECT apikey.enable_key('k');
= SELECT apikey.update_key('k', new_value => 'another_value'), apikey.disable_key('k');

SELECT apikey.create_key_for('u', 'old', 'custom', 'some_value', '2001-01-02', created_at => '2001-01-01');
! SELECT apikey.set_key('old', 'custom', 'another_value');
= SELECT apikey.set_key('old', 'custom', 'another_value', expires_at => now() + '1 day');

SELECT apikey.create_key_for('u', 'old', 'custom', 'some_value', '2001-01-02', created_at => '2001-01-01');
! SELECT apikey.update_key('old', new_value => 'another_value');
= SELECT apikey.update_key('old', new_value => 'another_value', clear => '{expires_at}');

SELECT apikey.disable_key('k');
SELECT apikey.delete_key('k') AS id \gset
! SELECT apikey.restore_key(:'id'::uuid);
> SELECT apikey.enable_key('k');
= SELECT apikey.reveal_key('k');

SELECT apikey.create_key_for('u', 'old', 'custom', 'some_value', '2001-01-02', created_at => '2001-01-01', env_var => 'OLD_KEY');
! SELECT apikey.enable_key('old');
> SELECT apikey.update_key('old', new_expires_at => now() + '1 day');
= SELECT apikey.reveal_key('old');

SET LOCAL apikey.max_keys_per_user = 1;
! SELECT apikey.create_key('more', 'custom', 'some_value');
> SELECT apikey.delete_key('k');

SET LOCAL apikey.max_keys_per_user = 1;
! SELECT apikey.create_key('more', 'custom', 'some_value');
> SET LOCAL apikey.max_keys_per_user = 2;

! SELECT apikey.reveal_env(array_fill('k'::text, ARRAY[1001]));
= SELECT apikey.reveal_env(array_fill('k'::text, ARRAY[1000]));

-- Keys that go to another user

! SELECT apikey.move_keys('u', 'u');
= SELECT apikey.move_keys('u', 'v');

SELECT apikey.create_key_for('v', 'k', 'custom', 'some_value');
! SELECT apikey.move_keys('u', 'v');
= SELECT apikey.move_keys('u', 'v', ' (2)');

SELECT apikey.create_key_for('v', 'other', 'custom', 'some_value', id => id) FROM apikey.keys;
! SELECT apikey.move_keys('u', 'v');
> SELECT apikey.delete_key('k') AS id \gset
> SELECT apikey.purge_key(:'id');
= SELECT apikey.move_keys('u', 'v');

UPDATE apikey.api_keys SET name = 'renamed' WHERE user_id = 'u';
! SELECT apikey.move_keys('u', 'v');
> SELECT apikey.set_user_id('v');
> SELECT apikey.update_key('renamed', new_value => 'another_value');
= SELECT apikey.reveal_key('renamed');

CREATE POLICY mine ON apikey.api_keys AS RESTRICTIVE FOR DELETE USING (false);
! SELECT apikey.move_keys('u', 'v');
> SELECT advice FROM apikey.status() WHERE item = 'row-level security';
> DROP POLICY mine ON apikey.api_keys;

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
! UPDATE people SET id = 'v';
> INSERT INTO people VALUES ('v');
> SELECT apikey.move_keys('u', 'v');
= DELETE FROM people WHERE id = 'u';

! SELECT apikey.reveal_env('{absent}');
> SELECT array_agg(name) AS names FROM apikey.keys \gset
= SELECT apikey.reveal_env(:'names');

SELECT apikey.create_key('nameless', 'custom', 'some_value');
! SELECT apikey.reveal_env('{nameless}');
> SELECT apikey.update_key('nameless', new_env_var => 'NAMED_KEY');

SELECT apikey.create_key('same', 'custom', 'some_value', env_var => 'K_KEY');
! SELECT apikey.reveal_env('{k,same}');
= SELECT apikey.reveal_env('{same}');

SELECT apikey.create_key('same', 'custom', 'some_value', env_var => 'K_KEY');
! SELECT apikey.reveal_env('{k,same}');
> SELECT apikey.update_key('same', new_env_var => 'SAME_KEY');

! SELECT apikey.update_key('k', clear => array_fill('metadata'::text, ARRAY[1001]));
= SELECT apikey.update_key('k', clear => array_fill('metadata'::text, ARRAY[500])), apikey.update_key('k', clear => array_fill('metadata'::text, ARRAY[501]));

! SELECT * FROM apikey.find_keys('');
= SELECT * FROM apikey.find_keys('some_value');

! SELECT apikey.purge_deleted(NULL);
= SELECT apikey.purge_deleted('30 days');

-- Names and other arguments

! SELECT apikey.create_key('', 'custom', 'some_value');
= SELECT apikey.create_key('default', 'custom', 'some_value');

! SELECT apikey.create_key(repeat('n', 201), 'custom', 'some_value');
= SELECT apikey.create_key(repeat('n', 200), 'custom', 'some_value');

! SELECT apikey.create_key(E'a\nb', 'custom', 'some_value');
= SELECT apikey.create_key('a b', 'custom', 'some_value');

! SELECT apikey.create_key(' a ', 'custom', 'some_value');
= SELECT apikey.create_key(trim(' a '), 'custom', 'some_value');

! SELECT apikey.create_key(gen_random_uuid()::text, 'custom', 'some_value');
= SELECT apikey.create_key('default', 'custom', 'some_value');

! SELECT apikey.create_key(U&'e\0301', 'custom', 'some_value');
= SELECT apikey.create_key(normalize(U&'e\0301', NFC), 'custom', 'some_value');

! SELECT apikey.create_key(:'groq', 'groq', 'a name');
= SELECT apikey.create_key('a name', 'groq', :'groq');

! SELECT apikey.create_key('k', 'custom', 'some_value');
= SELECT apikey.create_key('k2', 'custom', 'some_value');

! SELECT apikey.create_key('k', 'custom', 'some_value');
= SELECT apikey.set_key('k', 'custom', 'some_value'), apikey.update_key('k', new_value => 'some_value');

! SELECT apikey.set_key('k', 'groq', :'groq');
= SELECT apikey.set_key('k of groq', 'groq', :'groq');

SELECT id FROM apikey.keys \gset
! SELECT apikey.create_key_for('u', 'k2', 'custom', 'some_value', id => :'id');
= SELECT apikey.create_key_for('u', 'k2', 'custom', 'some_value');

! SELECT apikey.create_key_for('u', 'k2', 'custom', 'some_value', created_at => '2999-01-01');
= SELECT apikey.create_key_for('u', 'k2', 'custom', 'some_value', created_at => '2001-01-01');

! SELECT apikey.create_key_for('u', 'k2', 'custom', 'some_value', created_at => '2999-01-01');
= SELECT apikey.create_key_for('u', 'k2', 'custom', 'some_value');

! SELECT apikey.update_key('k', new_expires_at => '2001-01-01');
= SELECT apikey.update_key('k', new_expires_at => now() + '1 day'), apikey.update_key('k', new_expires_at => 'infinity');

! SELECT apikey.update_key('k', new_metadata => '[]');
= SELECT apikey.update_key('k', new_metadata => '{"team": "research"}');

! SELECT apikey.update_key('k', new_name => U&'no\200Bname');
= SELECT apikey.update_key('k', new_name => 'noname');

! SELECT apikey.update_key('k', new_metadata => jsonb_build_object('a', repeat('x', 9000)));
> CREATE TABLE mine AS SELECT jsonb_build_object('a', repeat('x', 9000)) AS large;
= SELECT apikey.update_key('k', new_metadata => '{"row": 1}') FROM mine;

! SELECT apikey.update_key('k', new_metadata => jsonb_build_object('a', :'groq'));
= SELECT apikey.update_key('k', new_metadata => jsonb_build_object('a', 'groq'));

! SELECT apikey.update_key('k', new_env_var => 'not a name');
= SELECT apikey.update_key('k', new_env_var => 'ACME_API_KEY');

! SELECT apikey.update_key('k', clear => '{nothing}');
= SELECT apikey.update_key('k', clear => '{expires_at,metadata,env_var}');

! SELECT apikey.update_key('k', new_env_var => 'ACME_API_KEY', clear => '{env_var}');
= SELECT apikey.update_key('k', new_env_var => 'ACME_API_KEY'), apikey.update_key('k', clear => '{env_var}');

! SELECT apikey.create_key('new', 'custom', '************');
= SELECT apikey.create_key('new', 'custom', 'correct-horse');

! SELECT apikey.create_key('new', 'custom', '${OPENAI_API_KEY}');
= SELECT apikey.create_key('new', 'custom', 'correct-horse');

! SELECT apikey.create_key('new', 'custom', 'Bearer correct-horse');
= SELECT apikey.create_key('new', 'custom', 'correct-horse');

SELECT apikey.set_key('k', 'custom', 'correct-horse-battery');
! SELECT apikey.set_key('k', 'custom', '##tery', check_format => false);
= SELECT apikey.update_key('k', new_metadata => '{"a": 1}');

! SELECT apikey.disable_key('k', E'two\nlines');
= SELECT apikey.disable_key('k', 'one line');

! SELECT apikey.disable_key('k', :'groq');
= SELECT apikey.disable_key('k', 'revoked by the provider');

-- Values

! SELECT apikey.update_key('k', new_value => '');
= SELECT apikey.update_key('k', new_value => 'as_it_was_issued');

! SELECT apikey.update_key('k', new_value => 'some value');
= SELECT apikey.update_key('k', new_value => 'somevalue');

! SELECT apikey.update_key('k', new_value => E'two\nlines');
= SELECT apikey.create_key('new', 'custom_multiline', E'two\nlines');

! SELECT apikey.create_key('new', 'groq', U&'\FF47' || substr(:'groq', 2));
= SELECT apikey.create_key('new', 'groq', :'groq');

! SELECT apikey.create_key('new', 'google_service_account', '{"private_key": "some", "client_email": "a@b"}');
= SELECT apikey.create_key('new', 'google_service_account', '{"private_key": "-----BEGIN some", "client_email": "a@b"}');

SELECT format(E'-----BEGIN OPENSSH %1$s-----\n%2$s\n-----END OPENSSH %1$s-----', 'PRIVATE KEY', md5('x')) AS file \gset
! SELECT apikey.create_key('new', 'ssh_private_key', :'file');
= SELECT apikey.create_key('good', 'ssh_private_key', :'file' || E'\n');

! SELECT apikey.update_key('k', new_value => repeat(md5('x'), 300));
= SELECT apikey.update_key('k', new_value => md5('x'));

! SELECT apikey.create_key('new', 'anthropic', :'groq');
= SELECT apikey.create_key('new', 'groq', :'groq');

! SELECT apikey.create_key('new', 'groq', 'gsk_short_one');
= SELECT apikey.create_key('new', 'groq', 'gsk_short_one', check_format => false);

! SELECT apikey.create_key('new', 'groq', 'gsk_short_one');
> INSERT INTO apikey.custom_key_types (key_type, label, env_vars, pattern) SELECT key_type, label, env_vars, '^gsk_.*$' FROM apikey.builtin_key_types WHERE key_type = 'groq';

! SELECT apikey.create_key('new', 'grok', :'groq');
= SELECT apikey.create_key('new', 'groq', :'groq');

! SELECT apikey.create_key('new', 'antropic', 'x');
> SELECT 'anthropic' AS near \gset
= SELECT 1 FROM apikey.key_types WHERE key_type = :'near';

! SELECT apikey.create_key('new', 'groq', 'gsk_' || repeat('a', 52));
= SELECT apikey.create_key('good', 'groq', :'groq');

! SELECT apikey.create_key('new', 'npm', translate(:'npm', 'abc', 'bca'));
= SELECT apikey.create_key('good', 'npm', :'npm');

! SELECT apikey.create_key('new', 'npm', gen_random_uuid()::text);
= SELECT apikey.create_key('good', 'npm', :'npm');

! SELECT apikey.create_key('new', 'aws_bedrock_session', 'bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t' || encode(sha256('x'), 'hex'));
= SELECT apikey.create_key('good', 'aws_bedrock', 'ABSK' || encode(sha512('x'), 'hex'));

! SELECT apikey.create_key('new', 'aws_access_key_id', 'ASIA' || upper(left(md5('x'), 16)));
= SELECT apikey.create_key('good', 'aws_access_key_id', 'AKIA' || upper(left(md5('x'), 16)));

! SELECT apikey.create_key('new', 'google_gemini', 'AIza' || left(encode(sha256('x'), 'hex'), 35));
= SELECT apikey.create_key('good', 'google_gemini', 'AQ.Ab' || left(encode(sha256('x'), 'hex'), 48));

! SELECT apikey.create_key('new', 'airtable', 'key' || left(md5('x'), 14));
= SELECT apikey.create_key('good', 'airtable', 'pat' || left(md5('x'), 14) || '.' || encode(sha256('x'), 'hex'));

! SELECT apikey.create_key('new', 'supabase_secret', 'eyJ' || left(md5('x'), 20) || '.' || translate(encode('{"role":"anon"}', 'base64'), '+/=', '-_') || '.' || md5('y'));
= SELECT apikey.create_key('new', 'supabase_secret', 'sb_secret_' || left(md5('x'), 31));

-- Encrypting columns, and Fernet

! SELECT apikey.encrypt('a secret', 'a place');
> SELECT apikey.rotate_data_key('column');

! SELECT 'a secret'::apikey.encrypted;
> SELECT apikey.rotate_data_key('column');
= SELECT apikey.encrypt('a secret', 'a place'), apikey.create_key('secret', 'custom', 'a_secret');

! SELECT apikey.fernet_decrypt('no token');
> SELECT apikey.fernet_encrypt('a secret') AS token \gset
= SELECT apikey.fernet_decrypt(:'token') WHERE :'token' LIKE 'gAAAAA%';

! SELECT apikey.encrypt(repeat('x', 20000000), 'a place');
> SELECT apikey.create_key('key of my own', 'custom', md5('x'));
= SELECT apikey.reveal_key('key of my own');

-- Data keys and rotation

UPDATE apikey.data_keys SET wrapped_key = overlay(wrapped_key PLACING '\x0102030405060708' FROM 3);
! SELECT apikey.create_key('new', 'custom', 'some_value');
> SELECT apikey.abandon_lost_data_keys();

UPDATE apikey.data_keys SET wrapped_key = overlay(wrapped_key PLACING '\x0102030405060708' FROM 3);
! status data keys for values
> SELECT apikey.abandon_lost_data_keys();
= SELECT apikey.create_key('new', 'custom', 'some_value');

UPDATE apikey.data_keys SET wrapped_key = overlay(wrapped_key PLACING '\x0102030405060708' FROM 3);
SELECT apikey.abandon_lost_data_keys();
! status data keys for values
> SELECT apikey.set_key('k', 'custom', 'some_value');
= SELECT apikey.reveal_key('k');

UPDATE apikey.data_keys SET wrapped_key = overlay(wrapped_key PLACING '\x0102030405060708' FROM 3);
SELECT apikey.abandon_lost_data_keys();
! SELECT apikey.reveal_key('k');
> SELECT apikey.set_key('k', 'custom', 'some_value');

UPDATE apikey.data_keys SET wrapped_key = overlay(wrapped_key PLACING '\x0102030405060708' FROM 3);
SELECT apikey.abandon_lost_data_keys();
! SELECT apikey.reveal_key('k');
> SELECT apikey.update_key('k', new_value => 'some_value');

UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 60, get_byte(wrapped_key, 60) # 1);
! SELECT apikey.reveal_key('k');
> SELECT apikey.abandon_lost_data_keys();
> SELECT apikey.update_key('k', new_value => 'some_value');

UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 60, get_byte(wrapped_key, 60) # 1);
! SELECT apikey.reveal_key('k');
> UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 60, get_byte(wrapped_key, 60) # 1);

UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 60, get_byte(wrapped_key, 60) # 1);
! status data keys for values
> SELECT apikey.abandon_lost_data_keys();
= SELECT apikey.create_key('new', 'custom', 'some_value');

CREATE TABLE backup AS SELECT * FROM apikey.data_keys;
UPDATE apikey.data_keys SET wrapped_key = NULL, destroyed_at = now();
! SELECT apikey.reveal_key('k');
> DELETE FROM apikey.data_keys;
> INSERT INTO apikey.data_keys SELECT * FROM backup;

UPDATE apikey.data_keys SET wrapped_key = NULL, destroyed_at = now();
! SELECT apikey.reveal_key('k');
> SELECT apikey.update_key('k', new_value => 'some_value');

UPDATE apikey.api_keys SET name = 'moved';
! SELECT apikey.reveal_key('moved');
> SELECT apikey.update_key('moved', new_value => 'some_value');

UPDATE apikey.api_keys SET name = 'moved';
! SELECT apikey.reveal_key('moved');
> UPDATE apikey.api_keys SET name = 'k';
= SELECT apikey.reveal_key('k');

! SELECT apikey.rotate_data_key('other');
= SELECT apikey.rotate_data_key('value'), apikey.rotate_data_key('column');

! SELECT apikey.retire_data_key(gen_random_uuid());
= SELECT count(*) FROM apikey.key_status;

SELECT apikey.rotate_data_key('column') AS first \gset
SELECT apikey.rotate_data_key('column');
! SELECT apikey.retire_data_key(:'first');
= SELECT count(*) FROM apikey.key_status;

SELECT apikey.data_key_id(encrypted_value) AS first FROM apikey.api_keys \gset
! SELECT apikey.retire_data_key(:'first');
> SELECT apikey.rotate_data_key();
= SELECT count(*) FROM apikey.key_status;

-- Key types

! INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('Acme', 'Acme');
= INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('acme_cloud', 'Acme');

! INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('acme', '');
= INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('acme', 'Acme Cloud API key');

! INSERT INTO apikey.custom_key_types (key_type, label, prefixes) VALUES ('acme', 'Acme', '{a}');
= INSERT INTO apikey.custom_key_types (key_type, label, prefixes) VALUES ('acme', 'Acme', '{acme_}');

! INSERT INTO apikey.custom_key_types (key_type, label, checksum) VALUES ('acme', 'Acme', 'sum');
= INSERT INTO apikey.custom_key_types (key_type, label, checksum) VALUES ('acme', 'Acme', NULL);

! INSERT INTO apikey.custom_key_types (key_type, label, enforcement) VALUES ('acme', 'Acme', 'ask');
= INSERT INTO apikey.custom_key_types (key_type, label, enforcement) VALUES ('acme', 'Acme', 'reject'), ('acme2', 'Acme', 'warn');

! INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES ('acme', 'Acme', '^' || repeat('[a-z]', 900) || '$');
= INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES ('acme', 'Acme', '^[a-z]{20,}$');

! INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES ('acme', 'Acme', '^[a-z]{300}$');
= INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES ('acme', 'Acme', '^[a-z]{255}$');

! INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES ('acme', 'Acme', 'a|b');
= INSERT INTO apikey.custom_key_types (key_type, label, pattern) VALUES ('acme', 'Acme', '^(?:a|b)$');

! INSERT INTO apikey.custom_key_types (key_type, label, env_vars) VALUES ('acme', 'Acme', '{NULL}');
= INSERT INTO apikey.custom_key_types (key_type, label, env_vars) VALUES ('acme', 'Acme', '{}');

INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('acme', 'Acme');
SELECT apikey.create_key('acme', 'acme', 'some_value');
DELETE FROM apikey.custom_key_types;
! SELECT apikey.update_key('acme', new_value => 'some_value');
> INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('acme', 'Acme');

-- Linked users

CREATE TABLE people (id int);
! SELECT apikey.link_users('people', 'id');
> ALTER TABLE people ADD PRIMARY KEY (id);
> SELECT apikey.purge_user('u');

CREATE TABLE people (id int NOT NULL);
! SELECT apikey.link_users('people', 'id');
> ALTER TABLE people ADD UNIQUE (id);
> SELECT apikey.purge_user('u');

CREATE TABLE people (id int PRIMARY KEY);
! SELECT apikey.link_users('people', 'id', 'forget');
> SELECT apikey.purge_user('u');
= SELECT apikey.link_users('people', 'id', 'purge');

CREATE TABLE people (id text PRIMARY KEY);
! SELECT apikey.link_users('people', 'id');
> INSERT INTO people VALUES ('u');

CREATE TABLE people (id text PRIMARY KEY);
! SELECT apikey.link_users('people', 'id');
> SELECT apikey.purge_user('u');

CREATE TABLE people (id text PRIMARY KEY);
! SELECT apikey.link_users('people', 'id');
= SELECT apikey.link_users('people', 'id', prefix => 'person:');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
! SELECT apikey.link_users('people', 'id', 'soft_delete');
> SELECT apikey.unlink_users('people');

CREATE TABLE people (id text PRIMARY KEY);
CREATE TABLE orgs (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
! SELECT apikey.link_users('orgs', 'id');
= SELECT apikey.link_users('orgs', 'id', prefix => 'org:');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
GRANT INSERT ON people TO keeper_of_keys;
SET LOCAL ROLE keeper_of_keys;
! SELECT apikey.link_users('people', 'id');
> RESET ROLE;
> GRANT TRIGGER ON people TO keeper_of_keys;
> SET LOCAL ROLE keeper_of_keys;

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
! SELECT apikey.create_key_for('v', 'k', 'custom', 'some_value');
> INSERT INTO people VALUES ('v');

CREATE TABLE people (id int PRIMARY KEY);
INSERT INTO people VALUES (5);
SELECT apikey.purge_user('u');
SELECT apikey.link_users('people', 'id');
! SELECT apikey.create_key_for('05', 'k', 'custom', 'some_value');
= SELECT apikey.create_key_for('5', 'k', 'custom', 'some_value');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
! UPDATE people SET id = 'w';
> SELECT apikey.purge_user('u');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
! TRUNCATE people;
= DELETE FROM people;

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
! TRUNCATE people;
> SELECT apikey.unlink_users('people');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people DISABLE TRIGGER apikey_users_delete;
! SELECT apikey.create_key('new', 'custom', 'some_value');
> ALTER TABLE people ENABLE TRIGGER apikey_users_delete;

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people DISABLE TRIGGER apikey_users_delete;
! SELECT apikey.create_key('new', 'custom', 'some_value');
> SELECT format('SELECT apikey.unlink_users(%s)', 'people'::regclass::oid) \gexec

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people DISABLE TRIGGER apikey_users_delete;
! status linked users
> ALTER TABLE people ENABLE TRIGGER apikey_users_delete;

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
DROP TRIGGER apikey_users_truncate ON people;
! status linked users
> SELECT format('SELECT apikey.unlink_users(%s)', 'people'::regclass::oid) \gexec
> SELECT apikey.link_users('people', 'id');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
DROP TABLE people;
! SELECT apikey.create_key('new', 'custom', 'some_value');
> SELECT format('SELECT apikey.unlink_users(%s)', users::oid) FROM apikey.linked_users \gexec

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
DROP TABLE people;
! status linked users
> SELECT format('SELECT apikey.unlink_users(%s)', users::oid) FROM apikey.linked_users \gexec

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people SET UNLOGGED;
! SELECT apikey.create_key('new', 'custom', 'some_value');
> ALTER TABLE people SET LOGGED;

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people SET UNLOGGED;
! SELECT apikey.create_key('new', 'custom', 'some_value');
> SELECT apikey.unlink_users('people');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people SET UNLOGGED;
! status linked users
> ALTER TABLE people SET LOGGED;

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people DROP CONSTRAINT people_pkey;
! status linked users
> ALTER TABLE people ADD PRIMARY KEY (id);

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people DROP COLUMN id CASCADE, ADD name text NOT NULL DEFAULT 'u' UNIQUE;
! SELECT apikey.create_key('new', 'custom', 'some_value');
> SELECT apikey.unlink_users('people');
> SELECT apikey.link_users('people', 'name');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people DROP COLUMN id CASCADE, ADD name text NOT NULL DEFAULT 'u' UNIQUE;
! status linked users
> SELECT format('SELECT apikey.unlink_users(%s)', 'people'::regclass::oid) \gexec
> SELECT apikey.link_users('people', 'name');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
CREATE TRIGGER mine AFTER DELETE ON people FOR EACH STATEMENT EXECUTE FUNCTION apikey.users_delete_trigger();
! DELETE FROM people;
> DROP TRIGGER mine ON people;
> SELECT apikey.link_users('people', 'id');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
CREATE TRIGGER mine AFTER DELETE ON people FOR EACH ROW EXECUTE FUNCTION apikey.users_delete_trigger();
! status users not linked
> SELECT apikey.unlink_users('people');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
DELETE FROM apikey.user_links;
! status users not linked
> SELECT substring(advice FROM 'run (SELECT apikey.link_users.*?)\.  To leave') FROM apikey.status() WHERE item = 'users not linked' \gexec

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
DELETE FROM apikey.user_links;
! status users not linked
> SELECT substring(advice FROM 'run (SELECT apikey.unlink_users.*?)\.$') FROM apikey.status() WHERE item = 'users not linked' \gexec

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
CREATE TRIGGER mine AFTER DELETE ON people FOR EACH ROW EXECUTE FUNCTION apikey.users_delete_trigger();
! SELECT apikey.link_users('people', 'id');
> SELECT format('SELECT apikey.unlink_users(%s)', 'people'::regclass::oid) \gexec

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
CREATE TRIGGER apikey_users_delete BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
! SELECT apikey.link_users('people', 'id');
> ALTER TRIGGER apikey_users_delete ON people RENAME TO mine;

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
! ALTER TABLE people ALTER id TYPE varchar;
> SELECT apikey.unlink_users('people');
= ALTER TABLE people ALTER id TYPE varchar;
= SELECT apikey.link_users('people', 'id', 'purge', '');

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people DROP CONSTRAINT people_pkey;
! SELECT apikey.create_key('new', 'custom', 'some_value');
> ALTER TABLE people ADD PRIMARY KEY (id);

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
ALTER TABLE people DROP CONSTRAINT people_pkey;
! SELECT apikey.create_key('new', 'custom', 'some_value');
> SELECT apikey.unlink_users('people');

CREATE TABLE people (id text PRIMARY KEY, since date DEFAULT now());
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
DROP TRIGGER apikey_users_delete ON people;
CREATE TRIGGER apikey_users_delete AFTER DELETE ON people FOR EACH ROW WHEN (OLD.since IS NOT NULL) EXECUTE FUNCTION apikey.users_delete_trigger('purge', '');
! SELECT apikey.create_key('new', 'custom', 'some_value');
> SELECT apikey.unlink_users('people');
> SELECT apikey.link_users('people', 'id');

-- Model views

CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
! SELECT apikey.create_model_view('model', 'people');
> SELECT apikey.link_users('people', 'id');

CREATE TABLE people (id text PRIMARY KEY);
! SELECT apikey.create_model_view('model', 'people');
= SELECT apikey.create_model_view('model');

SELECT apikey.create_model_view('model');
! INSERT INTO model (name, key_type, value) VALUES ('new', 'groq', 'gsk_short_one');
= SELECT apikey.create_key('new', 'groq', 'gsk_short_one', check_format => false);

SELECT apikey.create_model_view('model');
! INSERT INTO model (user_id, name, key_type, value) VALUES ('v', 'new', 'custom', 'some_value');
= INSERT INTO model (name, key_type, value) VALUES ('new', 'custom', 'some_value');

SELECT apikey.create_model_view('model');
! INSERT INTO model (user_id, name, key_type, value) VALUES ('v', 'new', 'custom', 'some_value');
> SELECT apikey.set_user_id('v');

SELECT apikey.create_model_view('model');
! INSERT INTO model (name, key_type, value, disabled_at) VALUES ('new', 'custom', 'some_value', now());
= INSERT INTO model (name, key_type, value, is_active) VALUES ('new', 'custom', 'some_value', false);

SELECT apikey.create_model_view('model');
! INSERT INTO model (name, key_type, value, disabled_reason) VALUES ('new', 'custom', 'some_value', 'why');
= INSERT INTO model (name, key_type, value, is_active, disabled_reason) VALUES ('new', 'custom', 'some_value', false, 'why');

SELECT apikey.create_model_view('model');
! INSERT INTO model (name, key_type, value, deleted_at) VALUES ('new', 'custom', 'some_value', now());
= INSERT INTO model (name, key_type, value) VALUES ('new', 'custom', 'some_value');
= DELETE FROM model WHERE name = 'new';

SELECT apikey.create_model_view('model');
! UPDATE model SET id = gen_random_uuid();
= UPDATE model SET name = 'other';

SELECT apikey.create_model_view('model');
! UPDATE model SET user_id = 'v';
= UPDATE model SET name = 'other';

SELECT apikey.create_model_view('model');
! UPDATE model SET key_type = 'groq', value = :'groq';
= INSERT INTO model (name, key_type, value) VALUES ('new', 'groq', :'groq');

SELECT apikey.create_model_view('model');
! UPDATE model SET disabled_at = now();
= UPDATE model SET is_active = false;

SELECT apikey.create_model_view('model');
! UPDATE model SET deleted_at = now();
= DELETE FROM model;

CREATE VIEW model AS SELECT * FROM apikey.keys;
CREATE TRIGGER mine INSTEAD OF UPDATE ON model FOR EACH ROW EXECUTE FUNCTION apikey.model_view_trigger();
! UPDATE model SET name = 'other';
> DROP VIEW model;
> SELECT apikey.create_model_view('model');

SELECT apikey.create_model_view('model');
SELECT format('CREATE VIEW mine AS SELECT %s FROM model', string_agg(CASE attname WHEN 'id' THEN 'NULL::uuid AS id' ELSE quote_ident(attname) END, ', ' ORDER BY attnum)) FROM pg_attribute WHERE attrelid = 'model'::regclass AND attnum > 0 \gexec
CREATE TRIGGER mine INSTEAD OF UPDATE ON mine FOR EACH ROW EXECUTE FUNCTION apikey.model_view_trigger();
! UPDATE mine SET name = 'other';
> DROP VIEW mine;
> SELECT apikey.create_model_view('mine');

SELECT apikey.create_model_view('model');
CREATE TABLE people (id text PRIMARY KEY);
CREATE TRIGGER mine AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION apikey.model_view_trigger();
! INSERT INTO people VALUES ('u');
> DROP TRIGGER mine ON people;
> SELECT apikey.create_model_view('mine');

CREATE TABLE people (id int PRIMARY KEY);
INSERT INTO people VALUES (5);
SELECT apikey.purge_user('u'), apikey.link_users('people', 'id'), apikey.create_model_view('model', 'people');
! INSERT INTO model (name, key_type, value) VALUES ('new', 'custom', 'some_value');
> SELECT apikey.set_user_id(5);

CREATE TABLE people (id int PRIMARY KEY);
INSERT INTO people VALUES (5);
SELECT apikey.purge_user('u'), apikey.link_users('people', 'id'), apikey.create_model_view('model', 'people');
SELECT apikey.unlink_users('people');
ALTER TABLE people ALTER id TYPE text;
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
! INSERT INTO model (name, key_type, value) VALUES ('new', 'custom', 'some_value');
> DROP VIEW model;
> SELECT apikey.create_model_view('model', 'people');

CREATE TABLE people (id text PRIMARY KEY);
CREATE TABLE orgs (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
INSERT INTO orgs VALUES ('x');
SELECT apikey.link_users('people', 'id'), apikey.link_users('orgs', 'id', prefix => 'org:'), apikey.create_model_view('model', 'people');
SELECT apikey.set_user_id('org:x');
! INSERT INTO model (name, key_type, value) VALUES ('new', 'custom', 'some_value');
> SELECT apikey.create_model_view('org_model', 'orgs');
= INSERT INTO org_model (name, key_type, value) VALUES ('new', 'custom', 'some_value');

CREATE TABLE people (id text PRIMARY KEY);
! SELECT apikey.model_user_id('2001-01-01', 'people', NULL::date);
= SELECT apikey.model_user_id('2001-01-01', 'people', NULL::text);

-- The extension itself

! DROP EXTENSION apikey;
> SET LOCAL apikey.allow_drop = on;

CREATE VIEW mine AS SELECT 1 AS a;
CREATE TRIGGER mine INSTEAD OF INSERT ON mine FOR EACH ROW EXECUTE FUNCTION apikey.read_only_view();
! INSERT INTO mine VALUES (1);
> DROP TRIGGER mine ON mine;
> CREATE RULE mine AS ON INSERT TO mine DO INSTEAD NOTHING;

! UPDATE apikey.keys SET name = 'other';
= SELECT apikey.update_key('k', new_name => 'other');

SELECT apikey.delete_key('k') AS id \gset
! DELETE FROM apikey.deleted_keys;
= SELECT apikey.purge_key(:'id'::uuid);

! INSERT INTO apikey.all_keys (user_id) VALUES ('v');
= SELECT apikey.create_key_for('v', 'k', 'custom', 'some_value');

ALTER ROLE apikey_owner RENAME TO other_owner;
! SELECT apikey.reveal_key('k');
> SELECT substring(advice FROM 'Run (.*)\.$') FROM apikey.status() WHERE item = 'internal role' AND severity = 'error' \gexec

ALTER ROLE apikey_maintenance RENAME TO "other maintenance";
! status internal role
> SELECT substring(advice FROM 'Run (.*)\.$') FROM apikey.status() WHERE item = 'internal role' AND severity = 'error' \gexec

ALTER ROLE apikey_monitor RENAME TO other_monitor;
! status role
> ALTER ROLE other_monitor RENAME TO apikey_monitor;

ALTER ROLE apikey_reveal LOGIN;
! status role
> SELECT substring(advice FROM 'Run (.*)\.$') FROM apikey.status() WHERE item = 'role' AND severity = 'error' \gexec

GRANT keeper_of_keys TO apikey_user;
! status role
> SELECT substring(advice FROM 'Run (.*)\.$') FROM apikey.status() WHERE item = 'role' AND severity = 'warning' \gexec

ALTER SCHEMA apikey RENAME TO other_schema;
! SELECT other_schema.rotate_data_key();
> ALTER SCHEMA other_schema RENAME TO apikey;
= SELECT apikey.reveal_key('k');

ALTER SCHEMA apikey RENAME TO other_schema;
! SELECT advice FROM other_schema.status() WHERE item = 'schema';
> SELECT substring(advice FROM 'Run (.*)\.$') FROM other_schema.status() WHERE item = 'schema' \gexec
= SELECT advice FROM apikey.status() WHERE item = 'schema';

UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'apikey';
! status version
> UPDATE pg_extension SET extversion = '1.0' WHERE extname = 'apikey';

ALTER TABLE apikey.api_keys DISABLE ROW LEVEL SECURITY;
DROP POLICY maintenance ON apikey.api_keys;
! status row-level security
> ALTER TABLE apikey.api_keys ENABLE ROW LEVEL SECURITY;
> ALTER TABLE apikey.api_keys FORCE ROW LEVEL SECURITY;
> CREATE POLICY maintenance ON apikey.api_keys TO apikey_maintenance USING (true) WITH CHECK (true);

ALTER TABLE apikey.key_usage NO FORCE ROW LEVEL SECURITY;
! status row-level security
> ALTER TABLE apikey.key_usage FORCE ROW LEVEL SECURITY;

SET LOCAL apikey.usage_interval = -1;
! SELECT name FROM apikey.unused_keys('90 days');
> SET LOCAL apikey.usage_interval = '1h';

! SELECT name FROM apikey.unused_keys('10 min');
= SELECT name FROM apikey.unused_keys('2 hours');

! SELECT name FROM apikey.unused_keys('10 min');
> SET LOCAL apikey.usage_interval = '5 min';

ALTER TABLE apikey.custom_key_types ENABLE ROW LEVEL SECURITY;
! status row-level security of other tables
> SELECT unnest(string_to_array(substring(advice FROM 'Run (.*)\.$'), '; ')) FROM apikey.status() WHERE item = 'row-level security of other tables' \gexec

ALTER ROLE keeper_of_keys SET row_security = off;
! status row_security setting
> SELECT substring(advice FROM 'Run (.*), and connect again\.$') FROM apikey.status() WHERE item = 'row_security setting' \gexec

ALTER EVENT TRIGGER apikey_drop_guard DISABLE;
! status drop guard
> SELECT substring(advice FROM 'Run (.*)\.$') FROM apikey.status() WHERE item = 'drop guard' \gexec

ALTER TABLE apikey.data_keys DISABLE TRIGGER USER;
! status cache triggers
> ALTER TABLE apikey.data_keys ENABLE ALWAYS TRIGGER invalidate_cache, ENABLE ALWAYS TRIGGER invalidate_cache_truncate;

-- The extension's own objects

REVOKE ALL ON SCHEMA apikey FROM apikey_maintenance;
REVOKE ALL ON apikey.api_keys FROM apikey_maintenance;
REVOKE UPDATE (encrypted_value) ON apikey.api_keys FROM apikey_maintenance;
REVOKE ALL ON FUNCTION apikey.reveal_key(text) FROM apikey_owner;
! status privileges of the internal roles
> SELECT substring(advice FROM 'Run (.*)\.$') AS statements FROM apikey.status() WHERE item = 'privileges of the internal roles' \gset
> :statements;

REVOKE ALL ON apikey.api_keys FROM apikey_maintenance;
! status report
> SELECT substring(advice FROM 'Run (.*)\.$') AS statements FROM apikey.status() WHERE item = 'privileges of the internal roles' \gset
> :statements;

ALTER VIEW apikey.role_state RENAME COLUMN role TO other;
ALTER TABLE apikey.data_keys RENAME purpose TO other;
! status report
> ALTER TABLE apikey.data_keys RENAME other TO purpose;

CREATE FUNCTION of_others() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
ALTER FUNCTION of_others() OWNER TO keeper_of_keys;
CREATE TRIGGER of_others BEFORE INSERT ON apikey.api_keys FOR EACH ROW EXECUTE FUNCTION of_others();
! status functions of others
> ALTER FUNCTION of_others() OWNER TO CURRENT_USER;

CREATE FUNCTION of_others(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
ALTER FUNCTION of_others(text) OWNER TO keeper_of_keys;
CREATE INDEX of_others ON apikey.api_keys (name) WHERE of_others(name);
! status functions of others
> DROP INDEX apikey.of_others;

-- The server log

SET LOCAL apikey.redact_logs = off;
! status redaction
> SET LOCAL apikey.redact_logs = on;

SET LOCAL apikey.reject_literals = on;
! SELECT apikey.create_key('new', 'custom', 'some_value');
> SELECT set_config('my.bound', 'some_value', true);
= SELECT apikey.create_key('new', 'custom', current_setting('my.bound'));
